"""From a wheel to a finished run, as a user types it; nothing but loopback is asked."""

import json
import os
import signal
import socket
import subprocess
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
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1].startswith("mine:1 Succeeded sha256:")
    return shell


def test_a_lock_names_every_file_with_its_hash(built: Shell) -> None:
    [kept] = built.json("wheel", "list")

    text = built("env", "lock", "mine").stdout

    assert kept["sha256"].removeprefix("sha256:") in text
    assert 'origin = "workspace"' in text


def test_a_lock_is_shown_as_json_too(built: Shell) -> None:
    [kept] = built.json("wheel", "list")

    shown = built.json("env", "lock", "mine")

    assert [(file["filename"], file["sha256"]) for file in shown["files"]] == [(kept["filename"], kept["sha256"])]
    assert shown["digest"] == built.json("env", "show", "mine")["lock_digest"]


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
    assert done.stdout == "version 1.0\n"
    assert done.stderr.endswith(f"run {listed['id']} Completed\n")
    assert [(point["name"], point["value"]) for point in shown["metrics"]] == [("answer", 42)]
    assert [output["path"] for output in shown["outputs"]] == ["outputs/answer.txt"]
    assert logs.stdout == "version 1.0\n"
    assert "version 1.0\n" in [line["text"] for line in lines]


def test_a_script_that_fails_is_an_error_with_its_exit_code(built: Shell) -> None:
    done = built("run", "submit", "train.py", "3", "--source", "src", "--environment", "mine")

    assert done.returncode == 1
    assert done.stdout == "version 1.0\n"
    assert done.stderr.count("train.py ended with exit code 3") == 1
    assert "error: train.py ended with exit code 3\nhint: its last words stand above" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_json_stdout_holds_the_record_alone_also_of_a_run_that_failed(built: Shell) -> None:
    words = ("--source", "src", "--environment", "mine", "--json")
    good = built("run", "submit", "train.py", "0", *words)
    bad = built("run", "submit", "train.py", "3", *words)

    assert (good.returncode, json.loads(good.stdout)["status"]) == (0, "Completed")
    assert (bad.returncode, json.loads(bad.stdout)["status"], json.loads(bad.stdout)["exit_code"]) == (1, "Failed", 3)
    assert "version 1.0\n" in good.stderr
    assert "error: train.py ended with exit code 3" in bad.stderr


def test_any_script_name_makes_an_experiment(built: Shell) -> None:
    (built.folder / "src" / "my train.v2.py").write_text("")

    done = built.json("run", "submit", "my train.v2.py", "--source", "src", "--environment", "mine")

    assert done["experiment"] == "my-train-v2"


def test_what_a_run_left_is_fetched_into_a_folder(built: Shell) -> None:
    submitted = built.json("run", "submit", "train.py", "0", "--source", "src", "--environment", "mine")

    named = built.json("run", "download", submitted["id"], "left")
    unnamed = built("run", "download", submitted["id"])

    assert named == ["left/outputs/answer.txt"]
    assert unnamed.stdout == f"{submitted['id']}/outputs/answer.txt\n"
    assert (built.folder / named[0]).read_text() == "42"


def test_a_missing_script_and_a_missing_environment_are_errors(built: Shell) -> None:
    no_script = built("run", "submit", "nowhere.py", "--source", "src", "--environment", "mine")
    no_environment = built("run", "submit", "train.py", "--source", "src", "--environment", "other")

    assert (no_script.returncode, no_environment.returncode) == (1, 1)
    assert "nowhere.py" in no_script.stderr
    assert "other" in no_environment.stderr


def test_a_run_is_detached_and_canceled(built: Shell) -> None:
    (built.folder / "src" / "long.py").write_text("import time\ntime.sleep(600)\n")
    submitted = built("run", "submit", "long.py", "--source", "src", "--environment", "mine", "--detach")
    run = submitted.stdout.strip()

    canceled = built("run", "cancel", run)
    built("run", "logs", run)

    assert (canceled.returncode, canceled.stdout, canceled.stderr) == (0, "", f"asked run {run} to stop\n")
    assert built.json("run", "show", run)["status"] == "Canceled"


