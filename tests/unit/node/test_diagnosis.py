"""What uv said, recorded from real runs against a local index (`uv_words/`), and what it is told as."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import WheelkeepError
from wheelkeep.node.diagnosis import diagnose

WORDS = Path(__file__).parent / "uv_words"

TOLD = {
    "no-such-package": ("no_such_package", "nosuch is in none of the build's origins"),
    "dependency-missing": ("no_such_package", "nosuchthing, which needsmissing needs, is in none"),
    "no-such-exact-version": ("no_matching_version", "no version of foo fits foo==9"),
    "no-version-below": ("no_matching_version", "no version of foo fits foo<1 (there is foo>=1.0)"),
    "yanked": ("no_matching_version", "yank==1.0 was yanked (bad)"),
    "other-python": ("wrong_python", "future==1.0 needs Python >=3.99, and the environment has 3.11.7"),
    "other-abi": ("wrong_python", "oldabi==1.0 has no wheel for Python 3.11.7"),
    "other-platform": ("wrong_platform", "there are wheels for `macosx_11_0_arm64`"),
    "source-only": ("source_only", "srcy==1.0 exists as a source distribution only"),
    "not-a-zip": ("resolution_failed", "the file of notzip==1.0 is no readable wheel"),
    "conflict-direct": ("conflicting_requirements", "you require foo==1.0 and foo==2.0"),
    "conflict-transitive": (
        "conflicting_requirements",
        "all versions of b depend on foo==2.0 and all versions of a depend on foo==1.0",
    ),
    "conflict-with-asked": (
        "conflicting_requirements",
        "all versions of wants-old depend on contested<2 and you require wants-old, and you require contested>=2",
    ),
    "other-python-by-metadata": (
        "wrong_python",
        "futuristic==1.0 needs Python >=4.2, and the environment has 3.11.7",
    ),
    "grant-refused": ("token_invalid", "grant"),
    "grant-forbidden": ("denied", "its own index"),
    "origin-failed": ("feed_failed", "e502 could not be had: Bad Gateway, the feed said 500"),
    "origin-busy": ("feed_failed", "e503"),
    "wheel-missing": ("unknown_wheel", "the wheel of gone"),
    "wheel-of-another-name": ("invalid_requirement", "the requirement bar names a wheel of foo"),
    "server-away": ("server_unreachable", "went away"),
    "garbage": ("invalid_requirement", "no such comparison operator"),
    "git": ("resolution_failed", "the resolver failed"),
    "disk-full": ("disk_full", "the node's disk is full"),
}


@pytest.mark.parametrize("scenario", sorted(TOLD))
def test_what_uv_says_is_told_with_a_code_and_what_to_do(scenario: str) -> None:
    code, part = TOLD[scenario]
    error = diagnose((WORDS / f"{scenario}.txt").read_text(encoding="utf-8"), python="3.11.7")
    assert error.code == code
    assert part in error.message
    assert error.hint or code == "server_unreachable"


def test_every_recorded_answer_is_in_the_table() -> None:
    assert {path.stem for path in WORDS.glob("*.txt")} == set(TOLD)


def test_a_failure_without_words_is_still_told() -> None:
    assert diagnose("", python="3.11.7").message == "the resolver failed: it said nothing"


@given(st.text())
def test_any_words_give_an_error_of_ours(words: str) -> None:
    assert isinstance(diagnose(words, python="3.11.7"), WheelkeepError)
