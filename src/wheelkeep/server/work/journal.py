"""The journal of steps: what was done already, for whoever goes on."""

from sqlalchemy import Connection, select

from wheelkeep.server.work.sql import step_table

__all__ = ["read_step", "read_steps"]


def read_step(connection: Connection, work_id: str, name: str) -> bytes | None:
    """The output (JSON) of one finished step, or None."""
    query = select(step_table.c.output).where(step_table.c.work == work_id, step_table.c.name == name)
    return connection.execute(query).scalar()


def read_steps(connection: Connection, work_id: str) -> dict[str, bytes]:
    """The outputs of all finished steps by name; those of the server itself begin with `server:`."""
    query = select(step_table.c.name, step_table.c.output).where(step_table.c.work == work_id)
    return {row.name: row.output for row in connection.execute(query)}
