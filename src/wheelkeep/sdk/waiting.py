"""What a piece of work waits for while no worker has taken it, so that a silence has a reason."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from wheelkeep.errors import WheelkeepError
from wheelkeep.sdk.api import path_of
from wheelkeep.wire.resources import BuildView, RunView, WorkerView

if TYPE_CHECKING:
    from wheelkeep.sdk.workspace import Workspace

__all__ = ["told_once", "waiting_words"]

_ENDED = frozenset({"Succeeded", "Completed", "Failed", "Canceled"})


def waiting_words(workspace: "Workspace", asked: BuildView | RunView) -> str:
    """What `asked`, which is queued, waits for: the work of this workspace that was asked for earlier, or a worker.

    Raises:
        WheelkeepError: the server did not say.
    """
    builds = workspace.api.get(workspace.path("builds"), list[BuildView])
    runs = workspace.api.get(workspace.path("runs"), list[RunView])
    known: list[BuildView | RunView] = [*builds, *runs]
    ahead = sum(view.status not in _ENDED and view.created_at < asked.created_at for view in known)
    if ahead:
        pieces = "1 piece of work is" if ahead == 1 else f"{ahead} pieces of work are"
        return f"waiting for a worker: {pieces} ahead"
    if not workspace.api.get(path_of("workers"), list[WorkerView]):
        return "waiting for a worker: none is there; `wheelkeep worker` starts one"
    return "waiting for a worker: all are busy"


def told_once(words: Callable[[], str | None], say: Callable[[str], None]) -> Callable[[], None]:
    """What says `words()` the first time that there are any, and is silent after.

    A server that does not answer is nothing to say here: whoever follows the log hears of it.
    """
    said = False

    def tell() -> None:
        nonlocal said
        if said:
            return
        try:
            found = words()
        except WheelkeepError:
            return
        if found is not None:
            said = True
            say(found)

    return tell
