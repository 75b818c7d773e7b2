"""An embedded workspace's life: it leaves with its folder and when idle, keeps its port, and guards its files."""

import shutil
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from wheelkeep import Environment, Workspace
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened, wait_until
from wheelkeep.wire.resources import WorkspaceBody, WorkspaceView

pytestmark = [pytest.mark.servers, pytest.mark.slow]


def _port(workspace: Workspace) -> int:
    return int(workspace.url.rpartition(":")[2])


def test_both_processes_leave_soon_after_their_folder_is_gone(places: Places) -> None:
    with opened(places):
        server, worker = places.process("server"), places.process("worker")
        wait_until("the worker works", lambda: "takes work" in places.log("worker"))

        shutil.rmtree(places.project)

        wait_until("the server has left", lambda: not server.alive, within_s=6.0)
        wait_until("the worker has left", lambda: not worker.alive, within_s=6.0)
        assert not places.project.exists()


def test_a_worker_that_begins_after_its_folder_is_gone_leaves_at_once(places: Places) -> None:
    with opened(places):
        worker = places.process("worker")

        shutil.rmtree(places.project)

        wait_until("the worker has left", lambda: not worker.alive, within_s=6.0)
        assert not places.project.exists()


def test_the_server_leaves_when_nobody_wants_anything_and_the_next_request_starts_it_again(places: Places) -> None:
    with opened(places, more={"WHEELKEEP_IDLE_MINUTES": "0.03"}) as workspace:
        server = places.process("server")

        wait_until("the server has left", lambda: not server.alive, within_s=15.0)

        assert workspace.wheels.list() == []
        assert places.process("server") != server
        assert "Traceback" not in places.log("server")


def test_files_are_their_owners_alone(places: Places, tmp_path: Path) -> None:
    with opened(places) as workspace:
        user = User(workspace, tmp_path)
        workspace.wheels.add(build_wheel(tmp_path, "guarded"))
        workspace.set_connection("guarded", "PythonFeed", "https://feed.example.com", "PAT", "guardedtoken0001")
        user.submit(user.build("guarded", ["guarded"]), "print('done')").wait_for_completion()

        assert stat.S_IMODE(places.data.stat().st_mode) == 0o700
        for name in ("token", "worker-token", "wheelkeep.db", "server.json", "server.log", "worker.log"):
            assert stat.S_IMODE((places.data / name).stat().st_mode) & 0o077 == 0, name
        keys = [path for path in (places.state / "wheelkeep").rglob("*") if path.is_file()]
        assert keys
        assert [path for path in keys if stat.S_IMODE(path.stat().st_mode) != 0o600] == []
        assert {stat.S_IMODE(path.parent.stat().st_mode) for path in keys} == {0o700}
        assert not places.state.is_relative_to(places.data)


def test_a_workspace_that_a_script_made_is_found_by_the_next_program_and_ignored_by_git(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(places) as workspace:
        deep = places.project / "a" / "b"
        deep.mkdir(parents=True)
        monkeypatch.chdir(deep)

        found = Workspace.from_config()
        subprocess.run(["git", "init", "-q"], cwd=places.project, check=True)
        untracked = ["git", "ls-files", "--others", "--exclude-standard", ".wheelkeep"]
        seen = subprocess.run(untracked, cwd=places.project, capture_output=True, text=True, check=True).stdout

        assert (found.url, found.home) == (workspace.url, places.data)
        assert seen == ""


def test_a_config_that_is_there_is_not_replaced(places: Places) -> None:
    with opened(places) as workspace:
        workspace.write_config(places.project)
        written = (places.data / "config.json").read_text()
        workspace.api.post("/api/v1/workspaces", WorkspaceView, body=WorkspaceBody(name="vision"))

        Workspace.local(places.project, name="vision")

        assert (places.data / "config.json").read_text() == written


def test_the_port_is_kept_over_a_restart(places: Places) -> None:
    with opened(places) as workspace:
        first = workspace.url
        workspace.close()

        assert Workspace.local(places.project).url == first


def test_a_wheels_url_keeps_working_when_the_port_had_to_change(places: Places, tmp_path: Path) -> None:
    with opened(places) as workspace:
        url = Environment.add_private_pip_wheel(workspace=workspace, file_path=build_wheel(tmp_path, "moved-house"))
        User(workspace, tmp_path).register("before", [url])
        port = _port(workspace)
        workspace.close()
        with socket.create_server(("127.0.0.1", port)):
            reopened = Workspace.local(places.project)
            user = User(reopened, tmp_path)

            again = user.register("before", [url])
            lock = user.lines(user.build("before", [url]))
            run = user.submit(again, "import moved_house; print(moved_house.__version__)")
            run.wait_for_completion()

            assert _port(reopened) != port
            assert again.version == 1
            assert 'origin = "workspace"' in lock
            assert "1.0\n" in run.get_all_logs()
            reopened.close()


def test_a_folder_that_moved_keeps_its_wheels_and_its_secrets(places: Places, tmp_path: Path) -> None:
    with opened(places) as workspace:
        wheel = build_wheel(tmp_path, "moves-along")
        workspace.wheels.add(wheel)
        workspace.set_connection("kept", "PythonFeed", "https://feed.example.com", "PAT", "movedtoken000001")
        workspace.close()
        moved = places.project.rename(tmp_path / "moved")

        reopened = Workspace.local(moved)

        assert [view.filename for view in reopened.wheels.list()] == [wheel.name]
        assert [one["name"] for one in reopened.list_connections()] == ["kept"]
        reopened.close()
