"""Connections: which credential goes where, and the vault that keeps it. See README.md beside this file."""
