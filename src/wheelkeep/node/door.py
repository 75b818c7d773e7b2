"""What a node asks of the server, as protocols: the network behind them is `http_door.py`.

`LeaseDoor` is opened by the node's own token, `WorkDoor` by the grant of one work. Source: `wire/work.py`, which says
the routes and bodies.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wheelkeep.node.watch import Watch
from wheelkeep.secret import Secret
from wheelkeep.wire.problem import Failure
from wheelkeep.wire.work import (
    HeartbeatView,
    HoldView,
    LeaseBody,
    LeaseView,
    LockView,
    LoggedMetric,
    LogPiece,
    ResolutionView,
)

__all__ = ["Download", "FileSource", "LeaseDoor", "ResolvedLock", "WorkDoor"]


@dataclass(frozen=True, slots=True)
class Download:
    """Bytes on their way: `start` is the position of the first one (0 when the server ignored the range)."""

    start: int
    chunks: Iterator[bytes]


@dataclass(frozen=True, slots=True)
class ResolvedLock:
    """What a resolver found: a PEP 751 text for one Python (`3.11`) and platform, without a secret.

    `tags` are the wheel tags that this Python takes, best first; `resolver` says who found it ("uv 0.13.9").
    """

    pylock: str
    python: str
    platform: str
    tags: tuple[str, ...]
    resolver: str


class FileSource(Protocol):
    """Where held files come from."""

    def open_file(
        self, workspace: str, sha256: str, *, filename: str, start: int = 0
    ) -> AbstractContextManager[Download]:
        """The bytes of a held file from `start` on.

        Raises:
            UnreachableError: the server went away, before or while reading.
            NotFoundError: the workspace does not hold it.
        """


class LeaseDoor(Protocol):
    """What a node's own token opens: asking for work."""

    def lease(self, body: LeaseBody) -> LeaseView | None:
        """A piece of work, or None when there is none within `body.wait_s` seconds.

        Raises:
            UnreachableError: the server is away.
            AuthenticationError, DeniedError: the token is no node's.
        """

    def interrupt(self) -> None:
        """Break off every `lease` that waits, so that no work is given to a node that leaves; for good."""

    def work(self, lease: LeaseView, watch: Watch) -> "WorkDoor":
        """The door of the leased work; `watch` says how long a silent server is waited for."""


class WorkDoor(FileSource, Protocol):
    """What one work's grant opens. Every word carries the fence of the lease.

    Each call may raise `UnreachableError` (the server is away; the same call may be repeated, all of them are
    idempotent) and `ConflictError` `lost_lease`.
    """

    @property
    def url(self) -> str:
        """The server's URL as this node reaches it, without a slash at its end."""

    @property
    def grant(self) -> Secret:
        """The grant itself, for the resolver's configuration file."""

    def heartbeat(self, stage: str, *, done: int, total: int) -> HeartbeatView:
        """Renew the lease; whether somebody asked to stop."""

    def send_step(self, name: str, output: dict[str, object]) -> None:
        """Journal a step that is done."""

    def send_log(self, sequence: int, *, pieces: Sequence[LogPiece], metrics: Sequence[LoggedMetric]) -> None:
        """Append to the log; `sequence` counts from 1 under one fence."""

    def fetch_resolution(self) -> ResolutionView:
        """What the resolver is to be told."""

    def send_lock(self, lock: ResolvedLock) -> LockView:
        """Send what the resolver wrote; the files that the server found in it."""

    def hold(self, filename: str) -> HoldView:
        """Let the server fetch, verify and keep one file of the lock."""

    def seal(self) -> LockView:
        """The finished lock, once every file is held."""

    def fetch_lock(self) -> LockView:
        """The lock that this work's environment has already."""

    def open_snapshot(self) -> AbstractContextManager[Download]:
        """The zip of a run's source folder."""

    def send_output(self, path: str, file: Path, *, sha256: str, size: int) -> None:
        """Upload a file that a run left."""

    def end(self, state: str, *, failure: Failure | None, output: dict[str, object]) -> None:
        """Say that the work is over (`Succeeded`, `Failed`, `Canceled`)."""

    def release(self) -> None:
        """Hand the work back."""
