"""A feed that fails: the build fails with the connection named; nothing falls through to the public index.

In each story the public index has the same name in a higher version, as an attacker or an accident would have it.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep.digest import Digest
from wheelkeep.errors import ResolutionError, UpstreamError, WheelkeepError
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers

PASSWORD = "feedcanary51c0ffee9a"


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A package name that no other story uses."""
    return f"acme-{Digest.of(request.node.nodeid.encode()).hex[:12]}"


@pytest.fixture
def feed(user: User, public: FeedSimulator, name: str, tmp_path: Path) -> Iterator[FeedSimulator]:
    """A private feed with 1.0 of the name, connected under the name; the public index has 99.0."""
    public.add(build_wheel(tmp_path / "public", name, "99.0"))
    with FeedSimulator(build_wheel(tmp_path / "private", name, "1.0")) as feed:
        feed.behaviour.password = PASSWORD
        _connect(user, name, feed, PASSWORD)
        yield feed


def _connect(user: User, name: str, feed: FeedSimulator, password: str) -> None:
    user.workspace.set_connection(
        name=f"to-{name}", category="PythonFeed", target=feed.base_url, authType="PAT", value=password
    )


def _fail(user: User, name: str, feed: FeedSimulator) -> WheelkeepError:
    return user.fail(name, [name], [f"--extra-index-url {feed.url}"])


def test_a_private_name_comes_from_its_feed_though_the_public_version_is_higher(
    user: User, feed: FeedSimulator, name: str
) -> None:
    lock = user.lines(user.build(name, [name], [f"--extra-index-url {feed.url}"]))

    assert f'origin = "connection:to-{name}"' in lock
    assert 'version = "1.0"' in lock
    assert "99.0" not in lock


def test_a_wrong_pat_fails_at_once_and_names_the_connection(user: User, feed: FeedSimulator, name: str) -> None:
    _connect(user, name, feed, "wrongpat0000000")

    error = _fail(user, name, feed)

    check_told(error, UpstreamError, "feed_authentication_failed", f"to-{name}", "401", "expired")
    assert "wrongpat" not in f"{error} {error.hint} {error.detail}"


def test_the_right_pat_set_again_heals_the_build(user: User, feed: FeedSimulator, name: str) -> None:
    _connect(user, name, feed, "wrongpat0000000")
    _fail(user, name, feed)
    _connect(user, name, feed, PASSWORD)

    lock = user.lines(user.build(name, [name], [f"--extra-index-url {feed.url}"]))

    assert 'version = "1.0"' in lock


def test_a_feed_that_forbids_is_told(user: User, feed: FeedSimulator, name: str) -> None:
    feed.behaviour.status = 403

    check_told(_fail(user, name, feed), UpstreamError, "feed_forbidden", f"to-{name}", "403")


def test_a_feed_that_answers_500_is_told(user: User, feed: FeedSimulator, name: str) -> None:
    feed.behaviour.status = 500

    check_told(_fail(user, name, feed), UpstreamError, "feed_failed", f"to-{name}", "500")


def test_a_page_that_never_ends_is_cut_off(user: User, feed: FeedSimulator, name: str) -> None:
    feed.behaviour.stall = "endless"

    check_told(_fail(user, name, feed), UpstreamError, "feed_too_large", f"to-{name}", "MiB")


def test_a_page_that_is_none_is_told(user: User, feed: FeedSimulator, name: str) -> None:
    feed.behaviour.page = b"{}"

    check_told(_fail(user, name, feed), UpstreamError, "feed_malformed", f"to-{name}")


def test_a_feed_that_breaks_a_file_off_is_told(user: User, feed: FeedSimulator, name: str) -> None:
    feed.behaviour.with_metadata = True
    feed.behaviour.stall = "cut"

    check_told(_fail(user, name, feed), UpstreamError, "feed_failed", f"to-{name}")


def test_a_feed_that_is_stopped_is_told(user: User, feed: FeedSimulator, name: str) -> None:
    feed.__exit__(None, None, None)

    check_told(_fail(user, name, feed), UpstreamError, "feed_unreachable", f"to-{name}")
    feed.__enter__()


def test_a_feed_that_answers_404_to_everything_does_not_hide_that_nobody_has_the_name(
    user: User, feed: FeedSimulator
) -> None:
    feed.behaviour.status = 404

    error = user.fail("nobody-has-it", ["nobody-has-it"], [f"--extra-index-url {feed.url}"])

    check_told(error, ResolutionError, "no_such_package", "nobody-has-it", "feed")


def test_a_feed_without_the_name_gives_way_to_the_public_index_when_it_never_had_it(
    user: User, feed: FeedSimulator, public: FeedSimulator, tmp_path: Path
) -> None:
    public.add(build_wheel(tmp_path, "only-public", "3.0"))

    lock = user.lines(user.build("only-public", ["only-public"], [f"--extra-index-url {feed.url}"]))

    assert 'origin = "public"' in lock


def test_a_feed_that_redirects_its_pages_to_another_host_is_refused_and_the_credential_stays(
    user: User, feed: FeedSimulator, name: str, tmp_path: Path
) -> None:
    with FeedSimulator(build_wheel(tmp_path / "thief", name, "66.0")) as thief:
        feed.behaviour.redirect = f"{thief.base_url}{{path}}"

        error = _fail(user, name, feed)

        assert [request.authorization for request in thief.seen if request.authorization] == []
    check_told(error, UpstreamError, "feed_redirect_refused", f"to-{name}")
