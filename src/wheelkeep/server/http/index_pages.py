"""A workspace's package index: `/w/<workspace>/simple/` and `/w/<workspace>/simple/<project>/`.

Raw ASGI, because every resolution asks it hundreds of times. What it answers is reference/index.md §8: content
negotiation, 301 to the normalised name with its slash, HEAD, strong ETags and 304, gzip, no cookie.
An origin that fails fails the page (502, 503, 504): the rest is never served, because a client would take it for all.
"""

from collections.abc import Awaitable, Callable
from functools import lru_cache

from packaging.utils import NormalizedName
from starlette.types import Receive, Scope, Send

from wheelkeep.errors import RequestError
from wheelkeep.names import normalize_project
from wheelkeep.server.http.package_door import PackageDoor
from wheelkeep.server.http.replies import (
    accepts_gzip,
    etag_matches,
    not_found,
    read_headers,
    send_body,
    send_method_not_allowed,
    send_problem,
)
from wheelkeep.server.index.negotiation import choose_form
from wheelkeep.server.index.rendered import Rendered

__all__ = ["IndexPages", "ListOf", "PageOf", "send_rendered"]

PageOf = Callable[[str, NormalizedName], Awaitable[Rendered | None]]
"""From a workspace's id and a project to its page, or None when no origin has the name."""
ListOf = Callable[[str], Awaitable[Rendered]]
"""From a workspace's id to the list of its projects."""

_LIST_PARTS = 5  # "", "w", workspace, "simple", ""
_PROJECT_PARTS = 6


class IndexPages:
    """The ASGI application for `/w/<workspace>/simple...`.

    Args:
        door: admits.
        page_of: gives pages; `StorePages.project` for own wheels alone, or the gateway's for the merged index.
        list_of: gives the list of projects.
    """

    def __init__(self, door: PackageDoor, *, page_of: PageOf, list_of: ListOf) -> None:
        self._door = door
        self._page_of = page_of
        self._list_of = list_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in {"GET", "HEAD"}:
            await send_method_not_allowed(send, b"GET, HEAD")
            return
        try:
            await self._answer(scope, send)
        except Exception as error:  # noqa: BLE001 - the funnel of this door: no exception passes, each is told or logged
            await send_problem(scope, receive, send, error=error)

    async def _answer(self, scope: Scope, send: Send) -> None:
        headers = read_headers(scope)
        parts = scope["path"].split("/")
        admission = self._door.admit(headers.get(b"authorization"), parts[2], right="read")
        if len(parts) == _PROJECT_PARTS and parts[4] and parts[5] == "":
            project = _normalized(parts[4])
            if project == parts[4]:
                rendered = await self._page_of(admission.workspace_id, project)
                if rendered is None:
                    raise not_found(f"project {project!r}")
                await send_rendered(scope, send, headers=headers, rendered=rendered)
                return
        elif len(parts) == _LIST_PARTS and parts[4] == "":
            await send_rendered(scope, send, headers=headers, rendered=await self._list_of(admission.workspace_id))
            return
        await _send_redirect(scope, send, parts)


async def send_rendered(scope: Scope, send: Send, *, headers: dict[bytes, bytes], rendered: Rendered) -> None:
    """Send the representation of `rendered` that the request asks for: 200, 304 or 406.

    Args:
        scope: of the request.
        send: of the request.
        headers: of `read_headers`.
        rendered: the page.
    """
    form = choose_form(headers.get(b"accept"), scope["query_string"])
    if form is None:
        body = (
            b"this index speaks application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html, text/html\n"
        )
        own = ((b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode()))
        await send_body(send, 406, (*own, (b"vary", b"Accept"), (b"cache-control", b"no-store")), body)
        return
    found = rendered.body(form, compressed=accepts_gzip(headers.get(b"accept-encoding", b"")))
    if b"if-none-match" in headers and etag_matches(headers[b"if-none-match"], found.etag):
        await send_body(send, 304, found.common_headers)
    else:
        await send_body(send, 200, found.headers, found.data)


@lru_cache(maxsize=4096)
def _normalized(name: str) -> NormalizedName:
    try:
        return normalize_project(name)
    except RequestError:
        raise not_found("project of that name") from None


async def _send_redirect(scope: Scope, send: Send, parts: list[str]) -> None:
    """301 to the page's one address, relative, so that a path prefix of a proxy survives.

    Raises:
        NotFoundError: no page has such an address.
    """
    if parts[3:] == ["simple"]:
        location = "simple/"
    elif len(parts) == _LIST_PARTS:
        location = f"{_normalized(parts[4])}/"
    elif len(parts) == _PROJECT_PARTS and parts[4] and not parts[5]:
        location = f"../{_normalized(parts[4])}/"
    else:
        raise not_found("page")
    query = b"?" + scope["query_string"] if scope["query_string"] else b""
    own = ((b"location", location.encode() + query), (b"content-length", b"0"))
    await send_body(send, 301, (*own, (b"cache-control", b"private, no-cache")))
