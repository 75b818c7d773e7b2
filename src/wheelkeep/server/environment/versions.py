"""The versions of a workspace's environments."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Select, and_, func, insert, select, tuple_, update

from wheelkeep.clock import Clock, format_time
from wheelkeep.definition.model import Definition
from wheelkeep.errors import NotFoundError
from wheelkeep.names import check_environment_name
from wheelkeep.server.db.engine import Database
from wheelkeep.server.db.turns import take_turn
from wheelkeep.server.environment.model import EnvironmentVersion
from wheelkeep.server.environment.sql import lock_table, version_table

__all__ = ["EnvironmentBook"]


def _selection() -> Select[Any]:
    lock = and_(lock_table.c.workspace == version_table.c.workspace, lock_table.c.digest == version_table.c.lock_digest)
    return (
        select(version_table, lock_table.c.python, lock_table.c.platform)
        .outerjoin(lock_table, lock)
        .where(version_table.c.deleted_at.is_(None))
    )


def _version(row: Row[Any]) -> EnvironmentVersion:
    return EnvironmentVersion(
        workspace=row.workspace,
        name=row.name,
        version=row.version,
        definition=Definition.from_json(msgspec.json.decode(row.definition)),
        definition_digest=row.definition_digest,
        lock_digest=row.lock_digest,
        python=row.python,
        platform=row.platform,
        created_at=row.created_at,
        created_by=row.created_by,
    )


class EnvironmentBook:
    """The environments of this server's workspaces."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def register(
        self, workspace: str, name: str, definition: Definition, *, by: str
    ) -> tuple[EnvironmentVersion, bool]:
        """The version that has `definition`, and whether it was made now.

        An equal definition gives the latest version that has it (contract §4); otherwise the next number.

        Raises:
            RequestError: `invalid_name`.
        """
        folded = check_environment_name(name).lower()
        digest = str(definition.digest)
        with self._database.write() as connection:
            take_turn(connection, "environment", workspace, folded)
            known = connection.execute(
                _selection()
                .where(
                    version_table.c.workspace == workspace,
                    version_table.c.folded == folded,
                    version_table.c.definition_digest == digest,
                )
                .order_by(version_table.c.version.desc())
                .limit(1)
            ).first()
            if known is not None:
                return _version(known), False
            return self._add(connection, workspace, name, definition, by=by), True

    def _add(
        self, connection: Connection, workspace: str, name: str, definition: Definition, *, by: str
    ) -> EnvironmentVersion:
        mine = (version_table.c.workspace == workspace, version_table.c.folded == name.lower())
        first = connection.execute(
            select(version_table.c.name, func.max(version_table.c.version)).where(*mine).group_by(version_table.c.name)
        ).first()
        number = 1 if first is None else int(first[1]) + 1
        spelled = name if first is None else str(first[0])
        at = format_time(self._clock.now())
        connection.execute(
            insert(version_table).values(
                workspace=workspace,
                folded=name.lower(),
                version=number,
                name=spelled,
                definition=msgspec.json.encode(definition.to_json()),
                definition_digest=str(definition.digest),
                created_at=at,
                created_by=by,
            )
        )
        return EnvironmentVersion(
            workspace=workspace,
            name=spelled,
            version=number,
            definition=definition,
            definition_digest=str(definition.digest),
            lock_digest=None,
            python=None,
            platform=None,
            created_at=at,
            created_by=by,
        )

    def get(self, workspace: str, name: str, version: int | None = None) -> EnvironmentVersion:
        """That version, or the latest.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        with self._database.read() as connection:
            return self.find(connection, workspace, name, version)

    def find(self, connection: Connection, workspace: str, name: str, version: int | None = None) -> EnvironmentVersion:
        """The same, inside the caller's transaction.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        query = _selection().where(version_table.c.workspace == workspace, version_table.c.folded == name.lower())
        if version is not None:
            query = query.where(version_table.c.version == version)
        row = connection.execute(query.order_by(version_table.c.version.desc()).limit(1)).first()
        if row is None:
            label = name[:80] if version is None else f"{name[:80]}:{version}"
            raise NotFoundError(
                f"there is no environment {label!r} in this workspace",
                code="unknown_environment",
                hint="see `wheelkeep env list`, or make it with `wheelkeep env register`",
            )
        return _version(row)

    def lock_digest_of(self, connection: Connection, workspace: str, name: str, version: int) -> str | None:
        """The lock digest of a version, deleted or not: for the record of what a run used; None when it has none."""
        digest = connection.execute(
            select(version_table.c.lock_digest).where(
                version_table.c.workspace == workspace,
                version_table.c.folded == name.lower(),
                version_table.c.version == version,
            )
        ).scalar()
        return None if digest is None else str(digest)

    def lock_digests_of(
        self, connection: Connection, workspace: str, labels: AbstractSet[tuple[str, int]]
    ) -> dict[tuple[str, int], str]:
        """The same for many names and versions in one query, by name in lower case and version; only where one is."""
        query = select(version_table.c.folded, version_table.c.version, version_table.c.lock_digest).where(
            version_table.c.workspace == workspace,
            tuple_(version_table.c.folded, version_table.c.version).in_(
                sorted({(name.lower(), version) for name, version in labels})
            ),
            version_table.c.lock_digest.is_not(None),
        )
        return {(row.folded, row.version): row.lock_digest for row in connection.execute(query)}

    def latest(self, workspace: str) -> list[EnvironmentVersion]:
        """The latest version of every environment, by name."""
        newest = (
            select(version_table.c.folded, func.max(version_table.c.version).label("version"))
            .where(version_table.c.workspace == workspace, version_table.c.deleted_at.is_(None))
            .group_by(version_table.c.folded)
            .subquery()
        )
        query = (
            _selection()
            .join(
                newest,
                and_(newest.c.folded == version_table.c.folded, newest.c.version == version_table.c.version),
            )
            .where(version_table.c.workspace == workspace)
            .order_by(version_table.c.folded)
        )
        with self._database.read() as connection:
            return [_version(row) for row in connection.execute(query)]

    def versions(self, workspace: str, name: str) -> list[EnvironmentVersion]:
        """Every version of one environment, newest first.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        query = (
            _selection()
            .where(version_table.c.workspace == workspace, version_table.c.folded == name.lower())
            .order_by(version_table.c.version.desc())
        )
        with self._database.read() as connection:
            found = [_version(row) for row in connection.execute(query)]
        return found or [self.get(workspace, name)]

    def delete(
        self, workspace: str, name: str, version: int | None = None, *, check_unused: Callable[[Connection], None]
    ) -> int:
        """Forget one version, or all; how many. Their numbers are never given again.

        `check_unused` raises when a build or run uses them; it is asked inside the transaction that deletes, while
        nothing can begin to use them.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        change = (
            update(version_table)
            .where(
                version_table.c.workspace == workspace,
                version_table.c.folded == name.lower(),
                version_table.c.deleted_at.is_(None),
            )
            .values(deleted_at=format_time(self._clock.now()))
        )
        if version is not None:
            change = change.where(version_table.c.version == version)
        with self._database.write() as connection:
            take_turn(connection, "environment", workspace, name.lower())
            self.find(connection, workspace, name, version)
            check_unused(connection)
            return int(connection.execute(change).rowcount)
