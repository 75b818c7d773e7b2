"""Attacks on names and on credentials in flight; each is refused by its own code. Read next: `test_lying_nodes.py`."""

from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
import urllib3

from wheelkeep.digest import Digest
from wheelkeep.errors import DeniedError, IntegrityError, UpstreamError
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers

TOKEN = "attackcanary93c1e7d2"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A package name that no other story uses."""
    return f"attack-{Digest.of(request.node.nodeid.encode()).hex[:12]}"


@pytest.fixture
def feed(user: User, name: str, tmp_path: Path) -> Iterator[FeedSimulator]:
    """A private feed with 1.0 of the name, behind a PAT."""
    with FeedSimulator(build_wheel(tmp_path / "private", name, "1.0")) as feed:
        feed.behaviour.accepts = {TOKEN}
        user.workspace.set_connection(name, "PythonFeed", feed.base_url, "PAT", TOKEN)
        yield feed


def _option(feed: FeedSimulator) -> list[str]:
    return [f"--extra-index-url {feed.url}"]


def test_a_bound_name_that_its_feed_loses_is_taken_from_nowhere_else(
    user: User, feed: FeedSimulator, public: FeedSimulator, name: str, tmp_path: Path
) -> None:
    user.build(name, [name], _option(feed))
    public.add(build_wheel(tmp_path / "public", name, "99.0"))
    feed.lose(f"{name.replace('-', '_')}-1.0-py3-none-any.whl")

    error = user.fail(f"{name}-later", [name], _option(feed))

    check_told(error, UpstreamError, "feed_lost_package", name, f"connection:{name}", "policy release")


def test_a_definition_that_forgets_the_feed_does_not_get_a_bound_name_from_the_public_index(
    user: User, feed: FeedSimulator, public: FeedSimulator, name: str, tmp_path: Path
) -> None:
    user.build(name, [name], _option(feed))
    public.add(build_wheel(tmp_path / "public", name, "99.0"))

    check_told(user.fail(f"{name}-later", [name]), UpstreamError, "feed_lost_package", name)


def test_a_public_package_that_appears_later_changes_nothing(
    user: User, feed: FeedSimulator, public: FeedSimulator, name: str, tmp_path: Path
) -> None:
    user.build(name, [name], _option(feed))
    public.add(build_wheel(tmp_path / "public", name, "99.0"))

    lock = user.lines(user.build(f"{name}-later", [name], _option(feed)))

    assert f'origin = "connection:{name}"' in lock
    assert "99.0" not in lock


def test_a_workspace_wheel_wins_over_every_feed(user: User, feed: FeedSimulator, name: str, tmp_path: Path) -> None:
    feed.add(build_wheel(tmp_path / "feed", name, "50.0"))
    user.workspace.wheels.add(build_wheel(tmp_path / "own", name, "0.5"))

    lock = user.lines(user.build(name, [name], _option(feed)))

    assert 'origin = "workspace"' in lock
    assert 'version = "0.5"' in lock


def test_a_redirect_of_a_file_to_an_address_that_nobody_named_is_refused(
    user: User, feed: FeedSimulator, name: str
) -> None:
    with FeedSimulator() as other:
        feed.behaviour.file_redirect = f"{other.base_url}{{path}}"

        error = user.fail(name, [name], _option(feed))

        assert other.seen == []
    check_told(error, DeniedError, "origin_forbidden", "127.0.0.1")


def test_a_redirect_of_a_file_that_is_allowed_carries_no_credential(
    user: User, feed: FeedSimulator, name: str, tmp_path: Path
) -> None:
    with FeedSimulator(tmp_path / "private" / f"{name.replace('-', '_')}-1.0-py3-none-any.whl") as other:
        user.workspace.set_connection(f"{name}-files", "PythonFeed", other.base_url, "None")
        feed.behaviour.file_redirect = f"{other.base_url}{{path}}"

        user.build(name, [name], _option(feed))

        assert TOKEN in {request.shown.rpartition(":")[2] for request in feed.seen}
        assert other.seen
        assert {request.authorization for request in other.seen} == {None}


def test_a_look_alike_of_a_target_gets_no_credential(
    user: User, feed: FeedSimulator, name: str, tmp_path: Path
) -> None:
    with FeedSimulator(build_wheel(tmp_path / "private", name, "2.0")) as thief:
        thief.behaviour.accepts = {TOKEN}

        error = user.fail(name, [name], [f"--extra-index-url {thief.base_url}/{feed.base_url[7:]}/simple/"])

        assert [request.authorization for request in thief.seen if request.authorization] == []
    check_told(error, DeniedError, "origin_forbidden")


def test_a_feed_that_swaps_a_file_after_its_page_is_caught(
    user: User, feed: FeedSimulator, name: str, tmp_path: Path
) -> None:
    filename = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    other = build_wheel(tmp_path / "other", name, "1.0", files={"evil.py": "print('evil')"})
    feed.behaviour.with_metadata = True
    feed.swap(filename, other.read_bytes())

    error = user.fail(name, [name], _option(feed))

    check_told(error, IntegrityError, "hash_mismatch", filename)
    assert Digest.of(other.read_bytes()).hex not in [path.name for path in user.folder.rglob("*")]


@pytest.mark.parametrize(("token", "status"), [(None, HTTPStatus.UNAUTHORIZED), ("wk_wrong", HTTPStatus.UNAUTHORIZED)])
def test_a_stranger_learns_not_whether_a_wheel_exists(
    user: User, tmp_path: Path, token: str | None, status: HTTPStatus
) -> None:
    there = user.workspace.wheels.add(build_wheel(tmp_path, "hidden-one")).url.partition("#")[0]
    missing = there.replace("hidden_one", "other_one")
    headers = {"Authorization": f"Bearer {token}"} if token else {}

    answers = [urllib3.request("GET", url, headers=headers, retries=False) for url in (there, missing)]

    assert [answer.status for answer in answers] == [status, status]
