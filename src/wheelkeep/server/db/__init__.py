"""The database engine, its one metadata object, and migrations. See README.md beside this file."""
