"""Tables of the store: wheels, and held files.

A wheel's row is never removed: its name stays taken after deletion, for ever (contract §3.1).
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Table, Text, UniqueConstraint

from wheelkeep.server.db.engine import metadata

__all__ = ["held_file_table", "wheel_table"]

wheel_table = Table(
    "wheel",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("filename", Text, nullable=False),
    Column("identity", Text, nullable=False),  # the file name with every part normalised
    Column("project", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content_digest", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("requires_python", Text),
    Column("metadata_sha256", Text, nullable=False),
    Column("metadata_size", BigInteger, nullable=False),
    Column("tags", Text, nullable=False),
    Column("uploaded_at", Text, nullable=False),
    Column("uploaded_by", Text, nullable=False),
    Column("yanked", Boolean, nullable=False),
    Column("yanked_reason", Text, nullable=False),
    Column("deleted_at", Text),
    UniqueConstraint("workspace", "identity"),
    Index("ix_wheel_workspace_project", "workspace", "project"),
    Index("ix_wheel_workspace_sha256", "workspace", "sha256"),
)

held_file_table = Table(
    "held_file",
    metadata,
    Column("workspace", Text, primary_key=True),
    Column("sha256", Text, primary_key=True),
    Column("filename", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("origin", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("held_at", Text, nullable=False),
)
