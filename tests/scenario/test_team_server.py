"""A server for a team: started by hand, workers on machines of their own, people with tokens.

A worker that is frozen (its machine sleeps) loses its work to another, and its late words change nothing.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from wheelkeep import Workspace
from wheelkeep.errors import AuthenticationError, DeniedError, UnreachableError
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, variables_set, wait_until
from wheelkeep.wire.resources import TokenBody, TokenView, WorkerView

pytestmark = [pytest.mark.servers, pytest.mark.slow]

PROGRAM = str(Path(sys.executable).with_name("wheelkeep"))


@dataclass(frozen=True)
class Team:
    """A running server, and how to reach it."""

    url: str
    admin: str
    home: Path
    root: Path

    def user(self, token: str | None = None, *, workspace: str = "default") -> User:
        """Somebody with `token`; the admin when None."""
        opened = Workspace.get(workspace, url=self.url, token=token or self.admin)
        return User(opened, self.root)

    def token(self, role: str, *, workspace: str = "default") -> str:
        """A new token for a person."""
        body = TokenBody(name=role, role=role, workspace=workspace)
        return self.user().workspace.api.post("/api/v1/tokens", TokenView, body=body).token or ""

    @contextmanager
    def worker(self, name: str) -> Iterator["subprocess.Popen[bytes]"]:
        """A worker with a folder of its own, and a token in its environment."""
        token = _create_token(self.home, "--node")
        variables = {"WHEELKEEP_URL": self.url, "WHEELKEEP_TOKEN": token, "WHEELKEEP_NODE": str(self.root / name)}
        with _running([PROGRAM, "worker", "--name", name], variables, self.root / f"{name}.log") as process:
            api = self.user().workspace.api
            wait_until(
                f"{name} is there",
                lambda: name in [view.name for view in api.get("/api/v1/workers", list[WorkerView])],
            )
            yield process


@contextmanager
def _running(command: list[str], variables: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("ab") as stream:
        process = subprocess.Popen(command, env=os.environ | variables, stdout=stream, stderr=stream)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        process.wait(20)


def _create_token(home: Path, kind: str) -> str:
    made = subprocess.run(
        [PROGRAM, "token", "create", kind, "--home", str(home), "--json"], check=True, capture_output=True
    )
    return str(json.loads(made.stdout)["token"])


@pytest.fixture
def index(tmp_path: Path) -> Iterator[FeedSimulator]:
    """A public index with `team-package`."""
    with FeedSimulator(build_wheel(tmp_path / "wheels", "team-package")) as index:
        yield index


@pytest.fixture
def team(places: Places, free_port: int, index: FeedSimulator) -> Iterator[Team]:
    """A server without a worker."""
    url, home = f"http://127.0.0.1:{free_port}", places.root / "server"
    with ExitStack() as stack:
        stack.enter_context(variables_set(places.variables(index.url)))
        admin = _create_token(home, "--admin")
        command = [PROGRAM, "server", "--no-worker", "--listen", f"127.0.0.1:{free_port}", "--home", str(home)]
        stack.enter_context(_running(command, {}, places.root / "server.log"))
        team = Team(url, admin, home, places.root)

        def answers() -> bool:
            try:
                team.user()
            except UnreachableError:
                return False
            return True

        wait_until("the server answers", answers)
        yield team
    assert "Traceback" not in (places.root / "server.log").read_text()


def test_a_worker_elsewhere_builds_and_runs(team: Team) -> None:
    with team.worker("gpu-one"):
        user = team.user(team.token("contributor"))
        run = user.submit(user.build("shared", ["team-package"]), "import team_package; print('trained')")
        details = run.wait_for_completion()

    assert details["status"] == "Completed"
    assert run.view.worker == "gpu-one"
    assert "trained\n" in run.get_all_logs()


def test_a_worker_that_is_told_to_leave_hands_its_work_to_another(team: Team, tmp_path: Path) -> None:
    user = team.user()
    note = tmp_path / "note"
    text = (
        "import pathlib, sys, time\nnote = pathlib.Path(sys.argv[1])\nfirst = not note.exists()\nnote.touch()\n"
        "print('first' if first else 'second', flush=True)\ntime.sleep(60 if first else 0)\n"
    )
    with team.worker("leaves") as leaving:
        environment = user.build("handed-over", ["team-package"])
        run = user.submit(environment, text, arguments=[str(note)])
        wait_until("the script has begun", note.exists)
        with team.worker("stays"):
            leaving.terminate()
            details = run.wait_for_completion()

    assert (details["status"], run.view.worker) == ("Completed", "stays")


def test_a_worker_that_slept_through_its_lease_changes_nothing_when_it_wakes(team: Team, index: FeedSimulator) -> None:
    user = team.user()
    index.behaviour.with_metadata = True
    index.behaviour.file_delay_s = 0.5
    with team.worker("sleeper") as sleeper:
        build = user.start_build("fenced", ["team-package"])
        wait_until("the build is the sleeper's", lambda: build.refresh().worker == "sleeper")
        sleeper.send_signal(signal.SIGSTOP)
        with team.worker("other"):
            build.wait_for_completion(show_output=False)
            ended = build.view
            sleeper.send_signal(signal.SIGCONT)
            wait_until("the sleeper knows", lambda: ": lost" in (team.root / "sleeper.log").read_text())

    assert (ended.status, ended.worker) == ("Succeeded", "other")
    assert build.refresh() == ended


def test_each_role_does_what_it_may_and_no_more(team: Team, tmp_path: Path) -> None:
    reader, contributor = team.user(team.token("reader")), team.user(team.token("contributor"))
    publisher = team.user(team.token("publisher"))
    wheel = build_wheel(tmp_path / "own", "role-play")

    with pytest.raises(DeniedError) as caught:
        reader.register("read-only", ["team-package"])
    check_told(caught.value, DeniedError, "denied")
    with pytest.raises(DeniedError):
        contributor.workspace.wheels.add(wheel)
    with pytest.raises(DeniedError):
        publisher.workspace.set_connection("mine", "PythonFeed", "https://feed.example.com", "PAT", "secret00000")

    assert publisher.workspace.wheels.add(wheel).filename == wheel.name
    assert [view.filename for view in reader.workspace.wheels.list()] == [wheel.name]


def test_a_token_of_one_workspace_opens_no_other_and_a_revoked_one_opens_none(team: Team) -> None:
    Workspace.create("vision", url=team.url, token=team.admin)
    token = team.token("contributor", workspace="vision")
    assert team.user(token, workspace="vision").workspace.wheels.list() == []

    for other in ("default", "there-is-none"):
        with pytest.raises(DeniedError):
            team.user(token, workspace=other)

    api = team.user().workspace.api
    [made] = [view for view in api.get("/api/v1/tokens", list[TokenView]) if view.workspace is not None]
    api.delete(f"/api/v1/tokens/{made.id}")
    with pytest.raises(AuthenticationError):
        team.user(token, workspace="vision")
