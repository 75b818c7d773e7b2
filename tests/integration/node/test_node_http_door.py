"""The node's HTTP client against the fake server: what is repeated, what is told, where the token goes."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest

from wheelkeep.errors import AuthenticationError, ConflictError, InternalError, NotFoundError, UnreachableError
from wheelkeep.node.exec import server_files
from wheelkeep.node.http_door import HttpLeaseDoor, HttpWorkDoor
from wheelkeep.node.transport import Transport
from wheelkeep.node.watch import Quiet
from wheelkeep.secret import Secret
from wheelkeep.testing.work_book import FakeWork
from wheelkeep.testing.work_server import NODE_TOKEN, WorkServer
from wheelkeep.wire.work import BuildWork, LeaseBody

pytestmark = pytest.mark.servers

ASK = LeaseBody(worker="w", python="3.11.7", platform="linux-x86_64")


class Patient(Quiet):
    """Waits for nothing, and counts."""

    def __init__(self) -> None:
        self.waits = 0

    def wait_for_server(self, error: Exception, attempt: int) -> None:
        assert attempt == self.waits
        self.waits += 1
        if self.waits > 5:
            raise error


@pytest.fixture
def door(server: WorkServer) -> HttpWorkDoor:
    server.book.add(FakeWork("b1", BuildWork(workspace="default", environment="e", version=1, lock_digest=None)))
    doors = HttpLeaseDoor(Transport(server.url, Secret(NODE_TOKEN)))
    lease = doors.lease(ASK)
    assert lease is not None
    return doors.work(lease, Patient())


def fail_times(server: WorkServer, times: int, status: int, word: str) -> None:
    left = [times]

    def fault(_method: str, path: str) -> int | None:
        if path.endswith(word) and left[0] > 0:
            left[0] -= 1
            return status
        return None

    server.fault = fault


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_half_started_server_is_asked_again(server: WorkServer, door: HttpWorkDoor, status: int) -> None:
    fail_times(server, 2, status, "/step")
    door.send_step("lock", {})
    assert server.book.works["b1"].step_count == {"lock": 1}


def test_a_defect_is_not_asked_again(server: WorkServer, door: HttpWorkDoor) -> None:
    fail_times(server, 1, 500, "/step")
    with pytest.raises(InternalError):
        door.send_step("lock", {})


def test_a_problem_is_the_error_that_it_was(door: HttpWorkDoor) -> None:
    with pytest.raises(NotFoundError) as caught:
        door.fetch_resolution()
    assert caught.value.code == "not_found"
    with pytest.raises(ConflictError, match="not every file is held"):
        door.seal()


def test_an_end_whose_answer_was_lost_is_an_end(server: WorkServer, door: HttpWorkDoor) -> None:
    work = server.book.works["b1"]

    def lose(_method: str, path: str) -> int | None:
        if path.endswith("/end") and work.state == "Running":
            work.state = "Succeeded"
            return 503
        return None

    server.fault = lose
    door.end("Succeeded", failure=None, output={})
    assert work.refused == ["end"]


def test_a_server_that_never_comes_back_is_told(server: WorkServer, door: HttpWorkDoor) -> None:
    server.stop()
    with pytest.raises(UnreachableError):
        door.send_step("lock", {})


def test_a_page_that_is_no_wheelkeep_server_is_told(server: WorkServer) -> None:
    server.fault = lambda _method, _path: 200
    with pytest.raises(UnreachableError, match="not a Wheelkeep server"):
        HttpLeaseDoor(Transport(server.url, Secret(NODE_TOKEN))).lease(ASK)


def test_a_wrong_token_is_told_without_showing_it(server: WorkServer) -> None:
    with pytest.raises(AuthenticationError) as caught:
        HttpLeaseDoor(Transport(server.url, Secret("wkt_wrong_canary"))).lease(ASK)
    assert "canary" not in str(caught.value) + caught.value.hint


def test_a_waiting_lease_is_broken_off(server: WorkServer) -> None:
    doors = HttpLeaseDoor(Transport(server.url, Secret(NODE_TOKEN)))
    threading.Timer(0.3, doors.interrupt).start()
    with pytest.raises(UnreachableError):
        doors.lease(LeaseBody(worker="w", python="3.11.7", platform="x", wait_s=20.0))
    with pytest.raises(UnreachableError):
        doors.lease(ASK)


class _Store(BaseHTTPRequestHandler):
    """An object store that remembers what it was shown."""

    seen: ClassVar[list[str | None]] = []

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Be quiet."""

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Authorization"))
        if self.path.startswith("/w/"):
            self.send_response(302)
            self.send_header("Location", f"http://{self.headers['Host']}/signed")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"bytes")


@pytest.fixture
def store() -> Iterator[str]:
    _Store.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Store) as listening:
        threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_a_redirect_to_the_object_store_is_followed_without_the_token(store: str) -> None:
    source = server_files(store, Secret("wkt_canary"))
    with source.open_file("default", "0" * 64, filename="a-1.0-py3-none-any.whl") as download:
        assert b"".join(download.chunks) == b"bytes"
    assert _Store.seen == ["Bearer wkt_canary", None]
