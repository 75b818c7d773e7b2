"""One origin a name, and names that are bound: each attack as a row."""

import pytest
from packaging.utils import canonicalize_name

from wheelkeep.errors import UpstreamError
from wheelkeep.server.gateway.decision import Bind, Binding, Heard, Keep, Unbind, decide, plan_binding
from wheelkeep.server.index.model import ProjectFile, ProjectPage

ACME = canonicalize_name("acme")
DOWN = UpstreamError("down", code="feed_unreachable")


def page(origin: str, *hashes: str | None) -> ProjectPage:
    files = tuple(
        ProjectFile(filename=f"acme-{n}.0-py3-none-any.whl", url="https://x.example/", sha256=sha256, size=None)
        for n, sha256 in enumerate(hashes)
    )
    return ProjectPage(name=ACME, origin=origin, files=files)


def heard(
    origin: str, *hashes: str | None, error: UpstreamError | None = None, has: bool = True, private: bool | None = None
) -> Heard:
    is_private = origin.startswith(("workspace", "connection")) if private is None else private
    found = page(origin, *hashes) if has and error is None else None
    return Heard(origin=origin, is_private=is_private, page=found, error=error)


def bound(origin: str = "connection:one", *, provisional: bool = False) -> Binding:
    return Binding(project=ACME, origin=origin, provisional=provisional)


def test_the_first_origin_that_has_the_name_answers_alone() -> None:
    private, public = heard("connection:one", "a"), heard("public", "b")
    assert decide(ACME, [heard("workspace", has=False), private, public], None) is private


def test_a_higher_public_version_does_not_matter() -> None:
    private, public = heard("connection:one", "a"), heard("public", "a", "b", "c")
    assert decide(ACME, [private, public], None) is private


def test_nobody_has_it() -> None:
    assert decide(ACME, [heard("workspace", has=False), heard("public", has=False)], None) is None


def test_an_origin_that_cannot_say_stops_the_search() -> None:
    with pytest.raises(UpstreamError, match="down"):
        decide(ACME, [heard("workspace", has=False), heard("connection:one", error=DOWN), heard("public", "b")], None)


def test_an_error_behind_the_answer_does_not_matter() -> None:
    private = heard("connection:one", "a")
    assert decide(ACME, [private, heard("public", error=DOWN)], None) is private


@pytest.mark.parametrize(
    "rest",
    [
        [heard("connection:one", has=False), heard("public", "b")],
        [heard("public", "b")],
        [heard("index:https://open.example/", "b")],
        [heard("connection:one", has=False)],
        [],
    ],
)
def test_a_bound_name_never_comes_from_elsewhere(rest: list[Heard]) -> None:
    with pytest.raises(UpstreamError) as caught:
        decide(ACME, rest, bound())
    assert caught.value.code == "feed_lost_package"
    assert caught.value.detail["connection"] == "one"
    assert "policy release acme" in caught.value.hint


def test_a_deleted_wheels_name_does_not_come_from_elsewhere() -> None:
    with pytest.raises(UpstreamError) as caught:
        decide(ACME, [heard("workspace", has=False), heard("public", "b")], bound("workspace"))
    assert "upload a wheel" in caught.value.hint


def test_a_publishers_wheel_may_take_a_bound_name_over() -> None:
    wheels = heard("workspace", "a")
    assert decide(ACME, [wheels], bound()) is wheels


def test_another_feed_does_not_take_a_bound_name_over() -> None:
    with pytest.raises(UpstreamError, match=r"belongs to connection:one, and here connection:evil offers it") as caught:
        decide(ACME, [heard("connection:evil", "b"), heard("connection:one", "a")], bound())
    assert caught.value.code == "feed_lost_package"


def test_a_name_bound_for_want_of_the_public_indexs_word_may_still_move() -> None:
    other = heard("connection:other", "b")
    assert decide(ACME, [other], bound(provisional=True)) is other


BINDING = [
    # what the private origin has, what the public index said, bound before, outcome
    (("a",), heard("public", has=False), None, Bind("connection:one", provisional=False)),
    (("a", "z"), heard("public", "a", "b"), None, Bind("connection:one", provisional=False)),
    (("a",), heard("public", "a", "b"), None, Keep()),
    ((None,), heard("public", None), None, Bind("connection:one", provisional=False)),
    ((), heard("public", "a"), None, Bind("connection:one", provisional=False)),
    (("a",), None, None, Bind("connection:one", provisional=True)),
    (("a",), heard("public", error=DOWN), None, Bind("connection:one", provisional=True)),
    (("a",), None, bound(provisional=True), Keep()),
    (("a",), heard("public", "a"), bound(provisional=True), Unbind()),
    (("z",), heard("public", "a"), bound(provisional=True), Bind("connection:one", provisional=False)),
    (("a",), heard("public", "a"), bound(), Keep()),
    (("a",), None, bound(), Keep()),
    (("a",), None, bound("connection:other"), Bind("connection:one", provisional=False)),
    (("a",), heard("public", "a"), bound("connection:other"), Bind("connection:one", provisional=False)),
    (("a",), None, bound("connection:other", provisional=True), Bind("connection:one", provisional=True)),
]


@pytest.mark.parametrize(("hashes", "public", "before", "outcome"), BINDING)
def test_a_private_answer_binds_unless_it_is_a_mirrors(
    hashes: tuple[str | None, ...], public: Heard | None, before: Binding | None, outcome: Bind | Unbind | Keep
) -> None:
    assert plan_binding(heard("connection:one", *hashes), public, before) == outcome


@pytest.mark.parametrize("origin", ["public", "index:https://open.example/simple/"])
def test_an_open_origin_binds_nothing(origin: str) -> None:
    assert plan_binding(heard(origin, "a"), heard("public", has=False), None) == Keep()
