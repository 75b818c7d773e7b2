"""The table of connections. The secret is in it as the vault sealed it, and in no other form."""

from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Row,
    Table,
    Text,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)

from wheelkeep.server.connection.model import AuthType, Category
from wheelkeep.server.connection.model import Connection as WorkspaceConnection
from wheelkeep.server.db.engine import metadata

__all__ = ["connection_table", "delete_row", "find_row", "list_rows", "read_sealed", "write_row"]

connection_table = Table(
    "connection",
    metadata,
    Column("id", Text, primary_key=True),
    Column("workspace", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("category", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("auth_type", Text, nullable=False),
    Column("username", Text),
    Column("sealed", LargeBinary),
    Column("created_at", Text, nullable=False),
    Column("updated_at", Text, nullable=False),
    Column("updated_by", Text, nullable=False),
    UniqueConstraint("workspace", "name"),
)
_table = connection_table


def _connection(row: Row[tuple[object, ...]]) -> WorkspaceConnection:
    return WorkspaceConnection(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        category=Category(row.category),
        target=row.target,
        auth_type=AuthType(row.auth_type),
        username=row.username,
        created_at=row.created_at,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def find_row(database: Connection, workspace: str, name: str) -> WorkspaceConnection | None:
    """The workspace's connection of that name, or None."""
    row = database.execute(select(_table).where(_table.c.workspace == workspace, _table.c.name == name)).first()
    return None if row is None else _connection(row)


def list_rows(database: Connection, workspace: str) -> list[WorkspaceConnection]:
    """The workspace's connections by name."""
    query = select(_table).where(_table.c.workspace == workspace).order_by(_table.c.name)
    return [_connection(row) for row in database.execute(query)]


def write_row(database: Connection, connection: WorkspaceConnection, sealed: bytes | None) -> None:
    """Insert `connection`, or replace the one with its id."""
    values = {
        "category": connection.category.value,
        "target": connection.target,
        "auth_type": connection.auth_type.value,
        "username": connection.username,
        "sealed": sealed,
        "updated_at": connection.updated_at,
        "updated_by": connection.updated_by,
    }
    changed = database.execute(update(_table).where(_table.c.id == connection.id).values(**values))
    if changed.rowcount == 0:
        database.execute(
            insert(_table).values(
                id=connection.id,
                workspace=connection.workspace,
                name=connection.name,
                created_at=connection.created_at,
                **values,
            )
        )


def read_sealed(database: Connection, connection_id: str) -> bytes | None:
    """What the vault sealed for the connection, or None."""
    sealed = database.execute(select(_table.c.sealed).where(_table.c.id == connection_id)).scalar()
    return None if sealed is None else bytes(sealed)


def delete_row(database: Connection, workspace: str, name: str) -> bool:
    """Forget the connection; whether there was one."""
    return database.execute(delete(_table).where(_table.c.workspace == workspace, _table.c.name == name)).rowcount > 0
