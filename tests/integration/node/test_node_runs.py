"""Runs by a real worker against the fake server: the script, its words, values and files, its ends."""

import time
from collections.abc import Callable

import msgspec
import pytest

from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.worker import Worker
from wheelkeep.proc import identify
from wheelkeep.testing.work_book import FakeWork
from wheelkeep.testing.work_server import WorkServer
from wheelkeep.wire.work import RunWork

pytestmark = pytest.mark.servers

Submit = Callable[..., FakeWork]

GOOD = """
import os, subprocess, sys
import foo
from azureml.core import Run
run = Run.get_context()
run.log("accuracy", 0.5)
run.tag("kind", "test")
subprocess.run(["foo"], check=True)
print("arguments", sys.argv[1:], os.environ["COLOUR"])
print("to stderr", file=sys.stderr)
with open("outputs/model.txt", "w") as stream:
    stream.write("model")
"""


@pytest.fixture
def built(server: WorkServer, build: Submit, worker: Worker) -> FakeWork:
    """An environment with foo and bar."""
    assert worker is not None
    return server.book.wait_for_end(build("b1", "foo"))


def test_a_script_runs_in_its_environment_and_what_it_leaves_is_kept(
    server: WorkServer, built: FakeWork, run: Submit, folder: NodeFolder
) -> None:
    work = server.book.wait_for_end(run("r1", built, GOOD, "--seed", "7", COLOUR="blue"))
    assert (work.state, work.failure) == ("Succeeded", None)
    assert work.text("stdout") == "foo runs\narguments ['--seed', '7'] blue\n"
    assert work.text("stderr") == "to stderr\n"
    assert [(metric.name, metric.value) for metric in work.metrics] == [("accuracy", 0.5)]
    assert work.outputs == {"outputs/model.txt": b"model"}
    assert work.output == {"exit_code": 0, "tags": {"kind": "test"}}
    assert list(work.steps) == ["environment", "snapshot", "script", "finish"]
    deadline = time.monotonic() + 5
    while folder.run("r1").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_script_sees_no_token_and_none_of_the_workers_files(server: WorkServer, built: FakeWork, run: Submit) -> None:
    script = """
import os
print({name: value for name, value in os.environ.items()})
for number in range(3, 1000):
    if os.path.exists(f"/proc/self/fd/{number}"):
        print("open:", os.readlink(f"/proc/self/fd/{number}"))
"""
    work = server.book.wait_for_end(run("r1", built, script))
    assert work.state == "Succeeded", work.failure
    assert "canary" not in work.text()
    assert "WHEELKEEP_TOKEN" not in work.text()
    assert "open:" not in work.text()


def test_a_script_that_fails_fails_the_run_with_its_last_words(
    server: WorkServer, built: FakeWork, run: Submit
) -> None:
    work = server.book.wait_for_end(run("r1", built, "open('outputs/part', 'w').close()\nraise SystemExit('no data')"))
    assert work.state == "Failed"
    assert work.failure is not None
    assert work.failure.code == "run_failed"
    assert "no data" in work.failure.hint
    assert work.output == {"exit_code": 1, "tags": {}}
    assert list(work.outputs) == ["outputs/part"]


def test_a_missing_script_is_told(server: WorkServer, built: FakeWork, run: Submit) -> None:
    with server.book.changed:
        work = run("r1", built, "pass")
        assert isinstance(work.work, RunWork)
        work.work = msgspec.structs.replace(work.work, script="other.py")
    server.book.wait_for_end(work)
    assert work.failure is not None
    assert work.failure.code == "script_not_started"


def test_a_snapshot_that_is_another_is_refused(server: WorkServer, built: FakeWork, run: Submit) -> None:
    with server.book.changed:
        work = run("r1", built, "pass")
        work.snapshot += b" "
    server.book.wait_for_end(work)
    assert work.failure is not None
    assert work.failure.code == "hash_mismatch"


def test_canceling_ends_the_script_and_all_its_children(server: WorkServer, built: FakeWork, run: Submit) -> None:
    script = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print("child", child.pid, "end", flush=True)
time.sleep(100)
"""
    work = run("r1", built, script)
    server.book.wait_for(work, " end")
    pid = int(work.text("stdout").split()[1])
    work.cancel = True
    server.book.wait_for_end(work, 15)
    assert work.state == "Canceled"
    assert not _lives(pid)


def test_what_a_script_leaves_running_ends_with_it(server: WorkServer, built: FakeWork, run: Submit) -> None:
    script = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
print("child", child.pid, flush=True)
"""
    began = time.monotonic()
    work = server.book.wait_for_end(run("r1", built, script))
    assert work.state == "Succeeded"
    assert time.monotonic() - began < 50, "the run waited for the child, which sleeps 100 s"
    assert not _lives(int(work.text("stdout").split()[1]))


def test_words_come_while_the_script_runs(server: WorkServer, built: FakeWork, run: Submit) -> None:
    script = """
import pathlib, time
from azureml.core import Run
Run.get_context().log("early", 1)
print("first")
while not pathlib.Path("outputs/go").exists():
    time.sleep(0.05)
print("second ü")
"""
    work = run("r1", built, script)
    server.book.wait_for(work, "first")
    with server.book.changed:
        assert server.book.changed.wait_for(lambda: work.metrics, 5)
    assert work.state == "Running"
    work.cancel = True
    assert server.book.wait_for_end(work).state == "Canceled"


def _lives(pid: int) -> bool:
    return identify(pid) is not None
