"""Origins of packages outside: feeds and the public index, asked safely. See README.md beside this file."""
