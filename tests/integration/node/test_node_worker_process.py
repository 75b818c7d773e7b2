"""`python -m wheelkeep.node worker` as a process: what it says, what it holds, how it dies and what is left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wheelkeep.node.folder import NodeFolder
from wheelkeep.proc import identify
from wheelkeep.testing.work_book import FakeWork
from wheelkeep.testing.work_server import NODE_TOKEN, WorkServer

pytestmark = pytest.mark.servers

Submit = Callable[..., FakeWork]
StartWorker = Callable[..., "subprocess.Popen[str]"]


def words_of(process: "subprocess.Popen[str]", timeout_s: float = 20) -> str:
    return process.communicate(timeout=timeout_s)[1]


def wait_until(condition: Callable[[], object], timeout_s: float = 20.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def test_a_killed_worker_in_the_middle_of_a_build_is_followed_by_another(
    server: WorkServer, build: Submit, start_worker: StartWorker
) -> None:
    server.fault = lambda _method, path: time.sleep(60) if path.endswith("/seal") else None
    work = build("b1", "foo")
    first = start_worker()
    wait_until(lambda: "lock" in work.steps and any(path.endswith("/seal") for _, path, _ in server.asked))
    first.kill()
    server.fault = lambda _method, _path: None
    start_worker("--name", "second")
    server.book.wait_for_end(work)
    assert (work.state, work.worker, work.fence) == ("Succeeded", "second", 2)
    assert work.step_count["lock"] == 1


def test_a_killed_worker_leaves_a_script_that_the_next_one_ends_and_runs_again(
    server: WorkServer, build: Submit, run: Submit, start_worker: StartWorker, tmp_path: Path
) -> None:
    first = start_worker()
    built = server.book.wait_for_end(build("b1", "foo"))
    flag = tmp_path / "second-time"
    script = f"""
