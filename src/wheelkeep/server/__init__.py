"""The server: keeps the workspaces, holds the secrets, runs no foreign code."""
