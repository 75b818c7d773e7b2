"""A run's status word as a pure function of its work. Source: contract §5."""

from typing import Literal

from wheelkeep.server.work.model import Work

__all__ = ["RunStatus", "status_of"]

RunStatus = Literal[
    "NotStarted",
    "Queued",
    "Preparing",
    "Starting",
    "Running",
    "Finalizing",
    "Completed",
    "Failed",
    "CancelRequested",
    "Canceled",
]

_STAGES: dict[str, RunStatus] = {
    "": "Starting",
    "environment": "Preparing",
    "snapshot": "Starting",
    "script": "Running",
    "finish": "Finalizing",
}


def status_of(work: Work) -> RunStatus:
    """The word for `work`: Preparing while its environment is built or made, Running while the script runs."""
    match work.state:
        case "Succeeded":
            return "Completed"
        case "Failed":
            return "Failed"
        case "Canceled":
            return "Canceled"
        case "Queued":
            return "Queued" if work.after is None else "Preparing"
        case "Running":
            return "CancelRequested" if work.cancel else _STAGES.get(work.stage, "Running")
