"""A package feed on loopback that behaves, or misbehaves in the ways that feeds do.

A simulator instead of mocks: what is tested is the whole way over a real socket. It remembers every request with its
Authorization header, so that a test can prove to whom a credential was sent, and to whom it was not.
"""

import base64
import json
import re
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from packaging.utils import parse_wheel_filename

from wheelkeep.digest import Digest
from wheelkeep.server.origin.remote_zip import SparseFile, read_wheel_metadata

__all__ = ["Behaviour", "FeedSimulator", "SeenRequest"]

_MOST_METADATA_BYTES = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


@dataclass(frozen=True, slots=True)
class SeenRequest:
    """One request that arrived."""

    path: str
    authorization: str | None
    range: str | None

    @property
    def shown(self) -> str:
        """The credential it carried: a Basic header's `user:password`, a Bearer header's token; empty without one."""
        scheme, _, value = (self.authorization or "").partition(" ")
        return base64.b64decode(value).decode() if scheme == "Basic" else value


@dataclass(slots=True, kw_only=True)
class Behaviour:
    """How the feed answers; change it while the feed runs.

    Attributes:
        password: what Basic authentication must show as its password; None admits everybody.
        accepts: what must be shown as a Basic password or a Bearer token; None admits everybody.
        form: `json` or `html`.
        with_hashes: pages give sha256.
        with_metadata: pages offer `.metadata`.
        with_ranges: files answer Range requests.
        status: answered to every request for a page, when it is set.
        redirect: where every request for a page is sent, when it is set; `{path}` stands for the path.
        file_redirect: the same for files.
        page: raw bytes answered as every page, when they are set.
        content_type: of pages, instead of the form's own.
        page_delay_s: how long a page takes.
        file_delay_s: how long a file takes, its `.metadata` apart.
        stall: `never` answers nothing, `endless` sends a page that never ends, `cut` breaks a file off half-way.
    """

    password: str | None = None
    accepts: set[str] | None = None
    form: Literal["json", "html"] = "json"
    with_hashes: bool = True
    with_metadata: bool = False
    with_ranges: bool = True
    status: int | None = None
    redirect: str | None = None
    file_redirect: str | None = None
    page: bytes | None = None
    content_type: str | None = None
    page_delay_s: float = 0.0
    file_delay_s: float = 0.0
    stall: Literal["never", "endless", "cut"] | None = None


@dataclass(slots=True)
class _State:
    behaviour: Behaviour
    files: dict[str, bytes] = field(default_factory=dict)
    announced: dict[str, str] = field(default_factory=dict)
    seen: list[SeenRequest] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    clients: set[socket.socket] = field(default_factory=set)


class FeedSimulator:
    """A simple index at `url`, on a free port of this machine, while it is entered.

    Args:
        wheels: paths of what it has.
        behaviour: how it answers.
        port: which port; a free one when 0.
    """

    def __init__(self, *wheels: Path, behaviour: Behaviour | None = None, port: int = 0) -> None:
        self._state = _State(behaviour or Behaviour())
        self._port = port
        self._server: _QuietServer | None = None
        self._thread: threading.Thread | None = None
        for wheel in wheels:
            self.add(wheel)

    @property
    def behaviour(self) -> Behaviour:
        """How it answers; may be changed."""
        return self._state.behaviour

    @property
    def seen(self) -> list[SeenRequest]:
        """Every request that arrived."""
        return self._state.seen

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        if self._server is None:
            raise ValueError("the feed is not started")
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        """The index's URL."""
        return f"{self.base_url}/simple/"

    def add(self, wheel: Path) -> None:
        """Have it."""
        data = wheel.read_bytes()
        self._state.files[wheel.name] = data
        self._state.announced[wheel.name] = Digest.of(data).hex

    def lose(self, filename: str) -> None:
        """Have it no more."""
        del self._state.files[filename]

    def swap(self, filename: str, data: bytes) -> None:
        """Send other bytes than the page announces."""
        self._state.files[filename] = data

    def __enter__(self) -> Self:
        state = self._state
        state.stopped.clear()

        class Handler(_FeedRequest):
            feed = state

        self._server = _QuietServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._state.stopped.set()
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()
        for client in list(self._state.clients):  # who kept a connection learns that the feed is gone
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


