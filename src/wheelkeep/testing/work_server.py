"""The fake server of works behind real HTTP on loopback, for tests of a node.

Its routes are those of `wire/work.py`, the pages of a build's index and files by digest; tokens, fences and
problem+json are as on the real one. It can go away (`stop`, then `start` on the same port) and it can be told to fail.
"""

import base64
import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar, Self
from urllib.parse import unquote, urlsplit

import msgspec

from wheelkeep.errors import (
    AuthenticationError,
    ConflictError,
    NotFoundError,
    WheelkeepError,
)
from wheelkeep.testing.work_book import FakeWork, WorkBook
from wheelkeep.wire.problem import Problem
from wheelkeep.wire.work import (
    EndBody,
    FenceBody,
    HeartbeatBody,
    HeartbeatView,
    HoldBody,
    LeaseBody,
    LockBody,
    LogBody,
    StepBody,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["NODE_TOKEN", "WorkServer"]

NODE_TOKEN = "wkt_node_canary"  # noqa: S105 - a made-up token of a fake
"""The token that the fake takes from nodes."""

_STATUS: dict[type[WheelkeepError], int] = {AuthenticationError: 401, NotFoundError: 404, ConflictError: 409}
_API = "/api/v1/work/"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no event."""


class WorkServer:
    """The fake as a context: it listens inside.

    Attributes:
        book: what it knows and was told.
        asked: (method, path, token) of every request, in order.
        longest_wait_s: seconds that a request for work waits at most.
        fault: called with (method, path) before each answer; a status that it gives is answered instead.
    """

    def __init__(self, book: WorkBook | None = None) -> None:
        self.book = book or WorkBook()
        self.asked: list[tuple[str, str, str]] = []
        self.longest_wait_s = 2.0
        self.fault: Callable[[str, str], int | None] = lambda _method, _path: None
        self._port = 0
        self._server: _Server | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the port of before when there was one."""
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", self._port), handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Go away."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def here(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Handler(BaseHTTPRequestHandler):
    owner: ClassVar[WorkServer]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Be quiet."""

    def _serve(self) -> None:
        if not self.owner.here:
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        self.owner.asked.append((self.command, path, self._token()))
        status = self.owner.fault(self.command, path)
        if status is not None:
            self._answer(status, b"a fault that a test asked for", "text/plain")
            return
        try:
            if path.startswith(_API):
                self._answer_api(path.removeprefix(_API), body)
            else:
                self._answer_files(path)
        except WheelkeepError as error:
            self._problem(error)

    do_GET = do_HEAD = do_POST = do_PUT = _serve  # noqa: N815 - http.server's own names

    def _token(self) -> str:
        kind, _, value = self.headers.get("Authorization", "").partition(" ")
        if kind == "Basic":
            return base64.b64decode(value).decode().partition(":")[2]
        return value

    def _answer_api(self, rest: str, body: bytes) -> None:
        if rest == "lease":
            self._lease(body)
            return
        name, _, word = rest.partition("/")
        work = self.owner.book.works.get(name)
        if work is None or self._token() not in (work.grant, *self._older_grants(work)):
            raise AuthenticationError("no such grant", code="token_invalid")
        with self.owner.book.changed:
            answer = self._word(work, word, body)
        if isinstance(answer, bytes):
            self._answer(200, answer, "application/zip")
        elif answer is None:
            self._answer(204, b"", "application/json")
        else:
            self._answer(200, msgspec.json.encode(answer), "application/json")

    def _older_grants(self, work: FakeWork) -> list[str]:
        return [f"wkg_{work.id}_{fence}_canary" for fence in range(work.fence)]

    def _lease(self, body: bytes) -> None:
        if self._token() != NODE_TOKEN:
            raise AuthenticationError("no such token", code="token_invalid", hint="make one")
        asked = msgspec.json.decode(body, type=LeaseBody)
        lease = self.owner.book.lease(asked.worker, min(asked.wait_s, self.owner.longest_wait_s), is_gone=self._is_gone)
        if lease is None:
            self._answer(204, b"", "application/json")
        else:
            self._answer(200, msgspec.json.encode(lease), "application/json")

    def _is_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _word(self, work: FakeWork, word: str, body: bytes) -> msgspec.Struct | bytes | None:
        if self.command == "GET":
            return self._told(work, word)
        if word.startswith("outputs/"):
            fence = int(urlsplit(self.path).query.removeprefix("fence="))
            self.owner.book.check(work, fence, word)
            work.outputs[unquote(word.removeprefix("outputs/"))] = body
            return None
        return self._heard(work, word, body)

    def _told(self, work: FakeWork, word: str) -> msgspec.Struct | bytes:
        found = {"resolution": work.resolution, "lock": work.lock, "snapshot": work.snapshot}.get(word)
        if found is None:
            raise NotFoundError(f"no {word}", code="not_found")
        return found

    def _heard(self, work: FakeWork, word: str, body: bytes) -> msgspec.Struct | None:
        book = self.owner.book
        book.check(work, msgspec.json.decode(body, type=FenceBody).fence, word)
        match word:
            case "heartbeat":
                beat = msgspec.json.decode(body, type=HeartbeatBody)
                work.progress.append((beat.stage, beat.done, beat.total))
                return HeartbeatView(cancel=work.cancel)
            case "step":
                step = msgspec.json.decode(body, type=StepBody)
                book.step(work, step.name, step.output)
            case "log":
                book.append(work, msgspec.json.decode(body, type=LogBody))
            case "lock":
                return book.read_lock(work, msgspec.json.decode(body, type=LockBody))
            case "hold":
                return book.hold(work, msgspec.json.decode(body, type=HoldBody).filename)
            case "seal":
                return book.seal(work)
            case "end":
                book.end(work, msgspec.json.decode(body, type=EndBody))
            case "release":
                book.release(work)
            case _:
                raise NotFoundError(f"no {word}", code="not_found")
        return None

    def _answer_files(self, path: str) -> None:
        """`/w/<workspace>/builds/<work>/simple|files/<project>/...` and `/w/<workspace>/files/<sha256>/<filename>`."""
        works = self.owner.book.works.values()
        grants = [grant for work in works for grant in (work.grant, *self._older_grants(work))]
        if self._token() not in (*grants, NODE_TOKEN):
            raise AuthenticationError("no such grant", code="token_invalid")
        parts = path.strip("/").split("/")
        match parts:
            case ["w", _, "builds", _, "simple", project]:
                self._page(project)
            case ["w", _, "builds", _, "files", project, filename]:
                self._bytes(
                    next((data for name, _, data in self.owner.book.files_of(project) if name == filename), None)
                )
            case ["w", _, "files", sha256, filename]:
                name, data = self.owner.book.files.get(sha256, ("", b""))
                self._bytes(data if name == unquote(filename) else None)
            case _:
                raise NotFoundError("no such page", code="not_found")

    def _page(self, project: str) -> None:
        files = [
            {"filename": name, "url": f"../../files/{project}/{name}", "hashes": {"sha256": sha256}, "size": len(data)}
            for name, sha256, data in self.owner.book.files_of(project)
        ]
        if not files:
            raise NotFoundError("no such project", code="not_found")
        page = {"meta": {"api-version": "1.1"}, "name": project, "files": files}
        self._answer(200, json.dumps(page).encode(), "application/vnd.pypi.simple.v1+json")

    def _bytes(self, data: bytes | None) -> None:
        if data is None:
            raise NotFoundError("no such file", code="unknown_file")
        span = self.headers.get("Range", "")
        if span.startswith("bytes=") and span.endswith("-"):
            self._answer(206, data[int(span[6:-1]) :], "application/octet-stream")
        else:
            self._answer(200, data, "application/octet-stream")

    def _problem(self, error: WheelkeepError) -> None:
        status = next((status for kind, status in _STATUS.items() if isinstance(error, kind)), 422)
        problem = Problem(
            title=type(error).__name__, status=status, code=error.code, detail=error.message, hint=error.hint
        )
        self._answer(status, msgspec.json.encode(problem), "application/problem+json")

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if status == 401:  # noqa: PLR2004 - HTTP
            self.send_header("WWW-Authenticate", 'Basic realm="wheelkeep"')
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
