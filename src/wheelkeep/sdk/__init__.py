"""The SDK: thin doors to the server's API, with Azure ML's v1 names. See README.md beside this file."""
