"""What the tests of the command line share."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

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
