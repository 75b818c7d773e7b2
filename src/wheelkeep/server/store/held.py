"""Files that the workspace holds because a lock names them: fetched once, verified, served by digest from then on.

A workspace's own wheel that a lock names is held too, so that a forced deletion takes nothing from the lock.
The bytes are in `server/blobs`; a row here says who may have them, and under which name.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Row, insert, select
from sqlalchemy.exc import IntegrityError as DuplicateRow

from wheelkeep.digest import Digest
from wheelkeep.server.store.sql import held_file_table as table

__all__ = ["HeldFile", "find_held_file", "note_held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFile:
    """One file that a workspace holds. `origin` is a `ProjectPage.origin`."""

    workspace: str
    digest: Digest
    filename: str
    size: int
    origin: str
    project: str
    version: str
    held_at: str


def note_held(
    connection: Connection,
    *,
    workspace: str,
    sha256: str,
    filename: str,
    size: int,
    origin: str,
    project: str,
    version: str,
    held_at: str,
) -> None:
    """Record that the workspace holds this file; nothing happens when it is recorded.

    Args:
        connection: inside a `Database.write()`.
        workspace: the workspace's id.
        sha256: lower-case hex; its bytes are in blobs already (blob first, then row: kill -9 leaves no lie).
        filename: as its origin calls it.
        size: bytes.
        origin: where it came from, as `ProjectPage.origin` says.
        project: normalised.
        version: the version.
        held_at: `clock.format_time`.
    """
    if find_held_file(connection, workspace, sha256, filename=filename) is not None:
        return
    try:
        with connection.begin_nested():  # another server may be as fast, on PostgreSQL
            connection.execute(
                insert(table).values(
                    workspace=workspace,
                    sha256=sha256,
                    filename=filename,
                    size=size,
                    origin=origin,
                    project=project,
                    version=version,
                    held_at=held_at,
                )
            )
    except DuplicateRow:
        return


def find_held_file(connection: Connection, workspace: str, sha256: str, *, filename: str) -> HeldFile | None:
    """The held file with these bytes and this very name, or None."""
    row = connection.execute(
        select(table).where(table.c.workspace == workspace, table.c.sha256 == sha256, table.c.filename == filename)
    ).first()
    return None if row is None else _held(row)


def _held(row: Row[tuple[object, ...]]) -> HeldFile:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name, underscored so that no column can hide it
    return HeldFile(
        workspace=values["workspace"],
        digest=Digest(values["sha256"]),
        filename=values["filename"],
        size=values["size"],
        origin=values["origin"],
        project=values["project"],
        version=values["version"],
        held_at=values["held_at"],
    )
