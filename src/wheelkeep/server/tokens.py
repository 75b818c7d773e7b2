"""Tokens made beside the server's data: whoever can read the server's database may. Source: contract §8."""

from pathlib import Path

from wheelkeep.clock import SystemClock
from wheelkeep.files import write_atomically
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.compose import open_database
from wheelkeep.settings import ServerSettings
from wheelkeep.wire.resources import TokenView

__all__ = ["create_first_token", "write_embedded_tokens"]

_FILES = {"token": "user", "worker-token": "node"}


def create_first_token(settings: ServerSettings, name: str, *, node: bool) -> TokenView:
    """A new admin's token (or, with `node`, a worker's), with its text.

    Side effects: makes and migrates the database when it is new.
    """
    database = open_database(settings)
    try:
        token, text = TokenBook(database, SystemClock()).create(name, role="admin", kind="node" if node else "user")
    finally:
        database.close()
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        kind=token.kind,
        workspace=None,
        created_at=token.created_at,
        expires_at=None,
        token=text.reveal(),
    )


def write_embedded_tokens(home: Path, tokens: TokenBook) -> None:
    """Make the owner's and the worker's token of a data folder, in files of mode 0600, when they are not there.

    A kill between token and file leaves a token that nobody knows: harmless.
    """
    for name, kind in _FILES.items():
        path = home / name
        if not path.exists():
            _, text = tokens.create(f"embedded {kind}", role="admin", kind="node" if kind == "node" else "user")
            write_atomically(path, text.reveal().encode(), mode=0o600)
