"""The command line: thin over the SDK, one file a group of commands. See README.md beside this file."""
