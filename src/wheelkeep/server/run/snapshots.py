"""Archives of source folders, by digest, per workspace: the same folder sent twice is kept once."""

from sqlalchemy import Connection, insert, select

from wheelkeep.digest import Digest
from wheelkeep.errors import NotFoundError
from wheelkeep.server.db.turns import take_turn
from wheelkeep.server.run.sql import snapshot_table

__all__ = ["MOST_BYTES", "check_snapshot", "has_snapshot", "note_snapshot"]

MOST_BYTES = 300 * 1024 * 1024
"""Largest archive, as Azure's limit of a snapshot (reference/azure.md §1.8)."""


def has_snapshot(connection: Connection, workspace: str, digest: Digest) -> bool:
    """Whether the workspace has that archive."""
    query = select(snapshot_table.c.size).where(
        snapshot_table.c.workspace == workspace, snapshot_table.c.sha256 == digest.hex
    )
    return connection.execute(query).first() is not None


def note_snapshot(connection: Connection, workspace: str, digest: Digest, *, size: int, at: str) -> None:
    """Write down that the workspace has the archive, which lies in blobs already."""
    take_turn(connection, "snapshot", workspace, digest.hex)
    if not has_snapshot(connection, workspace, digest):
        connection.execute(
            insert(snapshot_table).values(workspace=workspace, sha256=digest.hex, size=size, created_at=at)
        )


def check_snapshot(connection: Connection, workspace: str, digest: Digest) -> None:
    """Nothing, when the workspace has that archive.

    Raises:
        NotFoundError: `unknown_file`.
    """
    if not has_snapshot(connection, workspace, digest):
        raise NotFoundError("the snapshot was not uploaded", code="unknown_file", hint="upload it, then submit again")
