"""From a wheel to a finished run, as a user types it; nothing but loopback is asked."""

import json
import signal
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from wheelkeep.testing.wheels import build_wheel

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]

Shell = Any  # the fixture of conftest.py: importlib mode lets no test import it

SCRIPT = """
import os, sys
import my_custom
from azureml.core import Run
print("version", my_custom.__version__)
Run.get_context().log("answer", 42)
os.makedirs("outputs", exist_ok=True)
open("outputs/answer.txt", "w").write("42")
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture(scope="module")
def built(shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell whose workspace has the environment `mine`, built."""
    folder = tmp_path_factory.mktemp("dist")
    assert shell("wheel", "add", str(build_wheel(folder, "my_custom", "1.0"))).returncode == 0
    (shell.folder / "requirements.txt").write_text("my-custom==1.*\n")
    (shell.folder / "src").mkdir()
    (shell.folder / "src" / "train.py").write_text(SCRIPT)
    shell.json("env", "register", "mine", "--requirements", "requirements.txt")
    done = shell("env", "build", "mine")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("mine:1 Succeeded sha256:")
    return shell


def test_a_lock_names_every_file_with_its_hash(built: Shell) -> None:
    [kept] = built.json("wheel", "list")

    text = built("env", "lock", "mine").stdout

    assert kept["sha256"].removeprefix("sha256:") in text
    assert 'origin = "workspace"' in text


def test_exec_runs_a_command_in_the_environment_with_its_exit_code_and_without_our_token(built: Shell) -> None:
    code = "import my_custom, os, sys; print(my_custom.__version__); sys.exit(7 + ('WHEELKEEP_TOKEN' in os.environ))"

    done = built("exec", "mine", "--", "python", "-c", code)

    assert (done.returncode, done.stdout, done.stderr) == (7, "1.0\n", "")


def test_a_run_shows_its_log_and_keeps_metrics_and_outputs(built: Shell) -> None:
    done = built("run", "submit", "train.py", "0", "--source", "src", "--environment", "mine", "--experiment", "e")
    [listed] = [view for view in built.json("run", "list") if view["experiment"] == "e"]
    shown = built.json("run", "show", listed["id"])
    logs = built("run", "logs", listed["id"])
    lines = [json.loads(line) for line in built("run", "logs", listed["id"], "--json").stdout.splitlines()]

    assert done.returncode == 0, done.stderr
    assert done.stdout == f"version 1.0\n{listed['id']} Completed\n"
    assert [(point["name"], point["value"]) for point in shown["metrics"]] == [("answer", 42)]
    assert [output["path"] for output in shown["outputs"]] == ["outputs/answer.txt"]
    assert logs.stdout == "version 1.0\n"
    assert "version 1.0\n" in [line["text"] for line in lines]


def test_a_script_that_fails_is_an_error_with_its_exit_code(built: Shell) -> None:
    done = built("run", "submit", "train.py", "3", "--source", "src", "--environment", "mine")

    assert done.returncode == 1
    assert "error: train.py ended with exit code 3" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_script_and_a_missing_environment_are_errors(built: Shell) -> None:
    no_script = built("run", "submit", "nowhere.py", "--source", "src", "--environment", "mine")
    no_environment = built("run", "submit", "train.py", "--source", "src", "--environment", "other")

    assert (no_script.returncode, no_environment.returncode) == (1, 1)
    assert "nowhere.py" in no_script.stderr
    assert "other" in no_environment.stderr


def test_a_run_is_detached_and_canceled(built: Shell) -> None:
    (built.folder / "src" / "long.py").write_text("import time\ntime.sleep(600)\n")
    submitted = built.json("run", "submit", "long.py", "--source", "src", "--environment", "mine", "--detach")

    canceled = built("run", "cancel", submitted["id"])
    built("run", "logs", submitted["id"])

    assert canceled.returncode == 0
    assert built.json("run", "show", submitted["id"])["status"] == "Canceled"


def test_a_requirement_that_does_not_exist_fails_the_build_and_says_so(built: Shell) -> None:
    (built.folder / "missing.txt").write_text("no-such-package-of-ours==1\n")
    built.json("env", "register", "missing", "--requirements", "missing.txt")

    done = built("env", "build", "missing")

    assert done.returncode == 1
    assert "no-such-package-of-ours" in done.stderr.rpartition("error: ")[2]
    assert "hint: " in done.stderr


def test_nothing_to_cancel_is_an_error(built: Shell) -> None:
    done = built("env", "build", "mine", "--cancel")

    assert (done.returncode, done.stdout) == (1, "")
    assert "no build of mine goes on" in done.stderr


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_server_with_its_worker_ends_whole(bare_shell: Shell, tmp_path: Path) -> None:
    place = ("--home", str(tmp_path / "data"))
    url = f"http://127.0.0.1:{_free_port()}"
    first = bare_shell("token", "create", "--admin", *place)
    client = {"WHEELKEEP_URL": url, "WHEELKEEP_TOKEN": first.stdout.strip()}
    server = bare_shell.start("server", *place, "--listen", url.removeprefix("http://"))
    try:
        deadline = time.monotonic() + 30
        listed = ""
        while "beside-the-server" not in listed and time.monotonic() < deadline:
            time.sleep(0.2)
            listed = bare_shell("worker", "list", more=client).stdout
    finally:
        server.send_signal(signal.SIGTERM)
        code = server.wait(30)

    assert first.returncode == 0, first.stderr
    assert "beside-the-server" in listed
    assert code == 0
    assert bare_shell("worker", "list", more=client).returncode == 1
