"""Tables of runs."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from wheelkeep.server.db.engine import metadata

__all__ = ["metric_table", "output_table", "run_table", "snapshot_table"]

run_table = Table(
    "run",
    metadata,
    Column("id", Text, primary_key=True),  # also the id of its work
    Column("workspace", Text, nullable=False),
    Column("experiment", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("environment", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("build", Text),
    Column("snapshot", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("script", Text, nullable=False),
    Column("arguments", LargeBinary, nullable=False),
    Column("environment_variables", LargeBinary, nullable=False),
    Column("tags", LargeBinary, nullable=False),
    UniqueConstraint("workspace", "experiment", "number"),
)

metric_table = Table(
    "run_metric",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("run", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("at", Text, nullable=False),
    Index("ix_run_metric_run_n", "run", "n"),
    sqlite_autoincrement=True,
)

output_table = Table(
    "run_output",
    metadata,
    Column("run", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    PrimaryKeyConstraint("run", "path"),
)

snapshot_table = Table(
    "snapshot",
    metadata,
    Column("workspace", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("created_at", Text, nullable=False),
    PrimaryKeyConstraint("workspace", "sha256"),
)
