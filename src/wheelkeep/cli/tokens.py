"""`wheelkeep token`: who may talk to the server.

`create --admin`, run with the server's settings, makes the first token: whoever can read the server's database may.
"""

import sys

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, say, show
from wheelkeep.cli.processes import replace_by
from wheelkeep.settings import ClientSettings
from wheelkeep.wire.resources import TokenBody

__all__ = ["token"]

_DAY_S = 24 * 60 * 60


@click.group()
def token() -> None:
    """Make tokens, list and revoke them. A token is shown once and kept as a hash."""


@token.command()
@click.option("--name", default="token", show_default=True, help="What it is for.")
@click.option("--admin", is_flag=True, help="The right to everything.")
@click.option(
    "--role",
    type=click.Choice(["reader", "contributor", "publisher", "admin"]),
    default="contributor",
    show_default=True,
    help="What it may do: read; build and run; keep wheels too; everything in its workspace.",
)
@click.option("--node", is_flag=True, help="For a worker.")
@click.option("--days", type=click.IntRange(min=1), help="Days until it expires; never if not given.")
@json_option
@with_workspace
def create(chosen: Chosen, *, name: str, admin: bool, role: str, node: bool, days: int | None, as_json: bool) -> None:
    """Make a token. It is printed once.

    An admin's or a worker's token, asked for without a URL, is made beside the server's data, with its settings.
    """
    if (admin or node) and chosen.url is None and ClientSettings.read().url is None:
        words = ["token", "create", "--name", name, "--node" if node else "--admin"]
        words += ["--home", str(chosen.home)] if chosen.home else []
        replace_by("wheelkeep.server", [*words, *(["--json"] if as_json else [])])
    body = TokenBody(
        name=name,
        role="admin" if admin else role,
        kind="node" if node else "user",
        workspace=chosen.workspace,
        expires_in_s=days * _DAY_S if days else None,
    )
    made = Door(chosen.open()).create_token(body)
    show(made, made.token or "", as_json=as_json)
    if sys.stderr.isatty():
        say("keep it now: it is not shown again")


@token.command("list")
@json_option
@with_workspace
def list_tokens(chosen: Chosen, *, as_json: bool) -> None:
    """List the tokens, without their texts."""
    views = Door(chosen.open()).tokens()
    rows = [(view.id, view.name, view.kind, view.role, view.workspace or "every", view.expires_at) for view in views]
    show(views, Table.of(("id", "name", "kind", "role", "workspace", "expires"), rows), as_json=as_json)


@token.command()
@click.argument("identifier", metavar="ID")
@with_workspace
def revoke(chosen: Chosen, identifier: str) -> None:
    """Revoke a token: from now on nobody is let in by it."""
    Door(chosen.open()).revoke_token(identifier)
    say(f"revoked {identifier}")
