"""Work as values."""

from dataclasses import dataclass
from typing import Literal

from wheelkeep.wire.problem import Failure

__all__ = ["ENDED", "UNENDED", "Claim", "Ended", "Work", "WorkKind", "WorkState"]

WorkState = Literal["Queued", "Running", "Succeeded", "Failed", "Canceled"]
WorkKind = Literal["build", "run"]
ENDED: frozenset[WorkState] = frozenset({"Succeeded", "Failed", "Canceled"})
UNENDED: frozenset[WorkState] = frozenset({"Queued", "Running"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One piece of work as it stands. `after` is the work that it waits for."""

    id: str
    kind: WorkKind
    workspace: str
    arguments: bytes
    """JSON of the domain's own struct."""
    state: WorkState
    after: str | None
    fence: int
    worker: str | None
    cancel: bool
    stage: str
    done: int
    total: int
    failure: Failure | None
    output: bytes | None
    created_at: str
    started_at: str | None
    ended_at: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Work that a node now holds, with the outputs of the steps done before."""

    work: Work
    steps: dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a piece of work ended."""

    state: Literal["Succeeded", "Failed", "Canceled"]
    failure: Failure | None = None
    output: bytes | None = None
