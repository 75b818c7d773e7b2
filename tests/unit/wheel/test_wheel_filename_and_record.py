"""File names of wheels, and what any text or bytes give."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import WheelError
from wheelkeep.wheel.filename import legal_wheel_filename, parse_wheel_filename
from wheelkeep.wheel.record import parse_record


def test_two_spellings_of_one_wheel_have_one_identity() -> None:
    spellings = ["My.Custom-1.0-py2.py3-none-any.whl", "my_custom-1.0.0-py3.py2-none-any.whl"]
    assert len({parse_wheel_filename(one).identity for one in spellings}) == 1


@pytest.mark.parametrize(
    "other",
    ["my_custom-1.1-py3-none-any.whl", "my_custom-1.0-2-py3-none-any.whl", "my_custom-1.0-cp311-cp311-linux_x86_64.whl",
     "my_custom-1.0+cu12-py3-none-any.whl"],
)  # fmt: skip
def test_another_version_build_or_tag_is_another_wheel(other: str) -> None:
    assert parse_wheel_filename(other).identity != parse_wheel_filename("my_custom-1.0-py3-none-any.whl").identity


def test_the_legal_name_of_a_project_is_its_pep_427_form() -> None:
    assert legal_wheel_filename("My-Custom.Thing", "1.0+Local") == "my_custom_thing-1.0+local-py3-none-any.whl"


@given(st.text())
def test_any_text_is_a_name_or_a_wheel_error(text: str) -> None:
    code = None
    try:
        parse_wheel_filename(text)
    except WheelError as error:
        code = error.code
    assert code in {None, "invalid_wheel_filename"}


@given(st.binary())
def test_any_bytes_are_a_record_or_a_wheel_error(data: bytes) -> None:
    code = None
    try:
        parse_record(data)
    except WheelError as error:
        code = error.code
    assert code in {None, "invalid_wheel_record"}
