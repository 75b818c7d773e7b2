"""Who asks, what they may do, and what was done. See README.md beside this file."""
