"""From a row of the work table to a value."""

import msgspec
from sqlalchemy import Row

from wheelkeep.server.work.model import Work
from wheelkeep.wire.problem import Failure

__all__ = ["work_of"]


def work_of(row: Row[tuple[object, ...]]) -> Work:
    """The work that `row` (all columns of the work table) describes."""
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor, spelled with an underscore
    failure = values["failure"]
    return Work(
        id=values["id"],
        kind=values["kind"],
        workspace=values["workspace"],
        arguments=values["arguments"],
        state=values["state"],
        after=values["after"],
        fence=values["fence"],
        worker=values["worker"],
        cancel=values["cancel"],
        stage=values["stage"],
        done=values["done"],
        total=values["total"],
        failure=None if failure is None else msgspec.json.decode(failure, type=Failure),
        output=values["output"],
        created_at=values["created_at"],
        started_at=values["started_at"],
        ended_at=values["ended_at"],
    )
