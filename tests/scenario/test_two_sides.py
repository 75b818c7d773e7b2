"""The one rule: the server runs no foreign code; a node holds no credential but its own token and grants.

Processes are watched while an environment is built and a script runs; secrets of the surroundings and of a connection
are canaries.
"""

import secrets
from dataclasses import dataclass
from pathlib import Path

import pytest

from wheelkeep.testing.canary import search
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.process_tree import ProcessSampler, Seen
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SCRIPT = "import os, pathlib, time; time.sleep(0.3); print(pathlib.Path('/proc/self/environ').read_text())"


@dataclass(frozen=True)
class Watched:
    """What was seen of both sides, and the secrets that were about."""

    server: list[Seen]
    worker: list[Seen]
    worker_pid: int
    script_said: str
    surroundings: str
    password: str
    tokens: list[str]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Places that the module's stories share."""
    return Places(tmp_path_factory.mktemp("sides")).make()


@pytest.fixture(scope="module")
def watched(places: Places, tmp_path_factory: pytest.TempPathFactory) -> Watched:
    """A build from a private feed and a run, watched."""
    surroundings, password = (f"wkcanary{secrets.token_hex(16)}" for _ in range(2))
    more = {"AWS_SECRET_ACCESS_KEY": surroundings, "UV_INDEX_ACME_PASSWORD": surroundings, "NETRC": surroundings}
    wheel = build_wheel(tmp_path_factory.mktemp("wheels"), "watched")
    with FeedSimulator(wheel) as feed, opened(places, more=more) as workspace:
        feed.behaviour.accepts = {password}
        user = User(workspace, places.project)
        workspace.set_connection("watched", "PythonFeed", feed.base_url, "PAT", password)
        server, worker = places.process("server").pid, places.process("worker").pid
        with ProcessSampler(server, worker) as sampler:
            environment = user.build("watched", ["watched"], [f"--extra-index-url {feed.url}"])
            run = user.submit(environment, SCRIPT)
            run.wait_for_completion()
        return Watched(
            server=sampler.of(server),
            worker=sampler.of(worker),
            worker_pid=worker,
            script_said=run.get_all_logs(),
            surroundings=surroundings,
            password=password,
            tokens=[(places.data / name).read_text().strip() for name in ("token", "worker-token")],
        )


def _programs(seen: list[Seen]) -> set[str]:
    return {Path(one.arguments.split(b"\0")[0].decode()).name for one in seen}


def _text(seen: list[Seen]) -> str:
    parts = [[one.arguments, one.environment, *(name.encode() for name in one.open_files)] for one in seen]
    return b"\0".join(piece for part in parts for piece in part).decode(errors="replace")


def test_the_server_starts_no_process_at_all(watched: Watched) -> None:
    assert {one.pid for one in watched.server} == {one.root for one in watched.server}


def test_the_watch_saw_uv_and_the_script_below_the_worker(watched: Watched) -> None:
    assert "uv" in _programs(watched.worker)
    assert any(b"train.py" in one.arguments for one in watched.worker)


def test_the_workers_side_shows_no_secret_of_the_surroundings_or_of_a_connection(watched: Watched) -> None:
    shown = _text(watched.worker)

    assert watched.surroundings not in shown
    assert watched.password not in shown


def test_no_token_or_grant_stands_in_an_argument_or_a_variable(watched: Watched) -> None:
    shown = _text([*watched.worker, *watched.server])

    assert [token for token in watched.tokens if token in shown] == []
    assert "wkg_" not in shown


def test_the_script_sees_no_secret_and_no_token(watched: Watched) -> None:
    assert "AZUREML_RUN_ID" in watched.script_said
    assert [
        one for one in (watched.surroundings, watched.password, *watched.tokens) if one in watched.script_said
    ] == []
    assert "wkg_" not in watched.script_said


def test_the_worker_opens_neither_the_database_nor_the_key_ring(watched: Watched, places: Places) -> None:
    opened_files = {name for one in watched.worker for name in one.open_files}

    assert not [
        name for name in opened_files if name.startswith((str(places.data / "wheelkeep.db"), str(places.state)))
    ]
    assert not [name for name in opened_files if name.startswith(str(places.data / "objects"))]


def test_the_nodes_folder_holds_neither_secret(watched: Watched, places: Places) -> None:
    for secret in (watched.surroundings, watched.password, *watched.tokens):
        assert search(secret, [places.node]) == []


@pytest.mark.usefixtures("watched")
def test_no_grant_stays_on_either_side_after_its_work(places: Places) -> None:
    files = [path for root in (places.node, places.data, places.root / "tmp") for path in root.rglob("*")]

    holding = [path for path in files if path.is_file() and b"wkg_" in path.read_bytes()]

    assert len(files) > 10
    assert holding == []
