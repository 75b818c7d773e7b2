"""Tables of work: the work itself, its step journal, its log."""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from wheelkeep.server.db.engine import metadata

__all__ = ["log_table", "step_table", "work_table"]

work_table = Table(
    "work",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("workspace", Text, nullable=False),
    Column("key", Text, unique=True),  # NULL once it ended, so that an equal request begins anew
    Column("arguments", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("after", Text),
    Column("fence", Integer, nullable=False, default=0),
    Column("crashes", Integer, nullable=False, default=0),
    Column("worker", Text),
    Column("lease_until", Float),
    Column("cancel", Boolean, nullable=False, default=False),
    Column("stage", Text, nullable=False, default=""),
    Column("done", BigInteger, nullable=False, default=0),
    Column("total", BigInteger, nullable=False, default=0),
    Column("log_fence", Integer, nullable=False, default=0),
    Column("log_sequence", Integer, nullable=False, default=0),
    Column("failure", LargeBinary),
    Column("output", LargeBinary),
    Column("created_at", Text, nullable=False),
    Column("started_at", Text),
    Column("ended_at", Text),
    Index("ix_work_state_n", "state", "n"),
    Index("ix_work_after", "after"),
    sqlite_autoincrement=True,
)

step_table = Table(
    "work_step",
    metadata,
    Column("work", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("output", LargeBinary, nullable=False),
    UniqueConstraint("work", "name"),
)

log_table = Table(
    "work_log",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("work", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("stream", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_work_log_work_n", "work", "n"),
    sqlite_autoincrement=True,
)
