"""An option of a group reaches its subcommand, or is wrong usage: it is never ignored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


def test_the_home_of_the_group_is_the_home_of_stop(call: Call, nowhere: Path) -> None:
    (nowhere / "there").mkdir()

    outcome = call("server", "--home", "there", "stop", "--json")

    assert (outcome.code, outcome.out) == (0, '{\n  "stopped": false\n}\n')


def test_the_url_of_the_group_is_the_url_of_the_list(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHEELKEEP_URL", "https://elsewhere.example")

    outcome = call("worker", "--url", "there", "list")

    assert outcome.code == 1
    assert outcome.err.startswith("error: the server's URL has no scheme")


def test_what_stands_behind_the_subcommand_overrules_its_group(call: Call) -> None:
    outcome = call("worker", "--url", "https://one.example", "list", "--url", "two")

    assert outcome.err.startswith("error: the server's URL has no scheme")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("server", "--no-worker", "stop"), "--no-worker means nothing to `wheelkeep server stop`"),
        (("server", "--listen", "127.0.0.1:1", "stop"), "--listen means nothing to `wheelkeep server stop`"),
        (("worker", "--slots", "2", "list"), "--slots means nothing to `wheelkeep worker list`"),
        (("worker", "--token-file", "t", "list"), "--token-file means nothing to `wheelkeep worker list`"),
        (("worker", "--url", "https://one.example", "list", "--home", "h"), "--url and --home"),
    ],
)
def test_an_option_that_a_subcommand_cannot_use_is_wrong_usage(call: Call, words: tuple[str, ...], said: str) -> None:
    outcome = call(*words)

    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err
