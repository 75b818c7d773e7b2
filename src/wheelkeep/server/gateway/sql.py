"""The table of bound names."""

from packaging.utils import NormalizedName
from sqlalchemy import Boolean, Column, Connection, PrimaryKeyConstraint, Table, Text, delete, insert, select, update

from wheelkeep.server.db.engine import metadata
from wheelkeep.server.gateway.decision import Binding

__all__ = ["bound_name_table", "delete_binding", "find_binding", "list_bindings", "write_binding"]

bound_name_table = Table(
    "bound_name",
    metadata,
    Column("workspace", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("provisional", Boolean, nullable=False),
    PrimaryKeyConstraint("workspace", "project"),
)
_table = bound_name_table


def find_binding(connection: Connection, workspace: str, project: NormalizedName) -> Binding | None:
    """To what `project` is bound in the workspace, or None."""
    row = connection.execute(select(_table).where(_table.c.workspace == workspace, _table.c.project == project)).first()
    return None if row is None else Binding(project=project, origin=row.origin, provisional=row.provisional)


def list_bindings(connection: Connection, workspace: str) -> list[Binding]:
    """The workspace's bound names, sorted."""
    query = select(_table).where(_table.c.workspace == workspace).order_by(_table.c.project)
    return [
        Binding(project=NormalizedName(row.project), origin=row.origin, provisional=row.provisional)
        for row in connection.execute(query)
    ]


def write_binding(connection: Connection, workspace: str, binding: Binding, *, at: str) -> None:
    """Bind the name, or replace what it was bound to."""
    values = {"origin": binding.origin, "at": at, "provisional": binding.provisional}
    mine = (_table.c.workspace == workspace, _table.c.project == binding.project)
    if connection.execute(update(_table).where(*mine).values(**values)).rowcount == 0:
        connection.execute(insert(_table).values(workspace=workspace, project=binding.project, **values))


def delete_binding(connection: Connection, workspace: str, project: NormalizedName) -> bool:
    """Release the name; whether it was bound."""
    return (
        connection.execute(delete(_table).where(_table.c.workspace == workspace, _table.c.project == project)).rowcount
        > 0
    )