class _QuietServer(ThreadingHTTPServer):
    """Says nothing when a client hangs up: in these stories clients are killed."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Let a broken connection be; everything else is told as usual."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type] # typeshed wants the socket's own type


class _FeedRequest(BaseHTTPRequestHandler):
    feed: _State
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        """Remember who is connected."""
        super().setup()
        self.feed.clients.add(self.connection)

    def finish(self) -> None:
        """Forget it."""
        self.feed.clients.discard(self.connection)
        super().finish()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer."""
        behaviour = self.feed.behaviour
        path = unquote(urlsplit(self.path).path)
        self.feed.seen.append(SeenRequest(self.path, self.headers.get("Authorization"), self.headers.get("Range")))
        self.feed.stopped.wait(_delay_s(behaviour, path))
        if not self._admitted(behaviour):
            self._send(401, b"who are you", {"WWW-Authenticate": 'Basic realm="feed"'})
        elif behaviour.stall == "never":
            self.feed.stopped.wait(30)
            self.close_connection = True
        elif path.startswith("/simple/"):
            self._answer_page(behaviour, path)
        elif path.startswith("/files/"):
            self._answer_file(behaviour, path.removeprefix("/files/"))
        else:
            self._send(404, b"nothing here")

    def _admitted(self, behaviour: Behaviour) -> bool:
        if behaviour.accepts is not None:
            return self.feed.seen[-1].shown.rpartition(":")[2] in behaviour.accepts
        if behaviour.password is None:
            return True
        shown = self.headers.get("Authorization", "")
        return (
            shown.startswith("Basic ") and base64.b64decode(shown[6:]).decode().partition(":")[2] == behaviour.password
        )

    def _answer_page(self, behaviour: Behaviour, path: str) -> None:
        project = path.removeprefix("/simple/").strip("/")
        if behaviour.status is not None:
            self._send(behaviour.status, b"as told")
        elif behaviour.redirect is not None:
            self._send(302, b"", {"Location": behaviour.redirect.replace("{path}", path)})
        elif behaviour.stall == "endless":
            self._send_endless()
        elif behaviour.page is not None:
            self._send(200, behaviour.page, {"Content-Type": behaviour.content_type or _CONTENT_TYPES[behaviour.form]})
        else:
            names = [name for name in self.feed.files if parse_wheel_filename(name)[0] == project]
            body = (self._json if behaviour.form == "json" else self._html)(project, names)
            content_type = behaviour.content_type or _CONTENT_TYPES[behaviour.form]
            self._send(200 if names else 404, body, {"Content-Type": content_type})

    def _json(self, project: str, names: list[str]) -> bytes:
        behaviour = self.feed.behaviour
        files = [
            {
                "filename": name,
                "url": f"../../files/{name}",
                "hashes": {"sha256": self.feed.announced[name]} if behaviour.with_hashes else {},
                "core-metadata": behaviour.with_metadata,
                "size": len(self.feed.files[name]),
            }
            for name in names
        ]
        return json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": files}).encode()

    def _html(self, project: str, names: list[str]) -> bytes:
        behaviour = self.feed.behaviour
        lines = [f"<!DOCTYPE html><html><head><title>{project}</title></head><body>"]
        for name in names:
            fragment = f"#sha256={self.feed.announced[name]}" if behaviour.with_hashes else ""
            core = ' data-core-metadata="true"' if behaviour.with_metadata else ""
            lines.append(f'<a href="../../files/{name}{fragment}"{core}>{name}</a><br>')
        return "\n".join([*lines, "</body></html>"]).encode()

    def _answer_file(self, behaviour: Behaviour, name: str) -> None:
        if behaviour.file_redirect is not None:
            self._send(302, b"", {"Location": behaviour.file_redirect.replace("{path}", f"/files/{name}")})
            return
        wheel = name.removesuffix(".metadata")
        data = self.feed.files.get(wheel)
        if data is None or (name != wheel and not behaviour.with_metadata):
            self._send(404, b"no such file")
        elif behaviour.stall == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data[: len(data) // 2])
            self.close_connection = True
        else:
            self._send_file(behaviour, data if name == wheel else _metadata(data))

    def _send_file(self, behaviour: Behaviour, data: bytes) -> None:
        asked = _RANGE.fullmatch(self.headers.get("Range", "")) if behaviour.with_ranges else None
        if asked is None:
            self._send(200, data)
            return
        first, last = asked.groups()
        start = int(first) if first else max(0, len(data) - int(last))
        end = min(len(data) - 1, int(last)) if first and last else len(data) - 1
        self._send(206, data[start : end + 1], {"Content-Range": f"bytes {start}-{end}/{len(data)}"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _send_endless(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.close_connection = True
        try:
            while not self.feed.stopped.is_set():
                self.wfile.write(b"<a href='x'>x</a>" * 1000)
        except OSError:
            return


_CONTENT_TYPES = {"json": "application/vnd.pypi.simple.v1+json", "html": "text/html; charset=utf-8"}


def _delay_s(behaviour: Behaviour, path: str) -> float:
    if path.startswith("/simple/"):
        return behaviour.page_delay_s
    return 0.0 if path.endswith(".metadata") else behaviour.file_delay_s


def _metadata(wheel: bytes) -> bytes:
    whole = SparseFile(len(wheel))
    whole.add(0, wheel)
    return read_wheel_metadata(whole, most_bytes=_MOST_METADATA_BYTES)
