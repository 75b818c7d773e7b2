"""The log of a piece of work: append-only text, read by number, so that a reader can leave and come back."""

from sqlalchemy import Connection, insert, select

from wheelkeep.server.work.sql import log_table
from wheelkeep.wire.resources import LogLine

__all__ = ["append", "read_log"]


def append(connection: Connection, work_id: str, *, stream: str, text: str, at: str) -> None:
    """Add some text of one stream."""
    connection.execute(insert(log_table).values(work=work_id, stream=stream, text=text.replace("\0", "�"), at=at))


def read_log(connection: Connection, work_id: str, *, after: int, limit: int = 500) -> list[LogLine]:
    """The pieces with a number above `after`, in order, at most `limit`."""
    query = (
        select(log_table.c.n, log_table.c.at, log_table.c.stream, log_table.c.text)
        .where(log_table.c.work == work_id, log_table.c.n > after)
        .order_by(log_table.c.n)
        .limit(limit)
    )
    return [LogLine(n=row.n, at=row.at, stream=row.stream, text=row.text) for row in connection.execute(query)]
