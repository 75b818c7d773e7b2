"""A run as clients see it. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Row

from wheelkeep.server.run.state import status_of
from wheelkeep.server.work.model import Work
from wheelkeep.wire.resources import MetricPoint, OutputFile, RunView

__all__ = ["run_view"]


def run_view(
    row: Row[Any],
    work: Work,
    *,
    lock_digest: str | None,
    metrics: Sequence[MetricPoint] = (),
    outputs: Sequence[OutputFile] = (),
) -> RunView:
    """The run that `row` describes and `work` carries out."""
    output = {} if work.output is None else msgspec.json.decode(work.output, type=dict[str, object])
    exit_code = output.get("exit_code")
    return RunView(
        id=row.id,
        experiment=row.experiment,
        number=row.number,
        status=status_of(work),
        target=row.target,
        script=row.script,
        arguments=msgspec.json.decode(row.arguments, type=list[str]),
        environment=row.environment,
        version=row.version,
        lock_digest=lock_digest,
        snapshot=row.snapshot,
        build=row.build,
        exit_code=exit_code if isinstance(exit_code, int) else None,
        worker=work.worker,
        created_at=work.created_at,
        started_at=work.started_at,
        ended_at=work.ended_at,
        metrics=list(metrics),
        outputs=list(outputs),
        tags=msgspec.json.decode(row.tags, type=dict[str, str]),
        failure=work.failure,
    )
