"""`wheelkeep audit`: who did what, with which connection, where, and how it ended."""

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, show

__all__ = ["audit"]


@click.command()
@json_option
@with_workspace
def audit(chosen: Chosen, *, as_json: bool) -> None:
    """Show the workspace's audit, the oldest first."""
    found = Door(chosen.open()).audit()
    rows = [(row.at, row.principal, row.action, row.connection, row.host, row.outcome) for row in found]
    headings = ("at", "who", "action", "connection", "host", "outcome")
    show(found, Table.of(headings, rows), as_json=as_json)
