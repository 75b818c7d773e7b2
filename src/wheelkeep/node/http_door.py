"""The doors of `door.py` over HTTP.

Every call of a work's door is idempotent by the protocol (a fence, a sequence, a name or a digest makes a repeat
harmless), so it is repeated while the server is away, until the watch says that the lease must be lost by now.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeVar, cast
from urllib.parse import quote

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from wheelkeep.digest import Digest
from wheelkeep.errors import (
    AuthenticationError,
    ConflictError,
    DeniedError,
    UnreachableError,
    UpstreamError,
    WheelkeepError,
)
from wheelkeep.node.breakable import BreakableLine
from wheelkeep.node.door import Download, ResolvedLock
from wheelkeep.node.transport import Transport, unreachable
from wheelkeep.node.watch import Watch
from wheelkeep.secret import Secret
from wheelkeep.wire.problem import Failure
from wheelkeep.wire.work import (
    EndBody,
    FenceBody,
    HeartbeatBody,
    HeartbeatView,
    HoldBody,
    HoldView,
    LeaseBody,
    LeaseView,
    LockBody,
    LockView,
    LogBody,
    LoggedMetric,
    LogPiece,
    ResolutionView,
    StepBody,
)

__all__ = ["HttpFiles", "HttpLeaseDoor", "HttpWorkDoor"]

Answer = TypeVar("Answer")
View = TypeVar("View")

_CHUNK_BYTES = 1 << 18
_PARTIAL = 206
_REDIRECT = 300
_HEARTBEAT_S = 5.0
_HOLD_S = 900.0


class HttpFiles:
    """Held files, fetched with one token; a redirect to the object store is followed without it."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    @contextmanager
    def open_file(self, workspace: str, sha256: str, *, filename: str, start: int = 0) -> Iterator[Download]:
        """The bytes of a held file from `start` on; see `door.FileSource`."""
        digest = Digest.parse(sha256).hex
        path = f"/w/{quote(workspace, safe='')}/files/{digest}/{quote(filename, safe='+')}"
        with self.open_path(path, start=start) as download:
            yield download

    @contextmanager
    def open_path(self, path: str, *, start: int = 0) -> Iterator[Download]:
        """The bytes behind a path of the server, from `start` on."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self._transport.stream("GET", path, headers=headers) as response:
            if response.status < _REDIRECT:
                yield Download(start if response.status == _PARTIAL else 0, response.stream(_CHUNK_BYTES))
                return
            location = response.headers.get("Location", "")
        with _redirected(location, headers) as download:
            yield download


@contextmanager
def _redirected(location: str, headers: dict[str, str]) -> Iterator[Download]:
    """The bytes from an object store that the server signed an address for; never with our token.

    The address is a secret of some minutes, so no message shows it.
    """
    with urllib3.PoolManager(retries=False) as pool:
        try:
            response = pool.request("GET", location, headers=headers, preload_content=False, redirect=False)
            if response.status >= _REDIRECT:
                raise UpstreamError(
                    f"the object store answered HTTP {response.status} for a held file",
                    code="feed_failed",
                    hint="look at the server's WHEELKEEP_OBJECTS_URL and its clock",
                )
            start = int(headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            yield Download(start if response.status == _PARTIAL else 0, response.stream(_CHUNK_BYTES))
        except HTTPError as error:
            raise UnreachableError("the object store does not answer", code="server_unreachable") from error


class HttpLeaseDoor:
    """A node's own door; see `door.LeaseDoor`. It asks over connections of its own, which can be broken off."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._line = BreakableLine()
        self._asking = transport.over(self._line.pool)

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._transport.url

    def lease(self, body: LeaseBody) -> LeaseView | None:
        """A piece of work, or None; see `door.LeaseDoor`."""
        data = self._asking.call("POST", "/api/v1/work/lease", body=body, read_s=body.wait_s + 15.0)
        return _read(data, LeaseView) if data else None

    def interrupt(self) -> None:
        """Break off every `lease` that waits; see `door.LeaseDoor`."""
        self._line.break_off()

    def work(self, lease: LeaseView, watch: Watch) -> "HttpWorkDoor":
        """The door of `lease`; `watch` says how long a silent server is waited for."""
        return HttpWorkDoor(self._transport.with_token(Secret(lease.grant)), lease, watch=watch)


