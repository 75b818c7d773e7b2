"""The code of the issue, whole: a private wheel and a private feed reach a training run, and the feed may go."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from wheelkeep import CondaDependencies, Environment, Experiment, Run, ScriptRunConfig, Workspace
from wheelkeep.proc import identify
from wheelkeep.testing.pypiserver import PypiServer
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened

pytestmark = [pytest.mark.servers, pytest.mark.slow]

SCRIPT = """
import pathlib, sys
import acme_features, my_custom
from azureml.core import Run
print("features", acme_features.__version__, "custom", my_custom.__version__, "arguments", *sys.argv[1:])
Run.get_context().log("accuracy", 0.5)
pathlib.Path("outputs").mkdir(exist_ok=True)
pathlib.Path("outputs/model.txt").write_text("a model")
"""
SAID = "features 1.5 custom 1.0 arguments --seed 7\n"


def _define(url: str, feed: PypiServer) -> Environment:
    dependencies = CondaDependencies()
    dependencies.add_pip_package(url)
    dependencies.add_pip_package("acme-features==1.*")
    dependencies.set_pip_option(f"--extra-index-url {feed.url}")
    environment = Environment(name="my-env")
    environment.python.conda_dependencies = dependencies
    return environment


def _train(workspace: Workspace, environment: Environment, source: Path) -> Run:
    config = ScriptRunConfig(
        source_directory=source, script="train.py", arguments=["--seed", "7"], environment=environment
    )
    run = Experiment(workspace, "train").submit(config)
    run.wait_for_completion(show_output=True)
    return run


def test_a_private_wheel_and_a_private_feed_reach_a_training_run_and_again_without_the_feed(
    places: Places, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = places.project / "src"
    source.mkdir()
    (source / "train.py").write_text(SCRIPT)
    wheel = build_wheel(tmp_path / "dist", "my_custom", "1.0")
    with PypiServer(tmp_path / "feed") as feed, opened(places) as ws:
        build_wheel(feed.packages, "acme_features", "1.5")
        build_wheel(feed.packages, "acme_features", "2.0")

        url = Environment.add_private_pip_wheel(workspace=ws, file_path=str(wheel))
        described = ws.set_connection(
            name="connection-1", category="PythonFeed", target=feed.base_url, authType="PAT", value=feed.password
        )
        environment = _define(url, feed).register(ws)
        again = _define(url, feed).register(ws)
        environment.build(ws).wait_for_completion(show_output=True)
        first = _train(ws, environment, source)
        feed.stop()
        second = _train(ws, environment, source)
        details = second.get_details()
        lock = environment.get_lock(ws)
        server, worker = places.process("server"), places.process("worker")
        ws.close()

        assert (environment.version, again.version) == (1, 1)
        assert feed.password not in str(described)
        assert [run.view.status for run in (first, second)] == ["Completed", "Completed"]
        assert capsys.readouterr().out.count(SAID) == 2
        assert details["exitCode"] == 0
        assert details["metrics"] == {"accuracy": 0.5}
        assert details["outputs"] == ["outputs/model.txt"]
        assert first.view.lock_digest == second.view.lock_digest
        assert first.view.snapshot == second.view.snapshot
        assert 'origin = "workspace"' in lock
        assert 'origin = "connection:connection-1"' in lock
        assert not server.alive
        assert not worker.alive


def test_two_programs_on_one_folder_share_one_server_and_one_worker(places: Places) -> None:
    program = "from wheelkeep import Workspace; import sys; print(Workspace.local(sys.argv[1]).url)"
    with opened(places) as ws:
        mine = (places.process("server"), places.process("worker"))

        other = subprocess.run(
            [sys.executable, "-c", program, places.project],
            env=os.environ,
            check=True,
            capture_output=True,
            text=True,
        )

        assert other.stdout.strip() == ws.url
        assert (places.process("server"), places.process("worker")) == mine
        assert all(process == identify(process.pid) for process in mine)


def test_a_workspace_that_was_closed_opens_again_with_what_it_had(places: Places, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path / "dist", "my_custom", "1.0")
    with opened(places) as ws:
        ws.wheels.add(wheel)
        ws.close()

        reopened = Workspace.local(places.project)

        assert [view.filename for view in reopened.wheels.list()] == [wheel.name]
