"""The bodies of the HTTP API, as frozen values that both sides share. Pure: no IO. See README.md beside this file."""
