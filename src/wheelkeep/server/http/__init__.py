"""The door: API, index, files. See README.md beside this file."""
