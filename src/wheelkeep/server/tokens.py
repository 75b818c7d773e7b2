"""Tokens made beside the server's data: whoever can read the server's database may. Source: contract §8."""

from pathlib import Path
from typing import Literal

from wheelkeep.clock import SystemClock
from wheelkeep.files import write_atomically
from wheelkeep.server.access.roles import Role
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.compose import open_database
from wheelkeep.settings import ServerSettings
from wheelkeep.wire.resources import TokenView

__all__ = ["create_first_token", "write_embedded_tokens"]

_FILES = {"token": "user", "worker-token": "node"}


def create_first_token(
    settings: ServerSettings,
    name: str,
    *,
    kind: Literal["user", "node"] = "user",
    role: Role = "admin",
    workspace: str | None = None,
    expires_in_s: int | None = None,
) -> TokenView:
    """A new token with its text: the first admin's, or a worker's.

    Args:
        settings: name the database.
        name: what its owner calls it.
        kind: `node` may lease work and nothing else.
        role: what a user's token may do.
        workspace: name of the only workspace that it may enter; None for all.
        expires_in_s: seconds from now; None for never.

    Raises:
        NotFoundError: `unknown_workspace`.

    Side effects: makes and migrates the database when it is new, with its workspace `default`.
    """
    database = open_database(settings)
    try:
        workspaces = WorkspaceBook(database, SystemClock())
        workspaces.ensure_default()
        scope = None if workspace is None else workspaces.get(workspace).id
        book = TokenBook(database, SystemClock())
        token, text = book.create(name, role=role, kind=kind, workspace=scope, expires_in_s=expires_in_s)
    finally:
        database.close()
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        kind=token.kind,
        workspace=workspace,
        created_at=token.created_at,
        expires_at=token.expires_at,
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