def test_a_requirement_that_does_not_exist_fails_the_build_and_says_so(built: Shell) -> None:
    (built.folder / "missing.txt").write_text("no-such-package-of-ours==1\n")
    built.json("env", "register", "missing", "--requirements", "missing.txt")

    done = built("env", "build", "missing")

    assert done.returncode == 1
    assert "no-such-package-of-ours" in done.stderr.rpartition("error: ")[2]
    assert "hint: " in done.stderr
    assert done.stderr.count("no-such-package-of-ours is in none of the build's origins") == 1


def test_a_build_that_fails_leaves_its_record_on_stdout_with_json(built: Shell) -> None:
    (built.folder / "absent.txt").write_text("no-such-package-of-ours==2\n")
    built.json("env", "register", "absent", "--requirements", "absent.txt")

    done = built("env", "build", "absent", "--json")

    shown = json.loads(done.stdout)
    assert (done.returncode, shown["status"], shown["failure"]["code"]) == (1, "Failed", "no_such_package")


def test_a_build_that_goes_on_is_asked_to_stop(built: Shell) -> None:
    (built.folder / "src" / "busy.py").write_text("import time\ntime.sleep(600)\n")
    busy = built("run", "submit", "busy.py", "--source", "src", "--environment", "mine", "--detach").stdout.strip()
    (built.folder / "second.txt").write_text("my-custom==1.0\n")
    built.json("env", "register", "second", "--requirements", "second.txt")
    started = built.json("env", "build", "second", "--detach")
    waiting = built.start("env", "build", "second", stderr=subprocess.PIPE)
    assert waiting.stderr is not None

    said = waiting.stderr.readline().decode()
    asked = built("env", "build", "second", "--cancel")
    built("run", "cancel", busy)
    waiting.communicate(timeout=30)

    assert said == "waiting for a worker: 1 piece of work is ahead\n"
    assert (asked.returncode, asked.stderr) == (0, f"asked build {started['id']} of second:1 to stop\n")
    assert waiting.returncode == 1


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


def _interrupted(shell: Shell, *words: str, until: str) -> tuple[int, str]:
    """How `wheelkeep server` ends when Ctrl-C is pressed in its terminal once it has said `until`; what it said."""
    server = shell.start("server", *words, stderr=subprocess.PIPE, alone=True)
    assert server.stderr is not None
    said = ""
    while until not in said:
        line = server.stderr.readline().decode()
        assert line, said
        said += line
    os.killpg(server.pid, signal.SIGINT)
    _, rest = server.communicate(timeout=30)
    return server.returncode, said + rest.decode()


@pytest.mark.parametrize(("words", "until"), [((), "takes work"), (("--no-worker",), "listening on")])
def test_ctrl_c_ends_a_server_with_130_with_a_worker_and_without(
    bare_shell: Shell, tmp_path: Path, words: tuple[str, ...], until: str
) -> None:
    listen = f"127.0.0.1:{_free_port()}"

    code, said = _interrupted(bare_shell, "--home", str(tmp_path / "data"), "--listen", listen, *words, until=until)

    assert code == 130
    assert f"listening on http://{listen}" in said
    assert "plain http" not in said
    assert "Traceback" not in said


def test_a_server_on_all_addresses_says_so_and_warns_of_plain_http(bare_shell: Shell, tmp_path: Path) -> None:
    port = _free_port()
    place = ("--home", str(tmp_path / "data"), "--no-worker")

    _, said = _interrupted(bare_shell, *place, "--listen", f"0.0.0.0:{port}", until="plain http")

    assert f"listening on all addresses of this machine, as http://127.0.0.1:{port}\n" in said
    assert "WARNING plain http beyond this machine" in said
    assert (tmp_path / "data" / ".gitignore").read_text() == "*\n"


def test_a_first_token_is_printed_as_json_in_the_form_of_every_other(bare_shell: Shell, tmp_path: Path) -> None:
    made = bare_shell("token", "create", "--admin", "--home", str(tmp_path / "data"), "--json")

    assert made.stdout == json.dumps(json.loads(made.stdout), indent=2) + "\n"
