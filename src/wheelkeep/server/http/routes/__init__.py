"""The API's routes, one file a domain: parse, call, render."""
