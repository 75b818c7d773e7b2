"""Objects by their digest. See README.md beside this file."""
