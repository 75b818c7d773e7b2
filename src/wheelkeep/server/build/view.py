"""A build as clients see it. Pure."""

import msgspec

from wheelkeep.server.work.model import Work
from wheelkeep.wire.resources import BuildView
from wheelkeep.wire.work import BuildWork

__all__ = ["build_arguments", "build_view"]


def build_arguments(work: Work) -> BuildWork:
    """What a build's work was asked to do (the lock digest inside is the one of the time of asking)."""
    return msgspec.json.decode(work.arguments, type=BuildWork)


def build_view(work: Work, *, lock_digest: str | None) -> BuildView:
    """The build that `work` carries out."""
    asked = build_arguments(work)
    return BuildView(
        id=work.id,
        environment=asked.environment,
        version=asked.version,
        status=work.state,
        stage=work.stage,
        done=work.done,
        total=work.total,
        cancel_requested=work.cancel,
        created_at=work.created_at,
        started_at=work.started_at,
        ended_at=work.ended_at,
        worker=work.worker,
        lock_digest=lock_digest,
        failure=work.failure,
    )
