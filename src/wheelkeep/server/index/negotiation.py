"""Which form of a page a client gets: the Accept header with its quality values, or `?format=`.

Source: PEP 691, "Version + Format Selection"; RFC 9110 §12.5.1. An unknown Accept is refused (406), never answered
with something else; no Accept is `*/*` and gets HTML, as PEP 691 asks.
"""

from enum import Enum
from functools import lru_cache
from urllib.parse import unquote_to_bytes

__all__ = ["Form", "choose_form"]


class Form(Enum):
    """A representation of a page; the value is its content type."""

    JSON = "application/vnd.pypi.simple.v1+json"
    HTML = "application/vnd.pypi.simple.v1+html"
    OLD_HTML = "text/html"

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON; the two HTML forms differ in the content type alone."""
        return self is Form.JSON


_LATEST = {
    "application/vnd.pypi.simple.latest+json": Form.JSON.value,
    "application/vnd.pypi.simple.latest+html": Form.HTML.value,
}
_NAMED, _FAMILY, _ANYTHING = 2, 1, 0
_PREFERENCE = {  # among equal quality: JSON when it was named, text/html when anything goes
    _NAMED: (Form.JSON, Form.HTML, Form.OLD_HTML),
    _FAMILY: (Form.JSON, Form.HTML, Form.OLD_HTML),
    _ANYTHING: (Form.OLD_HTML, Form.HTML, Form.JSON),
}
_LONGEST_ACCEPT = 1024


def choose_form(accept: bytes | None, query: bytes = b"") -> Form | None:
    """The form for a request with this Accept header and query string, or None: 406.

    `format=<one content type>` in the query wins over the header.
    """
    if b"format=" in query:
        return _named_by_query(query)
    return Form.OLD_HTML if accept is None else _negotiate(accept[:_LONGEST_ACCEPT])


def _named_by_query(query: bytes) -> Form | None:
    for pair in query.split(b"&"):
        key, _, value = pair.partition(b"=")
        if key == b"format":  # a bare "+" is meant: this is a content type, not a form field
            return _form_of(unquote_to_bytes(value).decode("latin-1").strip().lower())
    return None


def _form_of(content_type: str) -> Form | None:
    try:
        return Form(_LATEST.get(content_type, content_type))
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _negotiate(accept: bytes) -> Form | None:
    ranges = [_parse_range(part) for part in accept.decode("latin-1").split(",") if part.strip()]
    if not ranges:
        return Form.OLD_HTML
    best: tuple[float, int, int] | None = None
    chosen: Form | None = None
    for form in Form:
        specificity, quality = max((_match(form, name), quality) for name, quality in ranges)
        if specificity < 0 or quality <= 0:
            continue
        rank = quality, specificity, -_PREFERENCE[specificity].index(form)
        if best is None or rank > best:
            best, chosen = rank, form
    return chosen


def _match(form: Form, media_range: str) -> int:
    if _LATEST.get(media_range, media_range) == form.value:
        return _NAMED
    if media_range == "*/*":
        return _ANYTHING
    return _FAMILY if media_range == form.value.partition("/")[0] + "/*" else -1


def _parse_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, _quality(value.strip())
    return name, 1.0


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return min(max(value, 0.0), 1.0) if value == value else 0.0  # noqa: PLR0124 - the test for NaN
