"""Leased work: one mechanism for builds, runs and whatever else takes time. See README.md beside this file."""
