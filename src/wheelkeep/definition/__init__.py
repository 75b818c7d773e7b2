"""What is asked of an environment: Python, packages, options, variables. Pure; see README.md beside this file."""
