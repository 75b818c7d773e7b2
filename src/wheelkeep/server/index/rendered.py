"""A page's bytes and headers, ready to send: each form and its gzip twin, made once, when first asked for.

Compressing dominates a page (4.3 ms of 6 for 2,000 files, reference/dependencies.md §6), so nothing is made twice and
nothing that nobody asks for. Every representation has a strong ETag of its own. Pages are `private, no-cache`: the
caches of pip and uv are not keyed by principal, and with an age a wrong password would install private packages
(reference/index.md §1, finding 7).
"""

import gzip
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.index.negotiation import Form
from wheelkeep.server.index.wire import list_html, list_json, project_html, project_json

__all__ = ["Rendered", "RenderedBody", "render_list", "render_project"]

_GZIP_LEVEL = 1
_SMALLEST_GZIP_BYTES = 256


@dataclass(frozen=True, slots=True)
class RenderedBody:
    """One representation: its bytes, its strong ETag, and the ASGI headers that go with them."""

    data: bytes
    etag: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    """Content-Type, Content-Length, Content-Encoding when it has one, and those of `common_headers`."""
    common_headers: tuple[tuple[bytes, bytes], ...]
    """ETag, Vary, Cache-Control: those that a 304 has too."""


class Rendered:
    """Every representation of one page, made lazily and kept.

    Args:
        json: makes the JSON body.
        html: makes the HTML body.
    """

    __slots__ = ("_bodies", "_html", "_json")

    def __init__(self, *, json: Callable[[], bytes], html: Callable[[], bytes]) -> None:
        self._json = json
        self._html = html
        self._bodies: dict[tuple[Form, bool], RenderedBody] = {}

    def body(self, form: Form, *, compressed: bool = False) -> RenderedBody:
        """The representation in `form`; with gzip when `compressed` and when it gains anything."""
        found = self._bodies.get((form, compressed))
        if found is None:
            found = self._bodies[form, compressed] = self._make(form, compressed=compressed)
        return found

    def _make(self, form: Form, *, compressed: bool) -> RenderedBody:
        if not compressed:
            return _body(form, self._json() if form.is_json else self._html(), encoding=None)
        plain = self.body(form)
        if len(plain.data) < _SMALLEST_GZIP_BYTES:
            return plain
        return _body(form, gzip.compress(plain.data, _GZIP_LEVEL, mtime=0), encoding=b"gzip")


def _body(form: Form, data: bytes, *, encoding: bytes | None) -> RenderedBody:
    running = hashlib.sha256(form.value.encode())  # the two HTML forms have equal bytes but are two representations
    running.update(data)
    etag = b'"' + running.hexdigest()[:32].encode() + b'"'
    common = (
        (b"etag", etag),
        (b"vary", b"Accept, Accept-Encoding"),
        (b"cache-control", b"private, no-cache"),
    )
    content_type = form.value if form.is_json else f"{form.value}; charset=utf-8"
    encoded = () if encoding is None else ((b"content-encoding", encoding),)
    own = ((b"content-type", content_type.encode()), (b"content-length", str(len(data)).encode()))
    return RenderedBody(data=data, etag=etag, headers=(*own, *encoded, *common), common_headers=common)


def render_project(page: ProjectPage) -> Rendered:
    """The page of one project in every form."""
    return Rendered(json=lambda: project_json(page), html=lambda: project_html(page))


def render_list(names: Iterable[str]) -> Rendered:
    """The list of projects in every form. `names` are normalised."""
    kept = tuple(names)
    return Rendered(json=lambda: list_json(kept), html=lambda: list_html(kept))
