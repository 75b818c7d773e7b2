"""What only the holder of a lease may write.

Every function checks the fencing number in the same statement that renews the lease, inside the transaction of what it
writes: a node that lost its lease changes nothing (`lost_lease`). Source: reference/jobs.md, "Fencing".
"""

from sqlalchemy import Connection, delete, insert, update

from wheelkeep.errors import ConflictError
from wheelkeep.server.work.clock import DatabaseNow
from wheelkeep.server.work.log import append
from wheelkeep.server.work.queue import LEASE_S
from wheelkeep.server.work.sql import step_table, work_table
from wheelkeep.wire.work import LogPiece

__all__ = ["check_held", "hand_back", "note_progress", "record_log", "record_step"]


def check_held(connection: Connection, work_id: str, fence: int) -> bool:
    """Renew the lease; whether somebody asked the work to stop.

    Raises:
        ConflictError: `lost_lease`: the work has ended, or another node holds it.
    """
    row = connection.execute(
        update(work_table)
        .where(work_table.c.id == work_id, work_table.c.fence == fence, work_table.c.state == "Running")
        .values(lease_until=DatabaseNow() + LEASE_S)
        .returning(work_table.c.cancel)
    ).first()
    if row is None:
        raise ConflictError(
            "the work has ended or another node holds it", code="lost_lease", hint="stop working on it; write nothing"
        )
    return bool(row.cancel)


def note_progress(connection: Connection, work_id: str, fence: int, *, stage: str, done: int, total: int) -> bool:
    """Renew the lease and note how far the present stage is; whether somebody asked to stop.

    Raises:
        ConflictError: `lost_lease`.
    """
    cancel = check_held(connection, work_id, fence)
    if stage:
        connection.execute(
            update(work_table).where(work_table.c.id == work_id).values(stage=stage, done=done, total=total)
        )
    return cancel


def record_step(connection: Connection, work_id: str, fence: int, *, name: str, output: bytes) -> None:
    """Journal the output of a finished step; a repeated word replaces it.

    Raises:
        ConflictError: `lost_lease`.
    """
    check_held(connection, work_id, fence)
    connection.execute(delete(step_table).where(step_table.c.work == work_id, step_table.c.name == name))
    connection.execute(insert(step_table).values(work=work_id, name=name, output=output))


def record_log(
    connection: Connection, work_id: str, fence: int, *, sequence: int, pieces: list[LogPiece], at: str
) -> bool:
    """Append to the log; whether it was new: the same `sequence` sent again changes nothing.

    Raises:
        ConflictError: `lost_lease`.
    """
    check_held(connection, work_id, fence)
    fresh = connection.execute(
        update(work_table)
        .where(
            work_table.c.id == work_id,
            (work_table.c.log_fence < fence) | (work_table.c.log_sequence < sequence),
        )
        .values(log_fence=fence, log_sequence=sequence)
    )
    if fresh.rowcount == 0:
        return False
    for piece in pieces:
        append(connection, work_id, stream=piece.stream, text=piece.text, at=at)
    return True


def hand_back(connection: Connection, work_id: str, fence: int) -> None:
    """Give the work back to the queue, without a crash counted: the node is leaving.

    Raises:
        ConflictError: `lost_lease`.
    """
    check_held(connection, work_id, fence)
    connection.execute(
        update(work_table).where(work_table.c.id == work_id).values(state="Queued", lease_until=None, worker=None)
    )
