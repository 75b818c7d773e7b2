"""`wheelkeep connection`: private feeds, and the credentials that only the gateway uses."""

import click

from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, describe, say, show
from wheelkeep.cli.secret_input import SecretSource, secret_options

__all__ = ["connection"]

_HEADINGS = ("name", "category", "target", "authType", "username", "updatedAt")
_WITHOUT_SECRET = "none"  # noqa: S105 - the auth type of a feed that wants none
_WITH_USERNAME = "usernamepassword"


@click.group()
def connection() -> None:
    """Connect private feeds. A credential that was set is readable by nobody, not even by you."""


@connection.command("set")
@click.argument("name")
@click.option("--category", default="PythonFeed", show_default=True, help="What the target serves.")
@click.option("--target", required=True, metavar="URL", help="The base URL: the connection serves what is below it.")
@click.option("--auth-type", default="PAT", show_default=True, help="PAT, UsernamePassword, Bearer or None.")
@click.option("--username", help="For UsernamePassword; the secret is then the password.")
@secret_options
@json_option
@with_workspace
def set_connection(
    chosen: Chosen,
    name: str,
    *,
    category: str,
    target: str,
    auth_type: str,
    username: str | None,
    source: SecretSource,
    as_json: bool,
) -> None:
    """Set the connection NAME, or change it: set it again to rotate its secret.

    The secret is asked for, or read by --value-stdin, --value-file or --value-env; it is never an argument.
    """
    value: str | dict[str, str] | None = None
    kind = auth_type.replace("_", "").replace("-", "").lower()
    if kind == _WITH_USERNAME and not username:
        raise click.UsageError("give --username: UsernamePassword needs one")
    if kind != _WITH_USERNAME and username:
        raise click.UsageError("--username is for --auth-type UsernamePassword")
    if kind != _WITHOUT_SECRET:
        secret = source.read(f"secret of {name}").reveal()
        value = {"username": username, "password": secret} if username else secret
    kept = chosen.open().set_connection(name=name, category=category, target=target, authType=auth_type, value=value)
    show(kept, describe(kept), as_json=as_json)


@connection.command("list")
@json_option
@with_workspace
def list_connections(chosen: Chosen, *, as_json: bool) -> None:
    """List the connections, without their secrets."""
    found = chosen.open().list_connections()
    rows = [[each.get(heading) for heading in _HEADINGS] for each in found]
    show(found, Table.of(_HEADINGS, rows), as_json=as_json)


@connection.command("show")
@click.argument("name")
@json_option
@with_workspace
def show_connection(chosen: Chosen, name: str, *, as_json: bool) -> None:
    """Show a connection, without its secret."""
    found = chosen.open().get_connection(name)
    show(found, describe(found), as_json=as_json)


@connection.command()
@click.argument("name")
@json_option
@with_workspace
def test(chosen: Chosen, name: str, *, as_json: bool) -> None:
    """Ask the target of the connection NAME once, with its credential."""
    found = chosen.open().test_connection(name)
    show(found, f"{found['target']} admits {name} (status {found['status']})", as_json=as_json)


@connection.command()
@click.argument("name")
@with_workspace
def delete(chosen: Chosen, name: str) -> None:
    """Delete a connection and its secret."""
    chosen.open().delete_connection(name)
    say(f"deleted {name}")
