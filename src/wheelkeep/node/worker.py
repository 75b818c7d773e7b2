"""The worker: some slots that lease work and do it, until it is told to leave.

SIGTERM or Ctrl-C: nothing more is leased; what is under way may finish within `finish_s`, then its children end and
the work is handed back, so another worker goes on at once. At its start it sweeps what a killed worker left.
"""

import logging
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from wheelkeep.errors import AuthenticationError, DeniedError, NotFoundError, UnreachableError, WheelkeepError
from wheelkeep.node.build_plan import Workshop
from wheelkeep.node.door import LeaseDoor
from wheelkeep.node.environment import sweep_environments
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.holder import Held, Stop
from wheelkeep.node.interpreter import own_interpreter
from wheelkeep.node.perform import perform
from wheelkeep.node.process import end_leftover_scripts
from wheelkeep.wire.work import LeaseBody, LeaseView

__all__ = ["Worker", "WorkerPlan"]

_LOG = logging.getLogger(__name__)
_TICK_S = 0.2
_AWAY_PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class WorkerPlan:
    """How a worker behaves. Times are seconds.

    `patience_s` is how long the server may be away before the worker leaves: `first_patience_s` before it was ever
    there; afterwards None waits for ever. `leave_with` is a folder whose end is the worker's end.
    """

    name: str
    slots: int = 1
    wait_s: float = 20.0
    finish_s: float = 5.0
    first_patience_s: float = 10.0
    patience_s: float | None = None
    leave_with: Path | None = None


class Worker:
    """Slots over one server; `run` returns when the worker has left."""

    def __init__(self, doors: LeaseDoor, workshop: Workshop, folder: NodeFolder, *, plan: WorkerPlan) -> None:
        self._doors = doors
        self._workshop = workshop
        self._folder = folder
        self._plan = plan
        self._leaving = threading.Event()
        self._held: list[Held] = []
        self._changed = threading.Lock()
        self._failure: WheelkeepError | None = None
        self._heard_at: float | None = None
        self._began_at = time.monotonic()

    def leave(self) -> None:
        """Lease nothing more. Safe in a signal handler."""
        self._leaving.set()

    @property
    def busy(self) -> int:
        """How many slots work now."""
        return len(self._held)

    def run(self) -> None:
        """Work until `leave`, or until there is no server or folder to work for.

        Raises:
            UnreachableError: the server was away for too long.
            AuthenticationError, DeniedError: the token is no node's, or no longer.
        """
        self.sweep()
        self._began_at = time.monotonic()
        slots = [
            threading.Thread(target=self._work, name=f"slot-{number}", daemon=True)
            for number in range(self._plan.slots)
        ]
        for slot in slots:
            slot.start()
        while not self._leaving.wait(_TICK_S):
            if self._plan.leave_with is not None and not self._plan.leave_with.is_dir():
                _LOG.info("%s is gone; leaving", self._plan.leave_with)
                self.leave()
            self._check_server()
        self._hand_back(slots)
        if self._failure is not None:
            raise self._failure

    def sweep(self) -> None:
        """Remove what killed processes left in the node's folder, and end the scripts they left running."""
        ended = end_leftover_scripts(self._folder)
        swept = self._folder.sweep_scratch() + sweep_environments(self._folder)
        if ended or swept:
            _LOG.info("ended %d scripts and removed %d folders that an earlier worker left", ended, swept)

    def _check_server(self) -> None:
        """Leave when the server has been away for longer than the plan allows."""
        failure = self._failure
        if failure is None:
            return
        if not isinstance(failure, UnreachableError):
            self.leave()
            return
        since, patience = (
            (self._began_at, self._plan.first_patience_s)
            if self._heard_at is None
            else (self._heard_at, self._plan.patience_s)
        )
        if patience is not None and time.monotonic() - since > patience and not self._held:
            self.leave()

    def _hand_back(self, slots: list[threading.Thread]) -> None:
        """Wait for what is under way, then hand it back; slots that only wait for work are interrupted first."""
        self._doors.interrupt()
        deadline = time.monotonic() + self._plan.finish_s
        while self._held and time.monotonic() < deadline:
            time.sleep(_TICK_S / 4)
        with self._changed:
            for held in self._held:
                held.stop(Stop.HANDED_BACK)
        for slot in slots:
            while slot.is_alive() and self._held:
                slot.join(_TICK_S)

    def _work(self) -> None:
        """One slot. Its funnel: whatever goes wrong is logged and the slot goes on; a lease left so runs out."""
        while not self._leaving.is_set():
            try:
                lease = self._lease()
                if lease is not None:
                    self._do(lease)
            except WheelkeepError as error:
                _LOG.warning("%s; trying again", error.message)
                self._leaving.wait(_AWAY_PAUSE_S)
            except Exception:  # noqa: BLE001 - the slot's one funnel: it is logged with its traceback
                _LOG.exception("a slot met a defect; it goes on")
                self._leaving.wait(_AWAY_PAUSE_S)

    def _lease(self) -> LeaseView | None:
        python = own_interpreter()
        body = LeaseBody(
            worker=self._plan.name,
            python=python.version,
            platform=python.platform,
            slots=self._plan.slots,
            busy=self.busy,
            wait_s=self._plan.wait_s,
        )
        asked_at = time.monotonic()
        try:
            lease = self._doors.lease(body)
        except UnreachableError as error:
            if self._leaving.is_set():
                return None
            if self._failure is None:
                _LOG.warning("%s; trying again", error.message)
            self._failure = error
            self._leaving.wait(_AWAY_PAUSE_S)
            return None
        except (AuthenticationError, DeniedError, NotFoundError) as error:
            self._failure = error
            self._leaving.wait()
            return None
        except WheelkeepError as error:
            _LOG.warning("the server gave no work: %s", error.message)
            self._leaving.wait(_AWAY_PAUSE_S)
            return None
        if self._failure is not None:
            _LOG.info("the server is there again")
        self._failure = None
        self._heard_at = time.monotonic()
        if lease is None and self._heard_at - asked_at < _AWAY_PAUSE_S:
            self._leaving.wait(_AWAY_PAUSE_S)  # a server that does not hold the question is not asked in a loop
        return lease

    def _do(self, lease: LeaseView) -> None:
        held = Held(lease, self._doors)
        with self._changed:
            self._held.append(held)
            if self._leaving.is_set():
                held.stop(Stop.HANDED_BACK)
        _LOG.info("work %s begins (%s)", lease.id, type(lease.work).__name__)
        try:
            with held:
                state = perform(held, self._workshop, self._folder)
            _LOG.info("work %s: %s", lease.id, state)
        finally:
            with self._changed:
                self._held.remove(held)
        self._heard_at = time.monotonic()
