"""Whatever a user types, the answer is words, an exit code and never a traceback."""

import errno
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from wheelkeep.cli.groups import COMMANDS
from wheelkeep.cli.main import program
from wheelkeep.errors import ConflictError

Call = Callable[..., Any]


def _breaking(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let the command `audit` raise `error`."""

    @click.command()
    def broken() -> None:
        raise error

    monkeypatch.setattr("wheelkeep.cli.audit.audit", broken)


def test_no_command_is_wrong_usage_and_shows_the_help(call: Call) -> None:
    outcome = call()

    assert outcome.code == 2
    assert "Commands:" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("wheel", "nonsense"),
        ("wheel", "add"),
        ("env", "show", "a:b"),
        ("--nonsense",),
        ("env", "register", "x"),
    ],
)
def test_wrong_usage_is_2_and_says_where_help_is(call: Call, arguments: tuple[str, ...]) -> None:
    outcome = call(*arguments)

    assert outcome.code == 2
    assert outcome.out == ""
    assert "Error:" in outcome.err


def test_two_workspaces_at_once_are_wrong_usage(call: Call) -> None:
    outcome = call("wheel", "list", "--url", "http://127.0.0.1:1", "--home", "here")

    assert (outcome.code, outcome.out) == (2, "")
    assert "--url and --home" in outcome.err


def test_no_workspace_is_an_error_that_names_init(call: Call) -> None:
    outcome = call("wheel", "list")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: no workspace was named")
    assert "wheelkeep init" in outcome.err.splitlines()[1]


@pytest.mark.enable_socket
def test_a_server_that_is_not_there_is_one_error(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELKEEP_TOKEN", "wk_canary_token_0123456789")

    outcome = call("wheel", "list", "--url", "http://127.0.0.1:9")

    assert outcome.code == 1
    assert outcome.err.startswith("error: ")
    assert "canary" not in outcome.err


@pytest.mark.parametrize("token", ["wk_canary_token_0123456789", ""])
def test_a_url_without_a_scheme_says_so(call: Call, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("WHEELKEEP_TOKEN", token)
    monkeypatch.setenv("WHEELKEEP_URL", "foo")

    outcome = call("wheel", "list")

    assert outcome.code == 1
    assert outcome.err.startswith("error: the server's URL has no scheme\nhint: write it as https://")


def test_a_password_in_the_servers_url_is_refused_and_not_shown(call: Call) -> None:
    outcome = call("wheel", "list", "--url", "https://me:canaryPassword@keep.example")

    assert outcome.code == 1
    assert "without user name, password" in outcome.err
    assert "canaryPassword" not in outcome.err


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../b"])
@pytest.mark.parametrize(
    "words",
    [
        ("wheel", "show"),
        ("wheel", "yank"),
        ("wheel", "delete"),
        ("connection", "show"),
        ("connection", "test"),
        ("connection", "delete"),
        ("workspace", "create"),
        ("wheel", "list", "--workspace"),
    ],
)
def test_a_name_that_is_a_path_is_refused_before_anything_is_asked(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], name: str
) -> None:
    monkeypatch.setenv("WHEELKEEP_TOKEN", "wk_canary_token_0123456789")
    monkeypatch.setenv("WHEELKEEP_URL", "http://127.0.0.1:9")  # sockets are refused here: a request would be a defect

    outcome = call(*words, name)

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {name!r} is no ")
    assert "hint: " in outcome.err


@pytest.mark.parametrize("words", [("env", "show"), ("env", "build"), ("env", "lock"), ("env", "delete")])
def test_an_environment_whose_name_is_a_path_is_refused_before_anything_is_asked(
    call: Call, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setenv("WHEELKEEP_TOKEN", "wk_canary_token_0123456789")
    monkeypatch.setenv("WHEELKEEP_URL", "http://127.0.0.1:9")

    outcome = call(*words, "../b")

    assert outcome.err.startswith("error: '../b' is no environment name\nhint: ")


def test_a_user_name_is_asked_for_before_the_password_is(call: Call) -> None:
    target = ("--target", "https://feed.example.com")

    without = call("connection", "set", "feed", *target, "--auth-type", "UsernamePassword")
    beside = call("connection", "set", "feed", *target, "--username", "me")

    assert (without.code, beside.code) == (2, 2)
    assert "give --username" in without.err
    assert "--username is for --auth-type UsernamePassword" in beside.err


def test_a_bad_conda_file_is_named(call: Call, nowhere: Path) -> None:
    (nowhere / "conda.yml").write_text("dependencies: {")

    outcome = call("env", "register", "mine", "--conda", "conda.yml")

    assert outcome.code == 1
    assert outcome.err.startswith("error: conda.yml: environment error: not a valid YAML structure, line 1")


def test_a_url_without_a_token_says_which_variable_to_set(call: Call) -> None:
    outcome = call("wheel", "list", "--url", "http://127.0.0.1:9")

    assert outcome.code == 1
    assert "WHEELKEEP_TOKEN" in outcome.err


def test_an_error_of_ours_is_its_message_and_its_hint(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaking(monkeypatch, ConflictError("the wheel is taken", code="wheel_exists", hint="raise the version"))

    outcome = call("audit")

    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == "error: the wheel is taken\nhint: raise the version\n"


def test_a_message_cannot_move_the_cursor(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaking(monkeypatch, ConflictError("a\x1b[2Jb\rc"))

    assert "\x1b" not in call("audit").err


def test_a_full_disk_is_told_as_one(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaking(monkeypatch, OSError(errno.ENOSPC, "No space left on device", "/data/x"))

    outcome = call("audit")

    assert outcome.code == 1
    assert outcome.err.startswith("error: no space left on device: /data/x\nhint: make room")


def test_a_defect_is_one_line_and_how_to_report_it(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaking(monkeypatch, ZeroDivisionError("secret-0123"))

    outcome = call("audit")

    assert outcome.code == 1
    assert outcome.err.startswith("error: this is a defect of wheelkeep: ZeroDivisionError at test_funnel.py:")
    assert "report it" in outcome.err
    assert "secret-0123" not in outcome.err
    assert "Traceback" not in outcome.err


def test_ctrl_c_is_130_and_quiet(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _breaking(monkeypatch, KeyboardInterrupt())

    outcome = call("audit")

    assert outcome.code == 130
    assert outcome.err.split() == ["interrupted"]


def test_a_closed_pipe_is_no_error() -> None:
    program_text = "import sys; from wheelkeep.cli.main import main; sys.exit(main(['--help']))"
    with subprocess.Popen(
        [sys.executable, "-c", program_text], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        told = child.stderr.read()
        child.wait()

    assert told == b""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_says_what_it_does(call: Call, name: str) -> None:
    outcome = call(name, "--help")

    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: wheelkeep {name}")


def _commands(command: click.Command, path: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    found = []
    for name in command.list_commands(context):
        inside = command.get_command(context, name)
        assert inside is not None
        found += _commands(inside, f"{path} {name}".strip())
    return found


def test_every_command_that_shows_things_offers_json() -> None:
    words = ("list", "show", "add", "set", "register", "build", "submit", "logs", "create", "audit", "init", "stop")

    without = [
        path
        for path, command in _commands(program, "")
        if path.split()[-1] in words and not any("--json" in parameter.opts for parameter in command.params)
    ]

    assert without == []


def test_every_option_says_what_it_is_for() -> None:
    silent = [
        f"{path} {parameter.opts[0]}"
        for path, command in _commands(program, "")
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]

    assert silent == []


def test_no_command_takes_a_secret_as_an_argument() -> None:
    for path, command in _commands(program, ""):
        for parameter in command.params:
            assert parameter.name not in {"value", "token", "password", "secret", "pat"}, path


def test_help_loads_no_command_no_sdk_and_no_server_library() -> None:
    code = (
        "import sys; from wheelkeep.cli.main import main; main(['--help']);"
        "print([name for name in sys.modules if name.split('.')[0] in"
        " ('rich', 'urllib3', 'sqlalchemy', 'starlette', 'cryptography', 'obstore', 'aiohttp')"
        " or name.startswith(('wheelkeep.sdk.', 'wheelkeep.node', 'wheelkeep.server'))], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
