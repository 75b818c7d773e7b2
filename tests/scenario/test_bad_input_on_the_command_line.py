"""What a user of the command line sees of trouble: one error, a hint, exit code 1, nothing on stdout, no question."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers

PROGRAM = str(Path(sys.executable).with_name("wheelkeep"))
WRONG = "wrongpatcanary01"


@pytest.fixture
def feed(tmp_path: Path) -> Iterator[FeedSimulator]:
    """A feed that wants a password, with `behind-a-pat`."""
    with FeedSimulator(build_wheel(tmp_path, "behind-a-pat")) as feed:
        feed.behaviour.accepts = {"therightpat00001"}
        yield feed


def _call(user: User, *words: str, stdin: str = "", **variables: str) -> "subprocess.CompletedProcess[str]":
    """The command as typed in a shell whose input ends: whoever asks a question gets no answer."""
    environment = os.environ | {"WHEELKEEP_HOME": str(user.workspace.home)} | variables
    return subprocess.run(
        [PROGRAM, *words], env=environment, input=stdin, capture_output=True, text=True, check=False, timeout=60
    )


def _check_one_error(done: "subprocess.CompletedProcess[str]", *says: str) -> None:
    assert (done.returncode, done.stdout) == (1, "")
    told = done.stderr[done.stderr.rindex("error: ") :]  # after the log, which has the resolver's own words
    assert told.splitlines()[-1].startswith("hint: ")
    assert "Traceback" not in done.stderr
    assert [word for word in says if word not in told] == []


def test_a_wrong_pat_is_one_error_that_names_the_connection_and_asks_nothing(
    user: User, feed: FeedSimulator, tmp_path: Path
) -> None:
    lines = tmp_path / "requirements.txt"
    lines.write_text(f"--extra-index-url {feed.url}\nbehind-a-pat\n")
    words = ("connection", "set", "typed-wrong", "--target", feed.base_url, "--value-stdin")
    assert _call(user, *words, stdin=f"{WRONG}\n").returncode == 0
    assert _call(user, "env", "register", "typed", "--requirements", str(lines)).returncode == 0

    done = _call(user, "env", "build", "typed")
    as_json = _call(user, "env", "build", "typed", "--json")

    _check_one_error(done, "typed-wrong", "401")
    assert WRONG not in done.stderr + as_json.stdout + as_json.stderr
    assert json.loads(as_json.stdout)["failure"]["code"] == "feed_authentication_failed"
    assert as_json.returncode == 1


def test_a_secret_in_a_requirements_file_is_refused_unseen(user: User, tmp_path: Path) -> None:
    lines = tmp_path / "requirements.txt"
    lines.write_text(f"--extra-index-url https://me:{WRONG}@feed.example.com/simple/\nsix\n")

    done = _call(user, "env", "register", "secretive", "--requirements", str(lines))

    _check_one_error(done, "feed.example.com")
    assert WRONG not in done.stderr


def test_a_script_that_fails_is_one_error_with_its_exit_code(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    public.add(build_wheel(tmp_path, "typed-script"))
    environment = user.build("typed-script", ["typed-script"])
    (tmp_path / "train.py").write_text("import sys; sys.exit('no data')")

    done = _call(user, "run", "submit", "train.py", "--source", str(tmp_path), "--environment", str(environment.name))

    _check_one_error(done, "exit code 1")
    assert done.stderr.count("no data") == 1  # in the script's own words above


def test_a_server_that_is_not_there_is_one_error(user: User, free_port: int) -> None:
    url = f"http://127.0.0.1:{free_port}"

    done = _call(user, "wheel", "list", WHEELKEEP_URL=url, WHEELKEEP_TOKEN="wk_any")

    _check_one_error(done, url)


def test_an_unknown_workspace_is_one_error(user: User) -> None:
    _check_one_error(_call(user, "wheel", "list", "--workspace", "nowhere"), "nowhere")


def test_an_environment_that_does_not_exist_is_one_error(user: User) -> None:
    _check_one_error(_call(user, "env", "build", "never-made"), "never-made")


def test_no_folder_and_no_setting_is_one_error_that_names_init(tmp_path: Path) -> None:
    variables = {name: value for name, value in os.environ.items() if not name.startswith("WHEELKEEP_")}

    done = subprocess.run(
        [PROGRAM, "env", "list"], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )

    _check_one_error(done, "wheelkeep init")
