"""The command line against a real embedded workspace, from `init` to `server stop`, as a user types it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from wheelkeep.testing.canary import search
from wheelkeep.testing.wheels import build_wheel

pytestmark = [pytest.mark.servers, pytest.mark.enable_socket]

SECRET = "canaryPat0123456789abcdef"
Shell = Any  # the fixture of conftest.py: importlib mode lets no test import it


def test_init_writes_a_config_without_a_token_and_keeps_what_is_there(shell: Shell) -> None:
    again = shell.json("init")

    assert json.loads(Path(again["config"]).read_text()) == {"path": ".wheelkeep", "workspace": "default"}
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/w/default/simple/", again["index"])


def test_a_second_init_says_that_it_was_there(shell: Shell) -> None:
    again = shell("init")

    assert again.returncode == 0
    assert "it was there already" in again.stderr
    assert "next:" not in again.stderr


def test_a_subfolder_finds_the_workspace(shell: Shell) -> None:
    (shell.folder / "sub").mkdir()

    assert shell.at(shell.folder / "sub")("wheel", "list").returncode == 0


def test_the_life_of_a_wheel(shell: Shell, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "my_custom", "1.0")

    [added] = shell.json("wheel", "add", str(wheel))
    again = shell("wheel", "add", str(wheel))
    listed = [view["filename"] for view in shell.json("wheel", "list")]
    shown = shell("wheel", "show", wheel.name)
    yanked = shell.json("wheel", "yank", wheel.name, "--reason", "wrong numbers")
    deleted = shell("wheel", "delete", wheel.name)

    assert added["url"].endswith(f"/{wheel.name}#sha256={added['sha256'].removeprefix('sha256:')}")
    assert again.stdout.strip() == added["url"]
    assert wheel.name in listed
    assert "my-custom 1.0" in shown.stdout or "my_custom 1.0" in shown.stdout
    assert (yanked["yanked"], yanked["yanked_reason"]) == (True, "wrong numbers")
    assert (deleted.returncode, deleted.stdout) == (0, "")
    assert shell("wheel", "show", wheel.name).returncode == 1


def test_a_file_that_is_no_wheel_is_refused_with_the_legal_name(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "my-custom.whl").write_bytes(b"nonsense")

    done = shell("wheel", "add", str(tmp_path / "my-custom.whl"))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "py3-none-any.whl" in done.stderr


def test_a_bad_wheel_does_not_keep_a_good_one_back(shell: Shell, tmp_path: Path) -> None:
    good = build_wheel(tmp_path, "good_one", "1.0")
    (tmp_path / "bad-1.0-py3-none-any.whl").write_bytes(b"nonsense")
    (tmp_path / "worse.whl").write_bytes(b"nonsense")
    words = ("wheel", "add", str(tmp_path / "bad-1.0-py3-none-any.whl"), str(good), str(tmp_path / "worse.whl"))

    done, as_json = shell(*words), shell(*words, "--json")

    assert done.returncode == as_json.returncode == 1
    assert f"/{good.name}#sha256=" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert [view["filename"] for view in json.loads(as_json.stdout)] == [good.name]
    assert done.stderr.count("error: ") == 2
    assert "worse.whl" in done.stderr


def test_a_folder_is_told_as_one(shell: Shell, tmp_path: Path) -> None:
    done = shell("wheel", "add", str(tmp_path))

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: {tmp_path} is a folder\nhint: name the wheels in it, as {tmp_path}/*.whl\n"


def test_a_missing_file_is_one_error(shell: Shell) -> None:
    done = shell("wheel", "add", "nowhere-1.0-py3-none-any.whl")

    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no file nowhere-1.0-py3-none-any.whl\nhint: ")


def test_the_life_of_a_connection_shows_its_secret_nowhere(shell: Shell) -> None:
    target = ("--target", "https://feed.example.com/simple")
    kept = shell.json("connection", "set", "feed", *target, "--value-stdin", stdin=f"{SECRET}\n")
    other = shell("connection", "set", "feed", *target, "--value-env", "MY_PAT", more={"MY_PAT": SECRET})
    listed = shell.json("connection", "list")
    shown = shell("connection", "show", "feed")
    found = search(SECRET, [shell.folder, Path(shell.environment["XDG_STATE_HOME"])])
    deleted = shell("connection", "delete", "feed")

    assert other.returncode == 0, other.stderr
    assert kept["target"] == "https://feed.example.com/simple"
    assert [each["name"] for each in listed] == ["feed"]
    assert SECRET not in json.dumps([kept, listed]) + shown.stdout + shown.stderr
    assert found == []
    assert deleted.returncode == 0
    assert shell("connection", "show", "feed").returncode == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--target", "https://x.example", "--category", "Nonsense"), "category"),
        (("--target", "x.example"), "scheme"),
        (("--target", "https://me:canaryPat@x.example"), "target"),
        (("--target", "https://x.example", "--auth-type", "Nonsense"), "auth"),
    ],
)
def test_a_wrong_connection_is_refused_and_says_why(shell: Shell, options: tuple[str, ...], said: str) -> None:
    done = shell("connection", "set", "wrong", *options, "--value-stdin", stdin=SECRET)

    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert "hint: " in done.stderr
    assert "canaryPat" not in done.stderr


def test_tokens_are_shown_once_and_revoked(shell: Shell) -> None:
    made = shell.json("token", "create", "--name", "reader", "--role", "reader")
    listed = shell("token", "list", "--json")
    revoked = shell("token", "revoke", made["id"])

    assert made["token"]
    assert made["token"] not in listed.stdout
    assert revoked.returncode == 0
    assert made["id"] not in shell("token", "list").stdout


def test_a_workspace_is_made_and_named_by_a_flag(shell: Shell) -> None:
    made = shell.json("workspace", "create", "vision")

    assert made["name"] == "vision"
    assert {view["name"] for view in shell.json("workspace", "list")} >= {"default", "vision"}
    assert shell.json("wheel", "list", "--workspace", "vision") == []


def test_an_unknown_workspace_is_one_error(shell: Shell) -> None:
    done = shell("wheel", "list", "--workspace", "nowhere")

    assert done.returncode == 1
    assert "nowhere" in done.stderr


def test_an_environment_is_registered_from_a_requirements_file(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("attrs>=20\n")
    words = ("env", "register", "mine", "--requirements", str(tmp_path / "requirements.txt"))

    first, second = shell.json(*words), shell.json(*words)

    assert (first["name"], first["version"], second["version"]) == ("mine", 1, 1)
    assert [view["name"] for view in shell.json("env", "list")] == ["mine"]
    assert shell.json("env", "show", "mine:1")["definition_digest"] == first["definition_digest"]
    assert "wheelkeep env build" in shell("env", "lock", "mine").stderr
    assert shell("env", "delete", "mine").returncode == 0


def test_the_audit_can_be_read(shell: Shell) -> None:
    assert isinstance(shell.json("audit"), list)


def test_the_embedded_worker_is_listed(shell: Shell) -> None:
    assert isinstance(shell.json("worker", "list"), list)
