"""The audit: append-only rows of who did what, where, with which outcome. It never holds a secret.

Hosts and paths come from `SafeUrl`s, so userinfo and query cannot be among them.
"""

from sqlalchemy import insert, select

from wheelkeep.clock import Clock, format_time
from wheelkeep.server.access.sql import audit_table
from wheelkeep.server.db.engine import Database
from wheelkeep.wire.resources import AuditRow

__all__ = ["Audit"]


class Audit:
    """The server's audit."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(
        self,
        action: str,
        outcome: str,
        *,
        principal: str,
        workspace: str | None = None,
        work: str | None = None,
        connection: str | None = None,
        host: str | None = None,
        path: str | None = None,
    ) -> None:
        """Append one row, durably, in a transaction of its own."""
        with self._database.write() as database:
            database.execute(
                insert(audit_table).values(
                    at=format_time(self._clock.now()),
                    principal=principal,
                    workspace=workspace,
                    work=work,
                    action=action,
                    connection=connection,
                    host=host,
                    path=path,
                    outcome=outcome,
                )
            )

    def rows(
        self,
        workspace: str | None,
        *,
        after: int = 0,
        before: int | None = None,
        newest: bool = False,
        limit: int = 1000,
    ) -> list[AuditRow]:
        """At most `limit` rows with a number between `after` and `before`, both left out.

        Args:
            workspace: whose (its id); None for those of the server itself, such as tokens for every workspace.
            after: the number that a reader who goes forward saw last.
            before: the number that a reader who goes backward saw last.
            newest: begin with the newest, newest first; else with the oldest.
            limit: the most rows.
        """
        order = audit_table.c.n.desc() if newest else audit_table.c.n
        query = (
            select(audit_table)
            .where(audit_table.c.workspace == workspace, audit_table.c.n > after)  # None is compared by IS NULL
            .order_by(order)
            .limit(limit)
        )
        if before is not None:
            query = query.where(audit_table.c.n < before)
        with self._database.read() as connection:
            return [AuditRow(**row._mapping) for row in connection.execute(query)]  # noqa: SLF001 - public accessor
