"""Which Python a node offers."""

import sys
import sysconfig
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import sys_tags

from wheelkeep.errors import RequestError, ResolutionError
from wheelkeep.node.interpreter import (
    find_interpreter,
    installed_interpreters,
    own_interpreter,
    parse_python_request,
)

OWN = ".".join(str(part) for part in sys.version_info[:3])
OWN_MINOR = ".".join(str(part) for part in sys.version_info[:2])


@pytest.mark.parametrize(
    ("asked", "fits", "does_not"),
    [
        ("3.11", "3.11.7", "3.12.0"),
        ("3.11.7", "3.11.7", "3.11.8"),
        ("=3.11", "3.11.2", "3.1.1"),
        ("==3.11", "3.11.2", "3.12.0"),
        ("3.8.*", "3.8.18", "3.9.0"),
        ("=3.8.*", "3.8.18", "3.9.0"),
        (">=3.10", "3.13.0", "3.9.9"),
        (">=3.9,<3.12", "3.11.0", "3.12.0"),
        ("3", "3.13.0", "2.7.18"),
    ],
)
def test_a_request_allows_what_conda_and_pip_users_mean(asked: str, fits: str, does_not: str) -> None:
    allowed = parse_python_request(asked)
    assert allowed.contains(fits)
    assert not allowed.contains(does_not)


@given(st.text(max_size=20))
def test_a_request_is_read_or_refused(text: str) -> None:
    try:
        parse_python_request(text)
    except RequestError as error:
        assert error.code == "invalid_environment"  # noqa: PT017 - most texts are refused, some are legal


def test_no_request_takes_the_own_python_beneath_any_virtual_environment() -> None:
    found = find_interpreter(None)
    assert found.version == OWN
    assert found.platform == sysconfig.get_platform()
    assert found.path.is_relative_to(sys.base_prefix)
    assert found.tag == f"cp{sys.version_info[0]}{sys.version_info[1]}"


def test_the_tags_are_those_that_packaging_gives_inside_that_python() -> None:
    assert list(own_interpreter().tags) == [str(tag) for tag in sys_tags()]


def test_the_own_python_is_taken_when_it_fits() -> None:
    assert find_interpreter(OWN_MINOR) == own_interpreter()
    assert find_interpreter(">=3.8") == own_interpreter()


def test_a_python_that_is_not_there_is_refused_naming_those_that_are() -> None:
    with pytest.raises(ResolutionError) as caught:
        find_interpreter("3.99")
    assert caught.value.code == "python_unavailable"
    assert OWN in caught.value.hint


def test_what_only_looks_like_a_python_is_passed_over(tmp_path: Path) -> None:
    fake = tmp_path / "python3.12"
    fake.write_text("#!/bin/sh\necho 'python3.12: command not found' >&2\nexit 127\n")
    fake.chmod(0o755)
    assert installed_interpreters(home=tmp_path, search=str(tmp_path)) == [own_interpreter()]


def test_a_python_that_did_not_answer_once_is_asked_again(tmp_path: Path) -> None:
    python = tmp_path / "python3.99"
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    assert installed_interpreters(home=tmp_path, search=str(tmp_path)) == [own_interpreter()]

    python.write_text(f'#!/bin/sh\nexec {own_interpreter().path} "$@"\n')

    found = installed_interpreters(home=tmp_path, search=str(tmp_path))
    assert [one.path for one in found] == [own_interpreter().path, python]
