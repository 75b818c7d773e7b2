"""Runs: a script in an environment, on a node. See README.md beside this file."""
