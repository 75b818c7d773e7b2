"""Rows of the table `wheel`: found, made, changed inside the caller's transaction."""

import secrets

from packaging.utils import NormalizedName
from sqlalchemy import Connection, Row, insert, select, update

from wheelkeep.digest import Digest
from wheelkeep.server.store.sql import wheel_table as table
from wheelkeep.server.store.wheel import Wheel
from wheelkeep.wheel.check import CheckedWheel

__all__ = [
    "find_wheel",
    "find_wheel_by_digest",
    "find_wheel_by_identity",
    "insert_wheel",
    "list_projects",
    "list_wheels",
    "restore_wheel",
    "set_deleted",
    "set_yanked",
]


def find_wheel_by_identity(connection: Connection, workspace: str, identity: str) -> Wheel | None:
    """The wheel that took this name, deleted or not, or None when the name is free."""
    return _first(connection, table.c.workspace == workspace, table.c.identity == identity)


def find_wheel(connection: Connection, workspace: str, filename: str) -> Wheel | None:
    """The wheel of this very file name, unless it is deleted, or None."""
    return _first(
        connection, table.c.workspace == workspace, table.c.filename == filename, table.c.deleted_at.is_(None)
    )


def find_wheel_by_digest(connection: Connection, workspace: str, sha256: str, *, filename: str) -> Wheel | None:
    """The wheel with these bytes and this name, unless it is deleted, or None."""
    found = find_wheel(connection, workspace, filename)
    return found if found is not None and found.digest.hex == sha256 else None


def list_wheels(connection: Connection, workspace: str, *, project: NormalizedName | None = None) -> list[Wheel]:
    """The workspace's wheels that are not deleted, of one project or all, oldest first."""
    query = select(table).where(table.c.workspace == workspace, table.c.deleted_at.is_(None))
    if project is not None:
        query = query.where(table.c.project == project)
    return [_wheel(row) for row in connection.execute(query.order_by(table.c.uploaded_at, table.c.filename))]


def list_projects(connection: Connection, workspace: str) -> list[NormalizedName]:
    """The names of the projects that have a wheel which is not deleted, sorted."""
    query = select(table.c.project).where(table.c.workspace == workspace, table.c.deleted_at.is_(None)).distinct()
    return [NormalizedName(name) for name in connection.execute(query.order_by(table.c.project)).scalars()]


def insert_wheel(
    connection: Connection, workspace: str, checked: CheckedWheel, *, metadata_digest: Digest, at: str, by: str
) -> Wheel:
    """A new row for `checked`.

    Raises:
        sqlalchemy.exc.IntegrityError: the name was taken in this moment.
    """
    made = Wheel(
        id=secrets.token_hex(8),
        workspace=workspace,
        filename=checked.filename,
        project=checked.project,
        version=checked.version,
        digest=checked.digest,
        content_digest=checked.content_digest,
        size=checked.size,
        requires_python=checked.requires_python,
        metadata_digest=metadata_digest,
        metadata_size=len(checked.metadata),
        tags=checked.tags,
        uploaded_at=at,
        uploaded_by=by,
        yanked=False,
        yanked_reason="",
        deleted_at=None,
    )
    connection.execute(insert(table).values(identity=checked.identity, **_columns(made)))
    return made


def restore_wheel(connection: Connection, wheel: Wheel) -> None:
    """Undo the deletion of `wheel`, and write the digest and size that it has now."""
    connection.execute(
        update(table).where(table.c.id == wheel.id).values(deleted_at=None, sha256=wheel.digest.hex, size=wheel.size)
    )


def set_yanked(connection: Connection, wheel: Wheel, *, yanked: bool, reason: str) -> None:
    """Yank `wheel`, or take it back."""
    connection.execute(
        update(table).where(table.c.id == wheel.id).values(yanked=yanked, yanked_reason=reason if yanked else "")
    )


def set_deleted(connection: Connection, wheel: Wheel, *, at: str) -> None:
    """Delete `wheel`; its name stays taken."""
    connection.execute(update(table).where(table.c.id == wheel.id).values(deleted_at=at))


def _columns(wheel: Wheel) -> dict[str, object]:
    return {
        "id": wheel.id,
        "workspace": wheel.workspace,
        "filename": wheel.filename,
        "project": wheel.project,
        "version": wheel.version,
        "sha256": wheel.digest.hex,
        "content_digest": wheel.content_digest.hex,
        "size": wheel.size,
        "requires_python": wheel.requires_python,
        "metadata_sha256": wheel.metadata_digest.hex,
        "metadata_size": wheel.metadata_size,
        "tags": " ".join(wheel.tags),
        "uploaded_at": wheel.uploaded_at,
        "uploaded_by": wheel.uploaded_by,
        "yanked": wheel.yanked,
        "yanked_reason": wheel.yanked_reason,
        "deleted_at": wheel.deleted_at,
    }


def _first(connection: Connection, *conditions: object) -> Wheel | None:
    row = connection.execute(select(table).where(*conditions)).first()  # type: ignore[arg-type]  # columns' own `==`
    return None if row is None else _wheel(row)


def _wheel(row: Row[tuple[object, ...]]) -> Wheel:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's documented name, underscored so that no column can hide it
    return Wheel(
        id=values["id"],
        workspace=values["workspace"],
        filename=values["filename"],
        project=values["project"],
        version=values["version"],
        digest=Digest(values["sha256"]),
        content_digest=Digest(values["content_digest"]),
        size=values["size"],
        requires_python=values["requires_python"],
        metadata_digest=Digest(values["metadata_sha256"]),
        metadata_size=values["metadata_size"],
        tags=tuple(values["tags"].split()),
        uploaded_at=values["uploaded_at"],
        uploaded_by=values["uploaded_by"],
        yanked=values["yanked"],
        yanked_reason=values["yanked_reason"],
        deleted_at=values["deleted_at"],
    )
