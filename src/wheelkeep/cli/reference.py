"""`NAME[:VERSION]`, the way in which the command line names a version of an environment."""

from typing import Any

import click

__all__ = ["Reference", "format_reference"]


class Reference(click.ParamType[tuple[str, int | None]]):
    """`NAME`, `NAME:latest` or `NAME:VERSION`; gives the name and the version, None for the latest."""

    name = "environment"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> tuple[str, int | None]:
        """The name and version that `value` writes; another form is wrong usage."""
        if isinstance(value, tuple):
            return value
        name, colon, version = str(value).partition(":")
        if not name or (colon and version != "latest" and not version.isdecimal()):
            self.fail(f"{value!r} is not NAME, NAME:latest or NAME:VERSION", param, ctx)
        return name, int(version) if version.isdecimal() else None


def format_reference(name: str, version: int | None) -> str:
    """The text that `Reference` reads."""
    return name if version is None else f"{name}:{version}"
