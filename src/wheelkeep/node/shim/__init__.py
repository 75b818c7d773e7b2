"""The folder that is put on the path of scripts; its content is no part of the `wheelkeep` package."""
