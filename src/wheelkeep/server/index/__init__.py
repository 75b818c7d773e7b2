"""The package index: its model, its wire formats, and wrappers that are policies. See README.md beside this file."""
