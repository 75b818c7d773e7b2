"""Builds by a real worker and real uv against the fake server: steps, cancel, loss, a server that goes away."""

import sys
import time
from collections.abc import Callable

import pytest

from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.worker import Worker
from wheelkeep.testing.work_book import FakeWork
from wheelkeep.testing.work_server import WorkServer

pytestmark = pytest.mark.servers

Submit = Callable[..., FakeWork]

_BLOCK_S = 60.0
"""How long the server does not answer: what ends far before it did not wait for the answer."""


def wait_until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


@pytest.mark.usefixtures("worker")
def test_a_build_locks_holds_and_makes_the_environment(server: WorkServer, build: Submit, folder: NodeFolder) -> None:
    sha256 = next(key for key, (name, _) in server.book.files.items() if name.startswith("my_private"))
    url = f"http://an-older-authority/w/default/files/{sha256}/my_private-1.0-py3-none-any.whl#sha256={sha256}"
    work = server.book.wait_for_end(build("b1", "foo==1.*", f"my-private @ {url}"))
    assert (work.state, work.failure) == ("Succeeded", None)
    assert list(work.steps) == ["lock", "hold", "environment"]
    assert work.lock is not None
    assert [note.project for note in work.lock.files] == ["bar", "foo", "my-private"]
    assert work.lock.python == ".".join(str(part) for part in sys.version_info[:2])
    assert {"lock", "hold", "environment"} <= {stage for stage, _, _ in work.progress}
    assert len(list(folder.environments.glob("*-cp3*"))) == 1


@pytest.mark.usefixtures("worker")
def test_the_grant_alone_is_shown_for_one_work_and_lies_nowhere_after_it(
    server: WorkServer, build: Submit, folder: NodeFolder
) -> None:
    work = server.book.wait_for_end(build("b1", "foo"))
    shown = {token for _, path, token in server.asked if path != "/api/v1/work/lease" and token}
    assert shown == {work.grant}
    left = [path for path in folder.root.rglob("*") if path.is_file() and b"canary" in path.read_bytes()]
    assert left == []
    assert "canary" not in str(work.steps) + work.text()


@pytest.mark.parametrize(
    ("requirement", "code"),
    [
        ("nosuch", "no_such_package"),
        ("foo==9", "no_matching_version"),
        ("foo<1", "no_matching_version"),
        ("foo ==== 1", "invalid_requirement"),
    ],
)
@pytest.mark.usefixtures("worker")
def test_a_build_without_a_solution_fails_with_its_reason(
    server: WorkServer, build: Submit, requirement: str, code: str
) -> None:
    work = server.book.wait_for_end(build("b1", requirement))
    assert work.state == "Failed"
    assert work.failure is not None
    assert work.failure.code == code
    assert work.failure.hint
    assert work.failure.message in work.text()


@pytest.mark.usefixtures("worker")
def test_a_python_that_the_node_lacks_fails_the_build(server: WorkServer, build: Submit) -> None:
    work = server.book.wait_for_end(build("b1", "foo", python="3.99"))
    assert work.failure is not None
    assert work.failure.code == "python_unavailable"


@pytest.mark.usefixtures("worker")
def test_journalled_steps_are_not_done_again(server: WorkServer, build: Submit) -> None:
    first = server.book.wait_for_end(build("b1", "foo"))
    again = build("b2", "foo")
    with server.book.changed:
        pass
    server.book.wait_for_end(again)
    resumed = FakeWork("b3", first.work, resolution=first.resolution, lock=first.lock)
    resumed.steps = {"lock": first.steps["lock"], "hold": first.steps["hold"]}
    server.book.wait_for_end(server.book.add(resumed))
    assert resumed.state == "Succeeded"
    assert resumed.step_count == {"environment": 1}
    assert not [path for _, path, _ in server.asked if path.startswith("/w/default/builds/b3/")]


@pytest.mark.usefixtures("worker")
def test_a_canceled_build_ends_as_canceled(server: WorkServer, build: Submit) -> None:
    def slow(_method: str, path: str) -> int | None:
        if path.endswith("/simple/foo/"):
            time.sleep(_BLOCK_S)
        return None

    server.fault = slow
    work = build("b1", "foo")
    wait_until(lambda: "lock" in {stage for stage, _, _ in work.progress})
    work.cancel = True
    began = time.monotonic()
    server.book.wait_for_end(work)
    assert work.state == "Canceled"
    assert time.monotonic() - began < _BLOCK_S / 2


def test_a_lost_lease_stops_the_work_and_nothing_more_is_written(
    server: WorkServer, build: Submit, worker: Worker
) -> None:
    def slow(_method: str, path: str) -> int | None:
        if path.endswith("/simple/foo/"):
            time.sleep(5)
        return None

    server.fault = slow
    work = build("b1", "foo")
    wait_until(lambda: work.state == "Running" and worker.busy == 1)
    with server.book.changed:
        work.fence += 1  # another node took it
        work.state = "Running"
        work.leased_until = time.monotonic() + 60
    wait_until(lambda: worker.busy == 0)
    assert set(work.refused) <= {"heartbeat", "log", "step"}
    assert work.steps == {}
    assert work.state == "Running"


@pytest.mark.usefixtures("worker")
def test_a_server_that_is_away_for_a_moment_is_waited_for(server: WorkServer, build: Submit) -> None:
    server.book.lease_s = 10.0
    work = build("b1", "foo", "bar", "my-private")
    wait_until(lambda: work.state == "Running")
    server.stop()
    time.sleep(1.0)
    server.start()
    assert server.book.wait_for_end(work).state == "Succeeded", work.failure
    assert work.fence == 1


def test_a_node_that_is_cut_off_gives_up_and_another_lease_goes_on(
    server: WorkServer, build: Submit, worker: Worker
) -> None:
    server.book.lease_s = 1.0
    work = build("b1", "foo")
    wait_until(lambda: work.state == "Running")
    server.stop()
    wait_until(lambda: worker.busy == 0)
    server.start()
    assert server.book.wait_for_end(work).state == "Succeeded"
    assert work.fence == 2


def test_a_worker_that_leaves_hands_its_work_back(server: WorkServer, build: Submit, worker: Worker) -> None:
    def slow(_method: str, path: str) -> int | None:
        if path.endswith("/simple/foo/"):
            time.sleep(5)
        return None

    server.fault = slow
    work = build("b1", "foo")
    wait_until(lambda: worker.busy == 1)
    worker.leave()
    wait_until(lambda: worker.busy == 0)
    assert work.state == "Queued"
    assert work.refused == []


@pytest.mark.usefixtures("worker")
def test_an_origin_that_fails_fails_the_build(server: WorkServer, build: Submit) -> None:
    server.fault = lambda _method, path: 500 if path.endswith("/simple/foo/") else None
    work = server.book.wait_for_end(build("b1", "foo"))
    assert work.failure is not None
    assert work.failure.code == "feed_failed"
