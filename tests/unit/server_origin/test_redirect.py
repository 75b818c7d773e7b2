"""Which redirects are followed."""

import pytest

from wheelkeep.secret import SafeUrl
from wheelkeep.server.origin.redirect import Follow, Kind, Refuse, check_redirect

SOURCE = SafeUrl.parse("https://feed.example/simple/acme/")

FOLLOWED: list[tuple[str, Kind]] = [
    ("/other/acme/", "page"),
    ("../acme2/", "page"),
    ("https://feed.example/x/", "page"),
    ("https://feed.example:443/x/", "page"),
    ("https://store.example/x.whl?sig=abc", "file"),
    ("https://feed.example:8443/x.whl", "file"),
]
REFUSED: list[tuple[str, Kind, str]] = [
    ("https://evil.example/acme/", "page", "another host"),
    ("https://feed.example.evil.example/", "page", "another host"),
    ("https://feed.example:8443/acme/", "page", "another host"),
    ("//evil.example/acme/", "page", "another host"),
    ("http://feed.example/acme/", "page", "plain http"),
    ("http://store.example/x.whl", "file", "plain http"),
    ("file:///etc/passwd", "file", "other than http"),
    ("ftp://feed.example/x", "file", "other than http"),
    ("https://user:c4nary@store.example/x.whl", "file", "carries a credential"),
    ("https://[broken/x", "file", "no URL"),
    ("https://feed.example:notaport/", "page", "no URL"),
]


@pytest.mark.parametrize(("location", "kind"), FOLLOWED)
def test_an_allowed_redirect_is_followed(location: str, kind: Kind) -> None:
    assert isinstance(check_redirect(SOURCE, location, kind=kind), Follow)


@pytest.mark.parametrize(("location", "kind", "reason"), REFUSED)
def test_any_other_is_refused_with_a_reason_without_secrets(location: str, kind: Kind, reason: str) -> None:
    outcome = check_redirect(SOURCE, location, kind=kind)
    assert isinstance(outcome, Refuse)
    assert reason in outcome.reason
    assert "c4nary" not in outcome.reason
