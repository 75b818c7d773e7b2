"""What an environment is: every file with its sha256, size and origin. Pure; see README.md beside this file."""
