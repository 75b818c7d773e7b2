"""`wheelkeep policy`: which names belong to private origins."""

import click

from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, say, show

__all__ = ["policy"]


@click.group()
def policy() -> None:
    """Show which names belong to private origins, and release one."""


@policy.command("show")
@json_option
@with_workspace
def show_policy(chosen: Chosen, *, as_json: bool) -> None:
    """List the bound names: each comes from its private origin, and never from the public index."""
    views = chosen.open().list_bindings()
    rows = [
        (view.project, view.origin, "until the public index is asked" if view.provisional else "") for view in views
    ]
    show(views, Table.of(("name", "origin", "provisional"), rows), as_json=as_json)


@policy.command()
@click.argument("name")
@with_workspace
def release(chosen: Chosen, name: str) -> None:
    """Release NAME: it may come from another origin again. The audit says who did it."""
    chosen.open().release_binding(name)
    say(f"released {name}")
