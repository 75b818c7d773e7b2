"""`wheelkeep token`: who may talk to the server.

`create --admin`, run with the server's settings, makes the first token: whoever can read the server's database may.
"""

import sys
from pathlib import Path

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, say, show
from wheelkeep.cli.processes import replace_by
from wheelkeep.settings import ClientSettings
from wheelkeep.wire.resources import TokenBody

__all__ = ["token"]

_DAY_S = 24 * 60 * 60
_MOST_DAYS = 3650


@click.group()
def token() -> None:
    """Make tokens, list and revoke them. A token is shown once and kept as a hash."""


@token.command()
@click.option("--name", default="token", show_default=True, help="What it is for.")
@click.option("--admin", is_flag=True, help="The right to everything; in every workspace, when none is named.")
@click.option(
    "--role",
    type=click.Choice(["reader", "contributor", "publisher", "admin"]),
    help="What it may do: read; build and run; keep wheels too; everything in its workspace. [default: contributor]",
)
@click.option("--node", is_flag=True, help="For a worker; of every workspace, when none is named.")
@click.option("--all-workspaces", is_flag=True, help="Good in every workspace of the server.")
@click.option("--days", type=click.IntRange(1, _MOST_DAYS), help="Days until it expires; never if not given.")
@json_option
@with_workspace
def create(
    chosen: Chosen,
    *,
    name: str,
    admin: bool,
    role: str | None,
    node: bool,
    all_workspaces: bool,
    days: int | None,
    as_json: bool,
) -> None:
    """Make a token. It is printed once.

    It is good in the workspace that is meant, and in no other. An admin's or a worker's token, asked for without a
    URL, is made beside the server's data, with its settings.
    """
    _check_asked(chosen, admin=admin, role=role, node=node, all_workspaces=all_workspaces)
    settings = ClientSettings.read()
    named = None if all_workspaces else chosen.workspace
    everywhere = all_workspaces or admin or node
    body = TokenBody(
        name=name,
        role="admin" if admin else role or "contributor",
        kind="node" if node else "user",
        workspace=named if everywhere else named or chosen.location().workspace,
        expires_in_s=days * _DAY_S if days else None,
    )
    if (admin or node) and chosen.url is None and settings.url is None:
        replace_by("wheelkeep.server", _words(body, chosen.home, as_json=as_json))
    made = Door(chosen.open()).create_token(body)
    show(made, made.token or "", as_json=as_json)
    if sys.stderr.isatty():
        say("keep it now: it is not shown again")


def _check_asked(chosen: Chosen, *, admin: bool, role: str | None, node: bool, all_workspaces: bool) -> None:
    if sum((admin, node, role is not None)) > 1:
        raise click.UsageError("--admin, --role and --node are three kinds of token; give one of them")
    if all_workspaces and chosen.workspace:
        raise click.UsageError("--workspace names one workspace, --all-workspaces means every one; give one of them")


def _words(body: TokenBody, home: Path | None, *, as_json: bool) -> list[str]:
    """The arguments for `python -m wheelkeep.server`."""
    words = ["token", "create", f"--name={body.name}", f"--kind={body.kind}", f"--role={body.role}"]
    words += [f"--workspace={body.workspace}"] if body.workspace else []
    words += [f"--expires-in={body.expires_in_s}"] if body.expires_in_s else []
    words += [f"--home={home}"] if home else []
    return [*words, *(["--json"] if as_json else [])]


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
