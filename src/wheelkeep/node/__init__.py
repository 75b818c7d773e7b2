"""The node: resolves, makes environments and runs scripts; holds no credential but its own token and grants."""
