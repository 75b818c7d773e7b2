"""What the command line prints, how it reads secrets and names, and what it says when it waits."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from wheelkeep.cli.output import Table, format_size, show
from wheelkeep.cli.progress import follow
from wheelkeep.cli.reference import Reference, format_reference
from wheelkeep.cli.secret_input import SecretSource
from wheelkeep.errors import UnreachableError
from wheelkeep.sdk.follow import told_when_interrupted
from wheelkeep.wire.resources import FAILURE_STREAM, LogLine

SECRET = "canary-0123456789"


def test_a_table_is_aligned_and_cannot_move_the_cursor() -> None:
    table = Table.of(("name", "size"), [("a\x1b[31m.whl", 1), ("long-name.whl", None)])

    assert table.lines() == ["name           size", "a�[31m.whl     1", "long-name.whl  -"]


def test_an_empty_table_leaves_stdout_empty(capsys: pytest.CaptureFixture[str]) -> None:
    show([], Table.of(("name",), []), as_json=False)

    assert capsys.readouterr() == ("", "nothing yet\n")


def test_json_is_json_even_when_empty(capsys: pytest.CaptureFixture[str]) -> None:
    show([], Table.of(("name",), []), as_json=True)

    assert capsys.readouterr() == ("[]\n", "")


@pytest.mark.parametrize(("size", "text"), [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB")])
def test_sizes_are_for_people(size: int, text: str) -> None:
    assert format_size(size) == text


@pytest.mark.parametrize(
    ("text", "meant"), [("env", ("env", None)), ("env:3", ("env", 3)), ("env:latest", ("env", None))]
)
def test_a_reference_is_a_name_and_perhaps_a_version(text: str, meant: tuple[str, int | None]) -> None:
    assert Reference().convert(text, None, None) == meant


@pytest.mark.parametrize("text", ["", ":1", "env:", "env:x", "env:-1", "env:1.0"])
def test_another_form_is_wrong_usage(text: str) -> None:
    with pytest.raises(click.BadParameter):
        Reference().convert(text, None, None)


def test_a_reference_is_written_as_it_is_read() -> None:
    assert [format_reference("env", None), format_reference("env", 3)] == ["env", "env:3"]


def test_a_secret_comes_from_stdin_without_its_line_break(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{SECRET}\n"))

    assert SecretSource(stdin=True, file=None, variable=None).read("secret").reveal() == SECRET


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(f"{SECRET}\r\n")

    assert SecretSource(stdin=False, file=tmp_path / "secret", variable=None).read("secret").reveal() == SECRET


def test_a_secret_comes_from_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PAT", SECRET)

    assert SecretSource(stdin=False, file=None, variable="MY_PAT").read("secret").reveal() == SECRET


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(SecretSource(stdin=True, file=Path("x"), variable=None), id="two-sources"),
        pytest.param(SecretSource(stdin=True, file=None, variable=None), id="empty"),
        pytest.param(SecretSource(stdin=False, file=None, variable="NO_SUCH_VARIABLE"), id="not-set"),
        pytest.param(SecretSource(stdin=False, file=None, variable=None), id="no-terminal"),
    ],
)
def test_a_secret_that_cannot_be_read_is_wrong_usage(source: SecretSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    with pytest.raises(click.UsageError):
        source.read("secret")


def _piece(number: int, text: str, stream: str = "stdout") -> LogLine:
    return LogLine(n=number, at="2026-01-01T00:00:00Z", stream=stream, text=text)


class _Work:
    """Work with a log that is known already; before it, `quiet` silences, in which it waits for a worker."""

    def __init__(self, *pieces: LogLine, quiet: int = 0) -> None:
        self._pieces = pieces
        self._quiet = quiet

    def follow(self, *, on_quiet: Callable[[], None]) -> Iterator[LogLine]:
        for _ in range(self._quiet):
            on_quiet()
        yield from self._pieces

    def waiting(self) -> str:
        return "waiting for a worker: 2 pieces of work are ahead"


def _unseen() -> str:
    pytest.fail("nobody looks at the live line")


PIECES = (_piece(1, "half "), _piece(2, "a line\nnext"), _piece(3, "building\n", "build"))
WHY = _piece(4, "train.py ended with exit code 3\n", FAILURE_STREAM)


def test_in_a_pipe_a_log_is_what_the_program_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    follow(_Work(*PIECES), _unseen)

    assert capsys.readouterr() == ("half a line\nnext", "building\n")


def test_stdout_that_is_kept_for_json_holds_no_log(capsys: pytest.CaptureFixture[str]) -> None:
    follow(_Work(*PIECES), _unseen, keep_stdout=True)

    assert capsys.readouterr() == ("", "half a line\nnextbuilding\n")


def test_why_it_failed_is_left_to_the_error_but_stands_in_a_log_that_is_read_again(
    capsys: pytest.CaptureFixture[str],
) -> None:
    follow(_Work(WHY), _unseen)
    first = capsys.readouterr()
    follow(_Work(WHY), _unseen, with_failure=True)

    assert first == ("", "")
    assert capsys.readouterr() == ("", "train.py ended with exit code 3\n")


def test_a_silence_gets_one_word_however_long_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    follow(_Work(*PIECES, quiet=3), _unseen)

    assert capsys.readouterr().err == "waiting for a worker: 2 pieces of work are ahead\nbuilding\n"


class _UnaskableWork(_Work):
    """Work whose server is away when it is asked what it waits for."""

    def waiting(self) -> str:
        raise UnreachableError("the server is away")


@pytest.mark.parametrize("terminal", [True, False])
def test_a_server_that_is_away_for_a_moment_ends_no_following(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *, terminal: bool
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "dumb")

    follow(_UnaskableWork(_piece(1, "a line\n", "build"), quiet=2), lambda: "queued")

    assert "a line\n" in capsys.readouterr().err


def test_whoever_interrupts_is_told_what_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), told_when_interrupted("the build goes on"):
        raise KeyboardInterrupt

    assert "the build goes on" in capsys.readouterr().err
