"""The table of work: put in, claimed, ended.

Every function takes the caller's transaction, so that a request and the row that describes it are one: either both
are there or neither.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, insert, or_, select, text, update

from wheelkeep.errors import BuildError
from wheelkeep.server.db.turns import take_turn
from wheelkeep.server.work.clock import DatabaseNow
from wheelkeep.server.work.journal import read_steps
from wheelkeep.server.work.model import UNENDED, Claim, Ended, Work, WorkKind
from wheelkeep.server.work.rows import work_of
from wheelkeep.server.work.sql import work_table
from wheelkeep.wire.problem import Failure

__all__ = [
    "LEASE_S",
    "claim",
    "end",
    "enqueue",
    "find",
    "find_all",
    "is_active",
    "is_alive",
    "is_waiting",
    "latest",
    "newest_first",
    "request_cancel",
    "unended",
    "unended_ids",
]

LEASE_S = 10.0
"""Seconds that a lease lasts without a heartbeat; twice what a writer waits for the database at most."""
MOST_CRASHES = 3
_CLAIM_LOCK = 0x77686B70  # any number, the same for every server: one claimer at a time on PostgreSQL


def enqueue(
    connection: Connection,
    *,
    kind: WorkKind,
    workspace: str,
    arguments: bytes,
    at: str,
    key: str | None = None,
    after: str | None = None,
    work_id: str | None = None,
) -> tuple[str, bool]:
    """Put work in; its id, and whether it is new: an equal request (same `key`) that has not ended is joined.

    Args:
        connection: the caller's transaction.
        kind: what it is.
        workspace: id of the workspace.
        arguments: JSON of the domain's own struct.
        at: now, as text.
        key: what makes two requests equal; None for never.
        after: id of work that must succeed first; when it fails or is canceled, so does this.
        work_id: the id to give; made up when None.
    """
    if key is not None:
        take_turn(connection, "work", key)
        # the row is held until the caller's transaction ends: else the work could end between this look and the row of
        # what is to wait for it, which then waits for ever
        query = select(work_table.c.id).where(work_table.c.key == key).with_for_update(read=True)
        known = connection.execute(query).scalar()
        if known is not None:
            return str(known), False
    made = work_id or secrets.token_hex(8)
    connection.execute(
        insert(work_table).values(
            id=made,
            kind=kind,
            workspace=workspace,
            key=key,
            arguments=arguments,
            state="Queued",
            after=after,
            created_at=at,
        )
    )
    return made, True


def find(connection: Connection, work_id: str) -> Work | None:
    """The work of that id, or None."""
    row = connection.execute(select(work_table).where(work_table.c.id == work_id)).first()
    return None if row is None else work_of(row)


def latest(connection: Connection, *, kind: WorkKind, workspace: str, limit: int) -> list[Work]:
    """The newest `limit` pieces of work of a workspace and kind, newest first."""
    query = (
        select(work_table)
        .where(work_table.c.kind == kind, work_table.c.workspace == workspace)
        .order_by(work_table.c.n.desc())
        .limit(limit)
    )
    return [work_of(row) for row in connection.execute(query)]


def unended(connection: Connection, *, kind: WorkKind, workspace: str) -> list[Work]:
    """The work of a workspace and kind that goes on or waits, oldest first."""
    query = (
        select(work_table)
        .where(work_table.c.state.in_(UNENDED), work_table.c.kind == kind, work_table.c.workspace == workspace)
        .order_by(work_table.c.n)
    )
    return [work_of(row) for row in connection.execute(query)]


def unended_ids(*, kind: WorkKind, workspace: str) -> Select[tuple[str]]:
    """A query for the ids of the same, to be part of a domain's own."""
    return select(work_table.c.id).where(
        work_table.c.state.in_(UNENDED), work_table.c.kind == kind, work_table.c.workspace == workspace
    )


def newest_first(query: Select[Any], id_column: ColumnElement[str]) -> Select[Any]:
    """A domain's own query of rows that work carries out, the newest work first; `id_column` holds the work's id."""
    return query.join(work_table, work_table.c.id == id_column).order_by(work_table.c.n.desc())


def find_all(connection: Connection, work_ids: Sequence[str]) -> dict[str, Work]:
    """Those of `work_ids` that there are, by id."""
    found = connection.execute(select(work_table).where(work_table.c.id.in_(work_ids)))
    return {row.id: work_of(row) for row in found}


