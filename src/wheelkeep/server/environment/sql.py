"""Tables of environments and their locks. Numbers and names stay taken after deletion."""

from sqlalchemy import Column, Index, Integer, LargeBinary, PrimaryKeyConstraint, Table, Text

from wheelkeep.server.db.engine import metadata

__all__ = ["lock_file_table", "lock_table", "version_table"]

version_table = Table(
    "environment_version",
    metadata,
    Column("workspace", Text, nullable=False),
    Column("folded", Text, nullable=False),  # the name in lower case: unique ignoring case
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("definition", LargeBinary, nullable=False),
    Column("definition_digest", Text, nullable=False),
    Column("lock_digest", Text),
    Column("created_at", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("deleted_at", Text),
    PrimaryKeyConstraint("workspace", "folded", "version"),
)

lock_table = Table(
    "lock",
    metadata,
    Column("workspace", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("python", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("pylock", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    PrimaryKeyConstraint("workspace", "digest"),
)

lock_file_table = Table(
    "lock_file",
    metadata,
    Column("workspace", Text, nullable=False),
    Column("lock_digest", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("filename", Text, nullable=False),
    PrimaryKeyConstraint("workspace", "lock_digest", "sha256", "filename"),
    Index("ix_lock_file_workspace_sha256", "workspace", "sha256"),
)
