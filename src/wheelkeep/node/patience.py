"""Waiting for another process without going deaf: a lock is asked for again and again, the watch in between."""

import time
from collections.abc import Callable

from wheelkeep.files import FolderLock
from wheelkeep.node.watch import Watch

__all__ = ["wait_for_lock"]

_POLL_S = 0.05


def wait_for_lock(ask: Callable[[], FolderLock | None], watch: Watch) -> FolderLock:
    """The lock that `ask` gives as soon as nobody else holds it.

    Raises:
        WheelkeepError: what the watch raised meanwhile.
    """
    while True:
        lock = ask()
        if lock is not None:
            return lock
        watch.check()
        time.sleep(_POLL_S)
