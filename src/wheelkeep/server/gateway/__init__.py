"""The only door to packages while resolving and fetching: one origin a name. See README.md beside this file."""
