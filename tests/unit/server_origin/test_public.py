"""Which index is the public one, and that its credential is never shown."""

import base64

import pytest
from pypi_simple import PYPI_SIMPLE_ENDPOINT

from wheelkeep.errors import RequestError
from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.server.origin.proxies import Proxies
from wheelkeep.server.origin.public import parse_public_index

CANARY = "c4nary-0123"


@pytest.mark.parametrize("word", ["none", "None", " NONE "])
def test_an_operator_may_want_none(word: str) -> None:
    assert parse_public_index(word, "https://mirror.example/simple/") is None


def test_the_setting_wins_over_the_machine_and_the_machine_over_the_default() -> None:
    setting = parse_public_index("https://a.example/simple/", "https://b.example/simple/")
    machine = parse_public_index(None, "https://b.example/simple/")
    default = parse_public_index(None, None)
    assert setting is not None
    assert machine is not None
    assert default is not None
    assert setting.url == "https://a.example/simple/"
    assert machine.url == "https://b.example/simple/"
    assert default.url == PYPI_SIMPLE_ENDPOINT


def test_a_credential_in_the_url_travels_as_a_header_and_is_never_shown() -> None:
    index = parse_public_index(f"https://me:{CANARY}@mirror.example/simple/", None)
    assert index is not None
    assert index.url == "https://mirror.example/simple/"
    assert index.access.authorization is not None
    assert base64.b64decode(index.access.authorization.reveal()[6:]).decode() == f"me:{CANARY}"
    assert CANARY not in repr(index)


@pytest.mark.parametrize(
    "text", ["mirror.example/simple", "ftp://mirror.example/", f"http://me:{CANARY}@mirror.example/"]
)
def test_what_cannot_be_used_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_public_index(text, None)
    assert caught.value.code == "invalid_setting"
    assert CANARY not in caught.value.message + caught.value.hint


@pytest.mark.parametrize(
    ("url", "proxied"),
    [
        ("https://feed.example/x", True),
        ("http://feed.example/x", False),
        ("https://internal.example/x", False),
        ("https://a.internal.example/x", False),
        ("https://notinternal.example/x", True),
        ("https://127.0.0.1:8081/x", False),
        ("https://localhost/x", False),
    ],
)
def test_the_operators_proxy_is_used_where_it_is_meant(url: str, *, proxied: bool) -> None:
    proxies = Proxies({"https": Secret("http://proxy.example:3128"), "no": Secret("x.example, .internal.example")})
    assert (proxies.proxy_for(SafeUrl.parse(url)) is not None) == proxied
    assert proxies.hosts == {("proxy.example", 3128)}


def test_a_star_sends_everything_directly() -> None:
    proxies = Proxies({"https": Secret("http://proxy.example:3128"), "no": Secret("*")})
    assert proxies.proxy_for(SafeUrl.parse("https://feed.example/")) is None