import os, pathlib, time
flag = pathlib.Path({str(flag)!r})
again = flag.exists()
flag.touch()
print("script", os.getpid(), "end", flush=True)
time.sleep(0 if again else 100)
open("outputs/done", "w").close()
"""
    work = run("r1", built, script)
    server.book.wait_for(work, " end")
    script_pid = int(work.text("stdout").split()[1])
    first.kill()
    first.wait()
    assert identify(script_pid) is not None
    start_worker()
    server.book.wait_for_end(work)
    assert work.state == "Succeeded", work.failure
    assert work.outputs == {"outputs/done": b""}
    assert identify(script_pid) is None


def test_a_worker_holds_no_secret_but_its_token(
    server: WorkServer, build: Submit, run: Submit, start_worker: StartWorker
) -> None:
    worker = start_worker()
    built = server.book.wait_for_end(build("b1", "foo"))
    work = run("r1", built, "import time; print('runs', flush=True); time.sleep(100)")
    server.book.wait_for(work, "runs")
    place = Path("/proc") / str(worker.pid)
    seen = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
    opened = []
    for link in (place / "fd").iterdir():
        try:
            path = link.readlink()
        except OSError:
            continue
        if path.is_file():
            opened.append(path.read_bytes())
    assert b"canary" not in seen + b"".join(opened)


def test_the_resolver_gets_the_grant_in_neither_argument_nor_variable(
    server: WorkServer, build: Submit, start_worker: StartWorker
) -> None:
    server.fault = lambda _method, path: time.sleep(1.5) if path.endswith("/simple/foo/") else None
    work = build("b1", "foo")
    worker = start_worker()
    wait_until(lambda: any(path.endswith("/simple/foo/") for _, path, _ in server.asked))
    children = Path(f"/proc/{worker.pid}/task").glob("*/children")
    pids = [pid for path in children for pid in path.read_text().split()]
    assert pids
    for pid in pids:
        seen = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert b"uv" in seen
        assert b"canary" not in seen
    assert server.book.wait_for_end(work).state == "Succeeded"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_told_to_leave_hands_its_run_back_and_ends_well(
    server: WorkServer, build: Submit, run: Submit, start_worker: StartWorker, number: signal.Signals
) -> None:
    worker = start_worker()
    built = server.book.wait_for_end(build("b1", "foo"))
    work = run("r1", built, "import os, time; print('pid', os.getpid(), flush=True); time.sleep(100)")
    server.book.wait_for(work, "\n")
    wait_until(lambda: "pid" in work.text())
    worker.send_signal(number)
    assert worker.wait(20) == 0
    assert work.state == "Queued"
    assert identify(int(work.text("stdout").split()[1])) is None
    assert "Traceback" not in words_of(worker)


def test_an_idle_worker_leaves_at_once(server: WorkServer, start_worker: StartWorker) -> None:
    server.longest_wait_s = 20.0
    worker = start_worker()
    wait_until(lambda: server.asked)
    worker.terminate()
    began = time.monotonic()
    assert worker.wait(30) == 0
    assert time.monotonic() - began < server.longest_wait_s / 2, "it waited for the server's answer"


def test_a_bad_token_is_told_in_a_line(start_worker: StartWorker, tmp_path: Path) -> None:
    token = tmp_path / "bad"
    token.write_text("wkt_wrong_canary")
    worker = start_worker("--token-file", str(token))
    words = words_of(worker)
    assert worker.returncode == 1
    assert "error: no such token" in words
    assert "Traceback" not in words
    assert "canary" not in words


def test_a_server_that_is_not_there_is_told_in_a_line(start_worker: StartWorker) -> None:
    worker = start_worker("--url", "http://127.0.0.1:1")
    words = words_of(worker, 30)
    assert worker.returncode == 1
    assert "error: the Wheelkeep server at http://127.0.0.1:1 does not answer" in words
    assert "Traceback" not in words


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--url", "http://keep.example"], "token is not sent over plain http"),
        (["--url", "keep.example"], "no scheme"),
        (["--token-file", "/nowhere/token"], "cannot be read"),
    ],
)
def test_bad_settings_are_told_in_a_line(start_worker: StartWorker, more: list[str], said: str) -> None:
    worker = start_worker(*more)
    words = words_of(worker)
    assert worker.returncode == 1
    assert said in words
    assert "Traceback" not in words


def test_wrong_usage_ends_with_2(start_worker: StartWorker) -> None:
    worker = start_worker("--slots", "0")
    assert "number from 1" in words_of(worker)
    assert worker.returncode == 2


def test_the_token_may_come_from_the_environment(server: WorkServer, tmp_path: Path) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "WHEELKEEP_URL": server.url,
        "WHEELKEEP_TOKEN": NODE_TOKEN,
        "WHEELKEEP_NODE": str(tmp_path / "node"),
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "wheelkeep.node", "worker"], env=environment, stderr=subprocess.PIPE
    )
    try:
        wait_until(lambda: server.asked)
        assert server.asked[0][2] == NODE_TOKEN
    finally:
        worker.terminate()
        worker.communicate(timeout=10)


def test_a_worker_leaves_with_its_home(server: WorkServer, start_worker: StartWorker, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with held_lock(home / "server.lock"):
        worker = start_worker("--leave-with", str(home))
        wait_until(lambda: server.asked)
        shutil.rmtree(home)
        assert worker.wait(10) == 0


def test_a_token_does_not_go_to_whoever_took_the_port_of_a_server_that_left(
    server: WorkServer, start_worker: StartWorker, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    start_worker("--leave-with", str(home))
    time.sleep(1.5)
    assert not server.asked

    with held_lock(home / "server.lock"):
        wait_until(lambda: server.asked)


@contextmanager
def held_lock(path: Path) -> Iterator[None]:
    """What an embedded server holds while it lives; another process's, as it is there."""
    code = "import sys, time; from pathlib import Path; from wheelkeep.files import try_lock\n"
    code += "lock = try_lock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            yield
        finally:
            holder.kill()


def test_one_lock_lets_one_worker_live(server: WorkServer, start_worker: StartWorker, tmp_path: Path) -> None:
    lock = str(tmp_path / "worker.lock")
    start_worker("--lock", lock)
    wait_until(lambda: server.asked)
    second = start_worker("--lock", lock)
    assert "another worker holds" in words_of(second)
    assert second.returncode == 0


def test_what_a_killed_worker_was_making_is_swept(
    server: WorkServer, start_worker: StartWorker, folder: NodeFolder
) -> None:
    half = folder.environments / ".staged" / "abc-cp311" / ".making-x"
    scratch = folder.scratch_folders / "999999@1-abc"
    for one in (half, scratch):
        one.mkdir(parents=True)
    start_worker()
    wait_until(lambda: server.asked)
    assert not half.exists()
    assert not scratch.exists()
