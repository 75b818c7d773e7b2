"""The workspace's own wheels, and every file that a lock made it hold. See README.md beside this file."""
