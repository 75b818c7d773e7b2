"""The locks of a workspace: stored once by digest, attached to versions, asked who names a file."""

from sqlalchemy import Connection, insert, select, update

from wheelkeep.errors import NotFoundError
from wheelkeep.lock.document import format_lock, parse_lock
from wheelkeep.lock.model import Lock
from wheelkeep.server.db.turns import take_turn
from wheelkeep.server.environment.sql import lock_file_table, lock_table, version_table

__all__ = ["LockNames", "attach_lock", "labels_naming", "read_lock", "read_pylock"]


def attach_lock(connection: Connection, workspace: str, name: str, version: int, lock: Lock, *, at: str) -> str:
    """Store `lock` and give it to that version, unless the version has one: a version's lock never changes.

    Returns:
        The digest that the version has now.
    """
    mine = (
        version_table.c.workspace == workspace,
        version_table.c.folded == name.lower(),
        version_table.c.version == version,
    )
    present = connection.execute(select(version_table.c.lock_digest).where(*mine)).scalar()
    if present is not None:
        return str(present)
    digest = str(lock.digest)
    take_turn(connection, "lock", workspace, digest)
    known = (lock_table.c.workspace == workspace, lock_table.c.digest == digest)
    if connection.execute(select(lock_table.c.digest).where(*known)).first() is None:
        connection.execute(
            insert(lock_table).values(
                workspace=workspace,
                digest=digest,
                python=lock.python,
                platform=lock.platform,
                pylock=format_lock(lock),
                created_at=at,
            )
        )
        for file in lock.files:
            connection.execute(
                insert(lock_file_table).values(
                    workspace=workspace, lock_digest=digest, sha256=file.sha256, filename=file.filename
                )
            )
    connection.execute(update(version_table).where(*mine).values(lock_digest=digest))
    return digest


def read_pylock(connection: Connection, workspace: str, digest: str) -> str:
    """The lock as PEP 751 text.

    Raises:
        NotFoundError: `environment_not_built`.
    """
    text = connection.execute(
        select(lock_table.c.pylock).where(lock_table.c.workspace == workspace, lock_table.c.digest == digest)
    ).scalar()
    if text is None:
        raise NotFoundError(
            "there is no such lock", code="environment_not_built", hint="build it with `wheelkeep env build`"
        )
    return str(text)


def read_lock(connection: Connection, workspace: str, digest: str) -> Lock:
    """The lock as a value.

    Raises:
        NotFoundError: `environment_not_built`.
    """
    return parse_lock(read_pylock(connection, workspace, digest))


def labels_naming(connection: Connection, workspace: str, sha256: str) -> list[str]:
    """The versions (`name:version`) that are not deleted and whose lock names the file."""
    query = (
        select(version_table.c.name, version_table.c.version)
        .join(
            lock_file_table,
            (lock_file_table.c.workspace == version_table.c.workspace)
            & (lock_file_table.c.lock_digest == version_table.c.lock_digest),
        )
        .where(
            version_table.c.workspace == workspace,
            version_table.c.deleted_at.is_(None),
            lock_file_table.c.sha256 == sha256,
        )
        .order_by(version_table.c.folded, version_table.c.version)
    )
    return [f"{row.name}:{row.version}" for row in connection.execute(query).unique()]


class LockNames:
    """Tells the store which environments name a file (its `LockUses`)."""

    def environments_naming(self, connection: Connection, workspace: str, sha256: str) -> list[str]:
        """The versions, as `name:version`, whose lock names the file."""
        return labels_naming(connection, workspace, sha256)
