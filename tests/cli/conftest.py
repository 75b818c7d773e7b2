"""What the tests of the command line share."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from wheelkeep.cli.main import main


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str


Call = Callable[..., Outcome]


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in, with no setting that names a workspace."""
    for name in ("WHEELKEEP_URL", "WHEELKEEP_TOKEN", "WHEELKEEP_HOME", "WHEELKEEP_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call(nowhere: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    """Calls the command line as a user would, in an empty folder."""
    assert nowhere.is_dir()

    def called(*arguments: str) -> Outcome:
        code = main(arguments)
        out, err = capsys.readouterr()
        return Outcome(code, out, err)

    return called


PROGRAM = str(Path(sys.executable).with_name("wheelkeep"))


@dataclass(frozen=True, slots=True)
class Shell:
    """A user's shell in a folder of their own."""

    folder: Path
    environment: dict[str, str]

    def __call__(
        self, *words: str, stdin: str = "", more: dict[str, str] | None = None
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [PROGRAM, *words],
            cwd=self.folder,
            env=self.environment | (more or {}),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def at(self, folder: Path) -> "Shell":
        """The same shell in another folder."""
        return replace(self, folder=folder)

    def start(self, *words: str, stderr: int = subprocess.DEVNULL, alone: bool = False) -> "subprocess.Popen[bytes]":
        """A command that goes on; whoever starts it ends it. `alone` gives it a process group of its own."""
        return subprocess.Popen(
            [PROGRAM, *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            process_group=0 if alone else None,
        )

    def json(self, *words: str, stdin: str = "") -> Any:  # noqa: ANN401 - whatever the command prints
        """What a command prints as JSON."""
        done = self(*words, "--json", stdin=stdin)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bare_shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A shell in an empty folder, with no setting of ours but where things lie, and no public index."""
    base = tmp_path_factory.mktemp("shell")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("WHEELKEEP_")}
    places = {"XDG_STATE_HOME": str(base / "state"), "WHEELKEEP_NODE": str(base / "node")}
    (base / "work").mkdir()
    return Shell(base / "work", kept | places | {"WHEELKEEP_PUBLIC_INDEX": "none"})


@pytest.fixture(scope="module")
def shell(bare_shell: Shell) -> Iterator[Shell]:
    """A shell in a folder with an embedded workspace."""
    made = bare_shell("init")
    assert made.returncode == 0, made.stderr
    yield bare_shell
    stopped = bare_shell("server", "stop")
    assert stopped.returncode == 0, stopped.stderr
