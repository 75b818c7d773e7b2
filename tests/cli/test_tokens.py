"""What `token create` is told is what the token is, made beside the server's data as by its API."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

Shell = Any  # the fixture of conftest.py: importlib mode lets no test import it
Call = Callable[..., Any]


def _days_left(view: dict[str, str]) -> float:
    return (datetime.fromisoformat(view["expires_at"]) - datetime.now(UTC)) / timedelta(days=1)


@pytest.mark.parametrize(("kind", "made_as"), [("--admin", ("user", "admin")), ("--node", ("node", "contributor"))])
def test_a_token_made_beside_the_data_is_what_was_asked_for(
    bare_shell: Shell, tmp_path: Path, kind: str, made_as: tuple[str, str]
) -> None:
    place = ("--home", str(tmp_path / "data"))

    scoped = bare_shell.json("token", "create", kind, "--name=-n", "--workspace", "default", "--days", "1", *place)
    wide = bare_shell.json("token", "create", kind, *place)

    assert (scoped["name"], scoped["kind"], scoped["role"]) == ("-n", *made_as)
    assert scoped["workspace"] == "default"
    assert 0.9 < _days_left(scoped) <= 1
    assert (wide["workspace"], wide["expires_at"]) == (None, None)


def test_an_admins_token_is_for_all_workspaces_unless_the_flag_names_one(bare_shell: Shell, tmp_path: Path) -> None:
    words = ("token", "create", "--admin", "--home", str(tmp_path / "data"))

    wide = bare_shell(*words, "--json", more={"WHEELKEEP_WORKSPACE": "vision"})
    unknown = bare_shell(*words, "--workspace", "vision")

    assert json.loads(wide.stdout)["workspace"] is None
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr.startswith("error: there is no workspace 'vision'\nhint: ")


@pytest.mark.servers
@pytest.mark.enable_socket
def test_a_token_is_for_the_workspace_that_is_meant_unless_told_otherwise(shell: Shell) -> None:
    meant = shell.json("token", "create", "--name", "meant")
    wide = shell.json("token", "create", "--name", "wide", "--all-workspaces", "--days", "2")
    listed = {view["name"]: view["workspace"] for view in shell.json("token", "list")}
    shown = {line.split()[1]: line.split()[4] for line in shell("token", "list").stdout.splitlines()}

    assert (meant["workspace"], meant["role"], meant["expires_at"]) == ("default", "contributor", None)
    assert wide["workspace"] is None
    assert 1.9 < _days_left(wide) <= 2
    assert (listed["meant"], listed["wide"]) == ("default", None)
    assert (shown["meant"], shown["wide"]) == ("default", "every")


@pytest.mark.parametrize(
    "words",
    [
        ("--admin", "--node"),
        ("--admin", "--role", "reader"),
        ("--node", "--role", "reader"),
        ("--workspace", "default", "--all-workspaces"),
        ("--days", "0"),
        ("--days", "4000"),
    ],
)
def test_two_kinds_of_token_at_once_are_wrong_usage(call: Call, words: tuple[str, ...]) -> None:
    outcome = call("token", "create", *words)

    assert (outcome.code, outcome.out) == (2, "")
