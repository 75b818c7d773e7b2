"""A fake server of works on loopback, workers as threads and as processes, small real wheels."""

import contextlib
import hashlib
import io
import os
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wheelkeep.node.exec import workshop_of
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.http_door import HttpLeaseDoor
from wheelkeep.node.transport import Transport
from wheelkeep.node.worker import Worker, WorkerPlan
from wheelkeep.secret import Secret
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.work_book import FakeWork, WorkBook
from wheelkeep.testing.work_server import NODE_TOKEN, WorkServer
from wheelkeep.wire.work import BuildWork, ResolutionView, RunWork

Submit = Callable[..., FakeWork]
StartWorker = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[WorkServer]:
    """The fake, offering `foo` (needs `bar`, has a console script) and `my-private`."""
    book = WorkBook(lease_s=2.0)
    foo = {"foo.py": "def main():\n    print('foo runs')\n"}
    book.add_wheel(
        build_wheel(tmp_path / "wheels", "foo", files=foo, requires=["bar"], console_scripts={"foo": "foo:main"})
    )
    book.add_wheel(build_wheel(tmp_path / "wheels", "bar"))
    book.add_wheel(build_wheel(tmp_path / "wheels", "my-private"))
    with WorkServer(book) as started:
        yield started


@pytest.fixture
def folder(tmp_path: Path) -> NodeFolder:
    return NodeFolder(tmp_path / "node")


@pytest.fixture
def build(server: WorkServer) -> Submit:
    """Submit a build: `build("b1", "foo", ...)`."""

    def submit(name: str, *requirements: str, python: str | None = None) -> FakeWork:
        resolution = ResolutionView(
            index_url=f"http://another-authority:8400/w/default/builds/{name}/simple/",
            requirements=list(requirements),
            constraints=[],
            python=python,
            prerelease=False,
            only_binary=[],
            no_binary=[],
        )
        work = BuildWork(workspace="default", environment="e", version=1, lock_digest=None)
        return server.book.add(FakeWork(name, work, resolution=resolution))

    return submit


@pytest.fixture
def run(server: WorkServer) -> Submit:
    """Submit a run of `script` in the environment of an ended build."""

    def submit(name: str, built: FakeWork, script: str, *arguments: str, **variables: str) -> FakeWork:
        assert built.lock is not None
        assert built.lock.digest is not None
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("train.py", script)
        snapshot = packed.getvalue()
        work = RunWork(
            workspace="default",
            run=name,
            experiment="train",
            environment="e",
            version=1,
            lock_digest=built.lock.digest,
            snapshot=f"sha256:{hashlib.sha256(snapshot).hexdigest()}",
            script="train.py",
            arguments=list(arguments),
            environment_variables=variables,
        )
        return server.book.add(FakeWork(name, work, lock=built.lock, snapshot=snapshot))

    return submit


@pytest.fixture
def worker(server: WorkServer, folder: NodeFolder) -> Iterator[Worker]:
    """A worker with two slots in a thread of this process."""
    doors = HttpLeaseDoor(Transport(server.url, Secret(NODE_TOKEN)))
    plan = WorkerPlan(name="thread", slots=2, wait_s=0.5, finish_s=0.0)
    started = Worker(doors, workshop_of(folder), folder, plan=plan)
    thread = threading.Thread(target=started.run, daemon=True)
    thread.start()
    yield started
    started.leave()
    thread.join(20)
    assert not thread.is_alive()


@pytest.fixture
def start_worker(server: WorkServer, folder: NodeFolder, tmp_path: Path) -> Iterator[StartWorker]:
    """Start `python -m wheelkeep.node worker` as a process of its own."""
    token = tmp_path / "token"
    token.write_text(NODE_TOKEN)
    started: list[subprocess.Popen[str]] = []

    def start(*more: str, **variables: str) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "WHEELKEEP_NODE": str(folder.root),
            **variables,
        }
        command = [sys.executable, "-m", "wheelkeep.node", "worker", *more]
        if "--url" not in more:
            command += ["--url", server.url]
        if "--token-file" not in more:
            command += ["--token-file", str(token)]
        process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        return process

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
