"""Builds: an environment's version is locked, its files held, and made on a node. See README.md beside this file."""
