"""`wheelkeep workspace`: the tenants of a server."""

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, show

__all__ = ["workspace"]


@click.group()
def workspace() -> None:
    """Make workspaces and list them."""


@workspace.command()
@click.argument("name")
@json_option
@with_workspace
def create(chosen: Chosen, name: str, *, as_json: bool) -> None:
    """Make the workspace NAME."""
    view = Door(chosen.open()).create_workspace(name)
    show(view, view.index_url, as_json=as_json)


@workspace.command("list")
@json_option
@with_workspace
def list_workspaces(chosen: Chosen, *, as_json: bool) -> None:
    """List the workspaces that you may see."""
    views = Door(chosen.open()).workspaces()
    rows = [(view.name, view.index_url, view.created_at) for view in views]
    show(views, Table.of(("name", "index", "made"), rows), as_json=as_json)
