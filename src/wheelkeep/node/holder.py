"""One lease in this node's hands: it is renewed, its cancel flag is seen, its log flows, and its loss stops everything.

The holder judges by itself when the lease must be lost (no renewal was answered within its length, measured from
before the request): a node that is cut off stops its children before another one starts them again. After that it
writes nothing more. Source: design.md, "Work is leased"; reference/jobs.md, "Fencing".
"""

import threading
import time
from collections.abc import Callable, Mapping
from enum import Enum
from types import TracebackType
from typing import Self

from wheelkeep.errors import CanceledError, ConflictError, UnreachableError, WheelkeepError
from wheelkeep.node.door import LeaseDoor
from wheelkeep.node.log_stream import LogStream
from wheelkeep.wire.work import LeaseView, LoggedMetric, LogPiece

__all__ = ["HandedBackError", "Held", "Stop"]

_HEARTBEAT_S = 1.0
_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 2.0


class Stop(Enum):
    """Why a work stops before its end."""

    CANCELED = "somebody asked to stop"
    HANDED_BACK = "this worker leaves"
    LOST = "the lease is lost"


class HandedBackError(Exception):
    """This worker leaves; the work goes back to the server. Never shown to a user."""


class Held:
    """A lease in hand, as the watch of everything done under it.

    Use it as a context: heartbeats and the log flow inside, and have ended after it.

    Args:
        lease: what the server gave.
        doors: opens the work's door.
        monotonic: seconds that never jump.
        heartbeat_s: seconds between renewals.
    """

    def __init__(
        self,
        lease: LeaseView,
        doors: LeaseDoor,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        heartbeat_s: float = _HEARTBEAT_S,
    ) -> None:
        self.lease = lease
        self.door = doors.work(lease, self)
        self.stopped = threading.Event()
        self.steps: Mapping[str, dict[str, object]] = lease.steps
        self._monotonic = monotonic
        self._heartbeat_s = min(heartbeat_s, lease.lease_s / 3)
        self._renewed = monotonic()
        self._stop: Stop | None = None
        self._stage = ("", 0, 0)
        self._leaving = False
        self._nudge = threading.Event()
        self._log = LogStream(self._send_log, secrets=[self.door.grant])
        self._heart = threading.Thread(target=self._beat, name=f"heartbeat-{lease.id}", daemon=True)

    def __enter__(self) -> Self:
        self._log.start()
        self._heart.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._log.close()
        self._leaving = True
        self._nudge.set()
        self._heart.join()

    @property
    def stop_reason(self) -> Stop | None:
        """Why the work stops, or None while it goes on."""
        return self._stop

    def stop(self, reason: Stop) -> None:
        """Let the work stop at its next check; a loss outweighs every other reason."""
        if self._stop is None or reason is Stop.LOST:
            self._stop = reason
        self.stopped.set()

    def check(self) -> None:
        """Return while the work may go on; see `watch.Watch`.

        Raises:
            CanceledError: somebody asked to stop.
            ConflictError: `lost_lease`.
            HandedBackError: this worker leaves.
        """
        if self._stop is Stop.CANCELED:
            raise CanceledError("the work was canceled", code="canceled")
        if self._stop is Stop.LOST:
            raise lost_lease()
        if self._stop is Stop.HANDED_BACK:
            raise HandedBackError

    def enter(self, stage: str) -> None:
        """Tell that a step begins, at once: a reader waits for this word."""
        self._stage = (stage, 0, 0)
        self._nudge.set()

    def report(self, done: int, total: int) -> None:
        """Tell how far the present step is."""
        self._stage = (self._stage[0], done, total)

    def write(self, stream: str, text: str) -> None:
        """Add to the work's log."""
        self._log.write(stream, text)

    def note(self, metric: LoggedMetric) -> None:
        """Add a metric of the user's script."""
        self._log.note(metric)

    def journal(self, name: str, output: dict[str, object]) -> None:
        """Keep a step's output on the server."""
        self.door.send_step(name, output)

    def flush_log(self) -> None:
        """Send the log's rest; nothing can be added after."""
        self._log.close()

    def wait_for_server(self, error: WheelkeepError, attempt: int) -> None:
        """Wait with growing patience, as long as the lease may still be ours. Cancelling does not end this wait.

        Raises:
            ConflictError: `lost_lease`.
        """
        pause = min(_FIRST_WAIT_S * 2**attempt, _LONGEST_WAIT_S)
        if error.code == "overloaded":
            pause = _LONGEST_WAIT_S
        deadline = self._monotonic() + pause
        while self._monotonic() < deadline:
            if self._stop is Stop.LOST or self._expired():
                self.stop(Stop.LOST)
                raise lost_lease()
            time.sleep(min(_FIRST_WAIT_S, pause))

    def _send_log(self, sequence: int, pieces: list[LogPiece], metrics: list[LoggedMetric]) -> None:
        self.door.send_log(sequence, pieces=pieces, metrics=metrics)

    def _expired(self) -> bool:
        return self._monotonic() - self._renewed > self.lease.lease_s

    def _beat(self) -> None:
        while self._stop is not Stop.LOST:
            self._nudge.wait(self._heartbeat_s)
            self._nudge.clear()
            if self._leaving:
                return
            asked = self._monotonic()
            stage, done, total = self._stage
            try:
                answer = self.door.heartbeat(stage, done=done, total=total)
            except UnreachableError:
                if self._expired():
                    self.stop(Stop.LOST)
            except WheelkeepError as error:
                # A refused grant or fence will not become valid again; anything else may be a passing fault.
                if error.code in ("lost_lease", "token_invalid", "denied", "not_found") or self._expired():
                    self.stop(Stop.LOST)
            else:
                self._renewed = asked
                if answer.cancel:
                    self.stop(Stop.CANCELED)


def lost_lease() -> ConflictError:
    """The error that says: the work is another node's now."""
    return ConflictError("the work's lease is lost", code="lost_lease", hint="another worker goes on with it")
