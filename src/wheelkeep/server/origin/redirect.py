"""Which redirects are followed, and whether the credential goes along: pure.

The attacks: a feed (or who controls its answers) redirects a page to a host of the attacker, which then sees the
token; or a package's page moves to a place that nobody named; or https falls back to http. A page is followed on its
own origin alone. A file may move to another origin (feeds hand out signed URLs of their object stores), where it goes
without the credential, and under the address policy like any first request.
"""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import urljoin

from wheelkeep.secret import SafeUrl

__all__ = ["Follow", "Refuse", "check_redirect"]

Kind = Literal["page", "file"]


@dataclass(frozen=True, slots=True)
class Follow:
    """Go there. Whether the credential goes along follows from the origin of `url` (`FeedAccess.header_for`)."""

    url: SafeUrl


@dataclass(frozen=True, slots=True)
class Refuse:
    """Stop; `reason` goes on a sentence about the origin."""

    reason: str


def check_redirect(source: SafeUrl, location: str, *, kind: Kind) -> Follow | Refuse:
    """What to do with an answer to `source` that redirects to `location`."""
    try:
        target = SafeUrl.parse(urljoin(source.reveal(), location))
    except ValueError:
        return Refuse("redirects to something that is no URL")
    if target.scheme not in {"http", "https"}:
        return Refuse("redirects to something other than http or https")
    if source.scheme == "https" and target.scheme == "http":
        return Refuse("redirects from https to plain http")
    if target.has_userinfo:
        return Refuse("redirects to a URL that carries a credential")
    if kind == "page" and target.origin != source.origin:
        return Refuse(f"redirects to another host, {target.netloc}")
    return Follow(target)