class HttpWorkDoor(HttpFiles):
    """The door of one work; see `door.WorkDoor`."""

    def __init__(self, transport: Transport, lease: LeaseView, *, watch: Watch) -> None:
        super().__init__(transport)
        self._path = f"/api/v1/work/{quote(lease.id, safe='')}"
        self._fence = lease.fence
        self._watch = watch

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._transport.url

    @property
    def grant(self) -> Secret:
        """The grant of this work."""
        return self._transport.token

    def heartbeat(self, stage: str, *, done: int, total: int) -> HeartbeatView:
        """Renew the lease; not repeated here, because the next heartbeat is the repeat."""
        body = HeartbeatBody(fence=self._fence, stage=stage, done=done, total=total)
        return _read(
            self._transport.call("POST", f"{self._path}/heartbeat", body=body, read_s=_HEARTBEAT_S), HeartbeatView
        )

    def send_step(self, name: str, output: dict[str, object]) -> None:
        """Journal a step."""
        self._call("POST", "/step", StepBody(fence=self._fence, name=name, output=output))

    def send_log(self, sequence: int, *, pieces: Sequence[LogPiece], metrics: Sequence[LoggedMetric]) -> None:
        """Append to the log."""
        self._call(
            "POST", "/log", LogBody(fence=self._fence, sequence=sequence, pieces=list(pieces), metrics=list(metrics))
        )

    def fetch_resolution(self) -> ResolutionView:
        """What the resolver is to be told."""
        return _read(self._call("GET", "/resolution"), ResolutionView)

    def send_lock(self, lock: ResolvedLock) -> LockView:
        """Send what the resolver wrote."""
        body = LockBody(
            fence=self._fence,
            pylock=lock.pylock,
            python=lock.python,
            platform=lock.platform,
            resolver=lock.resolver,
            tags=list(lock.tags),
        )
        return _read(self._call("PUT", "/lock", body), LockView)

    def hold(self, filename: str) -> HoldView:
        """Let the server hold one file; it may take as long as the origin's download."""
        return _read(
            self._call("POST", "/hold", HoldBody(fence=self._fence, filename=filename), read_s=_HOLD_S), HoldView
        )

    def seal(self) -> LockView:
        """The finished lock."""
        return _read(self._call("POST", "/seal", FenceBody(fence=self._fence)), LockView)

    def fetch_lock(self) -> LockView:
        """The lock of this work's environment."""
        return _read(self._call("GET", "/lock"), LockView)

    @contextmanager
    def open_snapshot(self) -> Iterator[Download]:
        """The zip of the run's source folder."""
        with self.open_path(f"{self._path}/snapshot") as download:
            yield download

    def send_output(self, path: str, file: Path, *, sha256: str, size: int) -> None:
        """Upload a file that a run left."""
        target = f"{self._path}/outputs/{quote(path, safe='/')}?fence={self._fence}"
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(size),
            "X-Wheelkeep-Sha256": sha256,
        }

        def send() -> None:
            with (
                file.open("rb") as stream,
                self._transport.stream("PUT", target, body=stream, headers=headers) as answer,
            ):
                answer.read()

        self._persist(send)

    def end(self, state: str, *, failure: Failure | None, output: dict[str, object]) -> None:
        """Say that the work is over. A repeat whose first answer was lost finds the lease gone: it is over."""
        body = EndBody(
            fence=self._fence,
            state=cast("Literal['Succeeded', 'Failed', 'Canceled']", state),
            failure=failure,
            output=output,
        )
        self._last_word("/end", body)

    def release(self) -> None:
        """Hand the work back."""
        self._last_word("/release", FenceBody(fence=self._fence))

    def _last_word(self, path: str, body: msgspec.Struct) -> None:
        tries = 0

        def say() -> None:
            nonlocal tries
            tries += 1
            try:
                self._transport.call("POST", self._path + path, body=body)
            except (ConflictError, AuthenticationError, DeniedError):
                if tries == 1:
                    raise

        self._persist(say)

    def _call(self, method: str, path: str, body: msgspec.Struct | None = None, *, read_s: float = 60.0) -> bytes:
        return self._persist(lambda: self._transport.call(method, self._path + path, body=body, read_s=read_s))

    def _persist(self, call: Callable[[], Answer]) -> Answer:
        attempt = 0
        while True:
            try:
                return call()
            except WheelkeepError as error:
                if not isinstance(error, UnreachableError) and error.code != "overloaded":
                    raise
                self._watch.wait_for_server(error, attempt)
            attempt += 1


def _read(data: bytes, view: type[View]) -> View:
    try:
        return msgspec.json.decode(data, type=view)
    except msgspec.DecodeError as error:
        raise unreachable("this address", f"its answer is not a Wheelkeep server's: {error}") from None
