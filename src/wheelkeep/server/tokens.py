"""Tokens made beside the server's data: whoever can read the server's database may. Source: contract §8."""

from pathlib import Path
from typing import Literal

from wheelkeep.clock import SystemClock
from wheelkeep.files import write_atomically
from wheelkeep.secret import Secret
from wheelkeep.server.access.roles import Role
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.compose import open_database
from wheelkeep.settings import ServerSettings
from wheelkeep.wire.resources import TokenView

__all__ = ["create_first_token", "leave_token"]


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


def leave_token(path: Path, tokens: TokenBook, *, kind: Literal["user", "node"]) -> None:
    """See that `path` (0600) holds a living token: of the folder's owner, or of the worker that runs beside.

    A file whose token the database does not know, or that was revoked, gets a new one. A kill between token and file
    leaves a token that nobody has: harmless.
    """
    try:
        known = tokens.find(Secret(path.read_text(encoding="utf-8").strip()))
    except OSError:
        known = None
    if known is None:
        _, text = tokens.create(f"embedded {kind}", role="admin", kind=kind)
        write_atomically(path, text.reveal().encode(), mode=0o600)
