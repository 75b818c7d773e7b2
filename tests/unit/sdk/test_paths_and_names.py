"""A name never leads to another path: not on the server, not on the disk."""

import pytest

from wheelkeep.errors import RequestError, UnreachableError
from wheelkeep.names import check_file_name
from wheelkeep.sdk.api import path_of
from wheelkeep.sdk.run import is_inside
from wheelkeep.sdk.waiting import told_once
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.secret import Secret


@pytest.mark.parametrize("part", ["", ".", ".."])
def test_a_part_of_a_path_that_clients_resolve_is_refused(part: str) -> None:
    with pytest.raises(RequestError) as caught:
        path_of("runs", part)

    assert caught.value.code == "invalid_name"


def test_a_slash_in_a_part_stays_in_it() -> None:
    assert path_of("runs", "a/b", 3) == "/api/v1/runs/a%2Fb/3"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\\b", "a\nb", "x" * 256])
def test_a_file_name_is_no_path(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_file_name(name)

    assert caught.value.code == "invalid_name"


@pytest.mark.parametrize("name", ["my_custom-1.0-py3-none-any.whl", "..whl", "a.", "ünïcode 1.whl"])
def test_other_names_are_left_to_the_rules_of_what_is_named(name: str) -> None:
    assert check_file_name(name) == name


@pytest.mark.parametrize("name", ["..", "a/b", "", "UPPER"])
def test_a_workspaces_name_is_checked_before_its_server_is_asked(name: str) -> None:
    with pytest.raises(RequestError) as caught:
        Workspace.create(name, url="http://127.0.0.1:9", token=Secret("wk_any"))

    assert caught.value.code == "invalid_name"


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../x", "a//x", "./x", "", ".."])
def test_an_output_that_leads_out_of_its_folder_is_known(path: str) -> None:
    assert not is_inside(path)


def test_an_output_below_its_folder_is_known_too() -> None:
    assert is_inside("outputs/models/..x/model.joblib")


def test_words_are_told_once_and_a_server_that_is_away_is_none() -> None:
    answers: list[str | None] = [None, "", "two ahead", "one ahead"]
    said: list[str] = []

    def words() -> str | None:
        answer = answers.pop(0)
        if answer == "":
            raise UnreachableError("it is away")
        return answer

    tell = told_once(words, said.append)
    for _ in range(4):
        tell()

    assert said == ["two ahead"]
