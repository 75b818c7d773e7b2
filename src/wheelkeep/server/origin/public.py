"""Which index is the public one, and how it is asked. Source: contract §8.

`WHEELKEEP_PUBLIC_INDEX`, else what this machine's uv or pip is told, else PyPI. An operator's URL may carry a
credential: it is taken out at once and travels as a header, so it stands in no page, message or row.
"""

from dataclasses import dataclass

from wheelkeep.errors import RequestError
from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.server.connection.credential import basic
from wheelkeep.server.connection.place import parse_place
from wheelkeep.server.origin.access import FeedAccess

__all__ = ["PUBLIC_ORIGIN", "PublicIndex", "parse_public_index"]

PUBLIC_ORIGIN = "public"
"""`ProjectPage.origin` of the public index."""


@dataclass(frozen=True, slots=True)
class PublicIndex:
    """The public index: its bare URL and its access."""

    url: str
    access: FeedAccess


def parse_public_index(setting: str | None, machine: str | None) -> PublicIndex | None:
    """The public index, or None when the operator wants none.

    Args:
        setting: `WHEELKEEP_PUBLIC_INDEX`, when it is set.
        machine: `settings.machine_index_url()`.

    Raises:
        RequestError: `invalid_setting`: neither `none` nor an http(s) URL. The message does not show it.
    """
    if setting is not None and setting.strip().lower() == "none":
        return None
    text = (setting or machine or _usual_index()).strip()
    try:
        url = SafeUrl.parse(text)
        place = parse_place(url.bare)
    except ValueError as problem:
        raise RequestError(
            f"the public index cannot be used: {problem}",
            code="invalid_setting",
            hint="set WHEELKEEP_PUBLIC_INDEX to an index's URL, or to `none`",
        ) from None
    credential = _credential(url)
    if credential is not None and place.scheme == "http" and not place.is_loopback:
        raise RequestError(
            "the public index has a credential and is plain http on another machine",
            code="invalid_setting",
            hint="use https, or leave the credential out",
        )
    return PublicIndex(url.bare, FeedAccess(url=url.bare, connection=None, authorization=credential, scope=url.origin))


def _credential(url: SafeUrl) -> Secret | None:
    return basic(url.username, url.password) if url.has_userinfo else None


def _usual_index() -> str:
    """The index that pip and uv use when nobody tells them another: a constant of pypi-simple."""
    from pypi_simple import PYPI_SIMPLE_ENDPOINT  # noqa: PLC0415 - 0.2 s of imports; the server starts without them

    return PYPI_SIMPLE_ENDPOINT
