"""The workers that were heard of lately. In memory: whoever lives says so again within half a minute."""

import threading
import time
from collections.abc import Callable

from wheelkeep.wire.resources import WorkerView

__all__ = ["Roster"]

_REMEMBERED_S = 45.0


class Roster:
    """Which workers ask for work. Safe to use from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._workers: dict[str, tuple[WorkerView, float]] = {}

    def note(self, worker: WorkerView) -> None:
        """`worker` has just asked."""
        with self._lock:
            self._workers[worker.name] = (worker, self._monotonic())

    def present(self) -> list[WorkerView]:
        """The workers that asked within the last 45 seconds, by name."""
        horizon = self._monotonic() - _REMEMBERED_S
        with self._lock:
            self._workers = {name: kept for name, kept in self._workers.items() if kept[1] >= horizon}
            return [kept[0] for _, kept in sorted(self._workers.items())]
