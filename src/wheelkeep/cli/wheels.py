"""`wheelkeep wheel`: the workspace's own wheels."""

from pathlib import Path

import click

from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, describe, format_size, say, show, show_error, show_text
from wheelkeep.errors import ConflictError, IntegrityError, NotFoundError, RequestError, WheelkeepError
from wheelkeep.wire.resources import WheelView

__all__ = ["wheel"]


@click.group()
def wheel() -> None:
    """Add wheels to the workspace, list, show, yank and delete them."""


def _properties(view: WheelView) -> Table:
    return describe(
        {
            "filename": view.filename,
            "project": f"{view.name} {view.version}",
            "sha256": view.sha256,
            "size": format_size(view.size),
            "url": view.url,
            "requires python": view.requires_python,
            "uploaded": f"{view.uploaded_at} by {view.uploaded_by}",
            "yanked": (view.yanked_reason or "yes") if view.yanked else "no",
            "used by": ", ".join(view.used_by) or None,
        }
    )


@wheel.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@with_workspace
def add(chosen: Chosen, files: tuple[Path, ...], *, as_json: bool) -> None:
    """Check the wheels FILES and keep them. Prints their stable URLs, which hold no secret.

    The same wheel again gives the same URL; other content under the same name is refused. One that is refused does
    not keep the others back.
    """
    wheels = chosen.open().wheels
    kept: list[WheelView] = []
    refused: list[WheelkeepError] = []
    for path in files:
        try:
            kept.append(wheels.add(path))
        except (RequestError, NotFoundError, ConflictError, IntegrityError) as error:
            refused.append(error)
        else:
            if not as_json:
                show_text(kept[-1].url)
    if as_json:
        show(kept, "", as_json=True)
    for earlier in refused[:-1]:
        show_error(earlier)
    if refused:
        raise refused[-1]


@wheel.command("list")
@json_option
@with_workspace
def list_wheels(chosen: Chosen, *, as_json: bool) -> None:
    """List the workspace's wheels."""
    views = chosen.open().wheels.list()
    rows = [
        (view.filename, format_size(view.size), view.uploaded_at, "yanked" if view.yanked else "") for view in views
    ]
    show(views, Table.of(("filename", "size", "uploaded", "state"), rows), as_json=as_json)


@wheel.command("show")
@click.argument("filename")
@json_option
@with_workspace
def show_wheel(chosen: Chosen, filename: str, *, as_json: bool) -> None:
    """Show one wheel, and the environments that name it."""
    view = chosen.open().wheels.get(filename)
    show(view, _properties(view), as_json=as_json)


@wheel.command()
@click.argument("filename")
@click.option("--reason", default="", help="Told to whoever still asks for this version.")
@json_option
@with_workspace
def yank(chosen: Chosen, filename: str, reason: str, *, as_json: bool) -> None:
    """Yank a wheel: new locks take it only when they name its very version (PEP 592)."""
    view = chosen.open().wheels.yank(filename, reason)
    show(view, _properties(view), as_json=as_json)


@wheel.command()
@click.argument("filename")
@click.option("--force", is_flag=True, help="Delete it although a lock names it; what is locked keeps its copy.")
@with_workspace
def delete(chosen: Chosen, filename: str, *, force: bool) -> None:
    """Delete a wheel. Its name stays taken. Refused while a lock names it."""
    chosen.open().wheels.delete(filename, force=force)
    say(f"deleted {filename}")