def is_alive(connection: Connection, work_id: str, fence: int) -> bool:
    """Whether the lease with that fencing number holds the work now."""
    query = select(work_table.c.id).where(
        work_table.c.id == work_id,
        work_table.c.fence == fence,
        work_table.c.state == "Running",
        work_table.c.lease_until > DatabaseNow(),
    )
    return connection.execute(query).first() is not None


def is_waiting(connection: Connection, *, workspace: str | None = None) -> bool:
    """Whether there is work to claim (of one workspace, or of any): a look without a write, for the many polls."""
    return connection.execute(_next_query(workspace)).first() is not None


def is_active(connection: Connection) -> bool:
    """Whether any work goes on or waits."""
    query = select(work_table.c.id).where(work_table.c.state.in_(UNENDED)).limit(1)
    return connection.execute(query).first() is not None


def claim(
    connection: Connection,
    *,
    worker: str,
    at: str,
    of_workspace: str | None = None,
    on_end: Callable[[str], None] = lambda _: None,
) -> Claim | None:
    """The next work for `worker`, leased to it for `LEASE_S` seconds; None when there is none.

    Work whose lease is dead comes first and goes on at the step it had reached; after more than three crashes it
    fails (`too_many_crashes`), because it may be what ends the nodes. Call it in a writing transaction. With
    `of_workspace`, only work of that workspace (its id) is given: the worker's token is for that one alone.
    `on_end` is told the id of all work that ended here, without a node to say so.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIM_LOCK})
    while True:
        row = connection.execute(_next_query(of_workspace)).first()
        if row is None:
            return None
        work = work_of(row)
        crashed = work.state == "Running"
        if crashed and row._mapping["crashes"] >= MOST_CRASHES:  # noqa: SLF001 - SQLAlchemy's public accessor
            error = BuildError(
                f"the work ended {MOST_CRASHES + 1} nodes",
                code="too_many_crashes",
                hint="see its log and the workers' logs; memory is the usual cause",
            )
            end(connection, work.id, Ended(state="Failed", failure=Failure.of(error)), at=at)
            on_end(work.id)
            continue
        if work.cancel:
            end(connection, work.id, Ended(state="Canceled"), at=at)
            on_end(work.id)
            continue
        connection.execute(
            update(work_table)
            .where(work_table.c.id == work.id)
            .values(
                state="Running",
                worker=worker,
                fence=work_table.c.fence + 1,
                crashes=work_table.c.crashes + (1 if crashed else 0),
                lease_until=DatabaseNow() + LEASE_S,
                started_at=work.started_at or at,
            )
        )
        claimed = find(connection, work.id)
        return None if claimed is None else Claim(work=claimed, steps=read_steps(connection, work.id))


def _next_query(workspace: str | None) -> Select[Any]:
    dead = and_(work_table.c.state == "Running", work_table.c.lease_until <= DatabaseNow())
    queued = and_(work_table.c.state == "Queued", work_table.c.after.is_(None))
    query = select(work_table).where(or_(dead, queued)).order_by(work_table.c.state.desc(), work_table.c.n).limit(1)
    return query if workspace is None else query.where(work_table.c.workspace == workspace)


def end(connection: Connection, work_id: str, ended: Ended, *, at: str) -> None:
    """Write down how the work ended, and let what waited for it begin, or end with it.

    The caller has made sure that it may (`lease.check_held`, or work that nobody holds).
    """
    connection.execute(
        update(work_table)
        .where(work_table.c.id == work_id)
        .values(
            state=ended.state,
            key=None,
            lease_until=None,
            failure=None if ended.failure is None else msgspec.json.encode(ended.failure),
            output=ended.output,
            ended_at=at,
        )
    )
    if ended.state == "Succeeded":
        connection.execute(update(work_table).where(work_table.c.after == work_id).values(after=None))
        return
    waiting = connection.execute(select(work_table.c.id).where(work_table.c.after == work_id)).scalars().all()
    for waiting_id in waiting:
        end(connection, waiting_id, ended, at=at)


def request_cancel(connection: Connection, work_id: str, *, at: str) -> None:
    """Ask the work to stop: at once when nobody holds it, else at its holder's next heartbeat."""
    work = find(connection, work_id)
    if work is None:
        return
    if work.state == "Queued":
        end(connection, work_id, Ended(state="Canceled"), at=at)
    elif work.state == "Running":
        connection.execute(update(work_table).where(work_table.c.id == work_id).values(cancel=True))
