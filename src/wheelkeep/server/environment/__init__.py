"""Environments: names with versions; what locks name. See README.md beside this file."""
