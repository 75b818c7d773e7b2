"""Tables of access: workspaces, tokens, audit."""

from sqlalchemy import Column, Index, Integer, Table, Text

from wheelkeep.server.db.engine import metadata

__all__ = ["audit_table", "token_table", "workspace_table"]

workspace_table = Table(
    "workspace",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Text, nullable=False),
)

token_table = Table(
    "token",
    metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("workspace", Text),
    Column("created_at", Text, nullable=False),
    Column("expires_at", Text),
    Column("revoked_at", Text),
)

audit_table = Table(
    "audit",
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=True),
    Column("at", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("workspace", Text),
    Column("work", Text),
    Column("action", Text, nullable=False),
    Column("connection", Text),
    Column("host", Text),
    Column("path", Text),
    Column("outcome", Text, nullable=False),
    Index("ix_audit_workspace_n", "workspace", "n"),
    sqlite_autoincrement=True,
)
