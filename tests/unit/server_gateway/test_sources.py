"""From a definition's index URLs to origins in their order."""

import pytest

from wheelkeep.errors import RequestError
from wheelkeep.secret import Secret
from wheelkeep.server.connection.model import AuthType, Category, Connection
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.sources import access_of, named_hosts, plan_feeds
from wheelkeep.server.origin.public import parse_public_index


def connection(target: str, name: str = "one") -> Connection:
    return Connection(
        id=name,
        workspace="w",
        name=name,
        category=Category.PYTHON_FEED,
        target=target,
        auth_type=AuthType.PAT,
        username=None,
        created_at="",
        updated_at="",
        updated_by="",
    )


def order(*, index_url: str | None = None, extra: tuple[str, ...] = (), no_index: bool = False) -> BuildOrder:
    return BuildOrder(
        work="x", workspace="w", principal="p", index_url=index_url, extra_index_urls=extra, no_index=no_index
    )


PRIVATE, OPEN = "https://feed.example/simple/", "https://open.example/simple/"


def test_feeds_with_a_connection_go_first_whatever_the_definitions_order() -> None:
    planned = plan_feeds(order(index_url=OPEN, extra=(PRIVATE, OPEN)), [connection("https://feed.example")])
    assert [(feed.url, feed.connection is not None) for feed in planned] == [
        ("https://feed.example/simple", True),
        ("https://open.example/simple", False),
    ]


def test_no_index_removes_every_feed() -> None:
    assert plan_feeds(order(index_url=OPEN, extra=(PRIVATE,), no_index=True), []) == ()


@pytest.mark.parametrize("url", ["feed.example/simple", "https://u:c4nary@feed.example/", "https://x/%2e%2e/"])
def test_an_index_url_that_cannot_be_used_is_told_without_its_secret(url: str) -> None:
    with pytest.raises(RequestError) as caught:
        plan_feeds(order(extra=(url,)), [])
    assert caught.value.code == "invalid_option"
    assert "c4nary" not in caught.value.message


def test_the_credential_goes_to_the_feeds_own_origin_alone() -> None:
    access = access_of(PRIVATE, [connection("https://feed.example")], lambda _: Secret("Basic c4nary"))
    assert access.connection == "one"
    assert access.scope == ("https", "feed.example", 443)
    assert "c4nary" not in repr(access)
    other = access_of(OPEN, [connection("https://feed.example")], lambda _: Secret("Basic c4nary"))
    assert (other.connection, other.authorization) == (None, None)


def test_hosts_of_connections_and_of_the_public_index_are_named_and_no_others() -> None:
    public = parse_public_index("https://mirror.example/simple/", None)
    assert named_hosts([connection("http://127.0.0.1:8081/x")], public) == {
        ("127.0.0.1", 8081),
        ("mirror.example", 443),
    }
