"""Errors cross the wire: one table there, one funnel back, and every class and code in both."""

from collections.abc import Iterator

import msgspec
import pytest

from wheelkeep.errors import WheelkeepError, error_classes, error_from
from wheelkeep.server.http.problem import STATUS_OF_CLASS, problem_response, status_of_error
from wheelkeep.wire.problem import Failure, Problem


def every_code() -> Iterator[tuple[type[WheelkeepError], str]]:
    for error_class in error_classes():
        for code in error_class.codes:
            yield error_class, code


def test_every_class_has_a_status() -> None:
    assert set(STATUS_OF_CLASS) == set(error_classes())


def test_no_code_belongs_to_two_classes() -> None:
    codes = [code for _, code in every_code()]

    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("error_class", "code"), list(every_code()))
def test_an_error_comes_back_as_what_it_was(error_class: type[WheelkeepError], code: str) -> None:
    error = error_class("what happened", code=code, hint="what to do", detail={"n": 1})

    problem = msgspec.json.decode(problem_response(error).body, type=Problem)
    back = error_from(problem.code, problem.detail, hint=problem.hint, detail=problem.extra)

    assert (type(back), back.code, back.message, back.hint, back.detail) == (
        error_class,
        code,
        "what happened",
        "what to do",
        {"n": 1},
    )
    assert problem.status == status_of_error(error)


@pytest.mark.parametrize(("error_class", "code"), list(every_code()))
def test_a_stored_failure_comes_back_as_what_it_was(error_class: type[WheelkeepError], code: str) -> None:
    back = Failure.of(error_class("what happened", code=code)).error()

    assert (type(back), back.code) == (error_class, code)


def test_a_code_of_another_class_is_a_programmers_mistake() -> None:
    for error_class in error_classes():
        with pytest.raises(ValueError, match="has no code"):
            error_class("x", code="no_such_code")


def test_who_shows_no_token_is_asked_for_one() -> None:
    unauthenticated = error_from("token_missing", "the request carries no token")

    response = problem_response(unauthenticated)

    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Basic ")
