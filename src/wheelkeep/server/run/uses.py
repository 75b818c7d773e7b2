"""Which runs use an environment, so that it is not deleted under them."""

from sqlalchemy import Connection, func, select

from wheelkeep.server.run.sql import run_table
from wheelkeep.server.work import queue

__all__ = ["runs_using"]


def runs_using(connection: Connection, workspace: str, name: str, *, version: int | None) -> list[str]:
    """The ids of the runs with that version (with any when None) that have not ended, by experiment and number."""
    query = (
        select(run_table.c.id)
        .where(
            run_table.c.id.in_(queue.unended_ids(kind="run", workspace=workspace)),
            run_table.c.workspace == workspace,
            func.lower(run_table.c.environment) == name.lower(),
        )
        .order_by(run_table.c.experiment, run_table.c.number)
    )
    if version is not None:
        query = query.where(run_table.c.version == version)
    return [str(run_id) for run_id in connection.execute(query).scalars()]
