"""kill -9 of either side at every step: work goes on at the step it had reached, and finishes.

The feed is slowed to hit the moment. What is asserted is what a step leaves: the feed's requests, the log's lines.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from wheelkeep.proc import identify
from wheelkeep.sdk.build import Build
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

Side = Literal["server", "worker"]
NAMES = ["kept-one", "kept-two", "kept-three"]
MANY = 2500
SCRIPT = """
import os, pathlib, sys, time
print("begun", flush=True)
note = pathlib.Path(sys.argv[1])
if not note.exists():
    note.with_suffix(".new").write_text(str(os.getpid()))
    note.with_suffix(".new").rename(note)
    time.sleep(90)
print("finished")
"""


@dataclass(frozen=True)
class Stage:
    """Where a story plays: a workspace, and a public index that can be slow."""

    user: User
    places: Places
    index: FeedSimulator

    def kill(self, side: Side) -> None:
        """Kill it with SIGKILL; then the next program opens the folder."""
        process = self.places.process(side)
        os.kill(process.pid, signal.SIGKILL)
        wait_until("the kernel has ended it", lambda: not process.alive)
        self.user.workspace.ensure_worker()

    def pages(self) -> int:
        """How often a page was asked for."""
        return sum(request.path.startswith("/simple/") for request in self.index.seen)

    def fetched(self) -> list[str]:
        """The wheels that were asked for, in order."""
        return [
            request.path
            for request in self.index.seen
            if request.path.startswith("/files/") and not request.path.endswith(".metadata")
        ]


@pytest.fixture
def stage(places: Places, tmp_path: Path) -> Iterator[Stage]:
    """A fresh workspace and three packages, one of them of many files."""
    with FeedSimulator() as index:
        index.behaviour.with_metadata = True
        for name in NAMES[:2]:
            index.add(build_wheel(tmp_path / "wheels", name))
        many = {f"kept_three/part_{number}.py": f"number = {number}\n" * 20 for number in range(MANY)}
        index.add(build_wheel(tmp_path / "wheels", NAMES[2], files=many))
        with opened(places, public_index=index.url) as workspace:
            yield Stage(User(workspace, places.project), places, index)


def _finish(build: Build) -> str:
    build.wait_for_completion(show_output=False)
    assert build.view.status == "Succeeded"
    return build.get_log()


@pytest.mark.parametrize("side", ["worker", "server"])
def test_a_kill_while_resolving(stage: Stage, side: Side) -> None:
    stage.index.behaviour.page_delay_s = 0.7
    build = stage.user.start_build("killed", NAMES)
    wait_until("the resolver asks", lambda: stage.pages() > 0)

    stage.kill(side)
    stage.index.behaviour.page_delay_s = 0.0

    assert "locked 3 files" in _finish(build)


@pytest.mark.parametrize("side", ["worker", "server"])
def test_a_kill_while_files_are_held_resolves_nothing_anew(stage: Stage, side: Side) -> None:
    stage.index.behaviour.file_delay_s = 1.0
    build = stage.user.start_build("killed", NAMES)
    wait_until("a file is fetched", lambda: bool(stage.fetched()))

    stage.kill(side)
    stage.index.behaviour.file_delay_s = 0.0

    assert _finish(build).count("resolving") == 1


@pytest.mark.parametrize("side", ["worker", "server"])
def test_a_kill_while_the_environment_is_made_asks_the_index_nothing(stage: Stage, side: Side) -> None:
    build = stage.user.start_build("killed", NAMES)
    wait_until("the environment is begun", lambda: build.refresh().stage == "environment")

    stage.kill(side)
    asked = len(stage.index.seen)
    interrupted = build.refresh().status == "Running"
    log = _finish(build)

    assert interrupted or side == "server"
    assert len(stage.index.seen) == asked
    assert log.count("resolving") == 1
    assert log.count("held kept_three") <= 1  # a line may go down with the worker that had not sent it yet


def test_a_kill_of_the_worker_while_a_script_runs_ends_that_script_and_runs_it_once_more(
    stage: Stage, tmp_path: Path
) -> None:
    note = tmp_path / "note"
    environment = stage.user.build("script", NAMES[:1])
    run = stage.user.submit(environment, SCRIPT, arguments=[str(note)])
    wait_until("the script has begun", note.exists)

    stage.kill("worker")
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert run.get_all_logs().count("begun\n") == 1
    assert identify(int(note.read_text())) is None


def test_a_kill_of_the_server_while_a_script_runs_does_not_touch_the_script(stage: Stage, tmp_path: Path) -> None:
    environment = stage.user.build("script", NAMES[:1])
    go, begun = tmp_path / "go", tmp_path / "begun"
    text = (
        "import pathlib, sys, time\nprint('before', flush=True)\npathlib.Path(sys.argv[2]).touch()\n"
        "while not pathlib.Path(sys.argv[1]).exists(): time.sleep(0.05)\nprint('after')\n"
    )
    run = stage.user.submit(environment, text, arguments=[str(go), str(begun)])
    wait_until("the script has begun", begun.exists)

    stage.kill("server")
    go.touch()
    run.wait_for_completion()

    assert run.get_status() == "Completed"
    assert [line for line in run.get_all_logs().splitlines() if line in ("before", "after")] == ["before", "after"]


def test_a_workspace_that_is_closed_in_the_middle_goes_on_when_it_is_opened(stage: Stage) -> None:
    stage.index.behaviour.file_delay_s = 1.0
    build = stage.user.start_build("closed", NAMES[:2])
    wait_until("a file is fetched", lambda: bool(stage.fetched()))

    began = time.monotonic()
    stage.user.workspace.close()
    closing_s = time.monotonic() - began
    stage.index.behaviour.file_delay_s = 0.0

    assert _finish(build).count("resolving") == 1
    assert closing_s < 15.0
