"""The gateway's doors: a build's merged index under its grant, and public files of the workspace's own index.

`/w/<workspace>/builds/<work>/simple/<project>/` and `/w/<workspace>/builds/<work>/files/<project>/<filename>` are for a
resolver that shows the build's grant; `/w/<workspace>/proxy/<project>/<filename>` for whoever may read the workspace.
`.metadata` beside every wheel. Raw ASGI. An origin that fails answers 502, 503 or 504, and a client must stop there:
the rest is never served. Nobody gets 404 for want of a right (reference/index.md §1, finding 5).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from packaging.utils import NormalizedName
from starlette.types import Message, Receive, Scope, Send

from wheelkeep.digest import Digest
from wheelkeep.errors import RequestError
from wheelkeep.names import normalize_project
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.gateway.keeper import Kept
from wheelkeep.server.gateway.sessions import Gateways
from wheelkeep.server.gateway.workspace_gateway import WorkspaceGateway
from wheelkeep.server.http.files import send_object
from wheelkeep.server.http.index_pages import send_rendered
from wheelkeep.server.http.package_door import PackageDoor
from wheelkeep.server.http.replies import (
    etag_matches,
    not_found,
    read_headers,
    send_body,
    send_method_not_allowed,
    send_problem,
)
from wheelkeep.server.index.rendered import render_project

__all__ = ["BuildDoor", "BuildPages", "PublicFiles"]

_METADATA_SUFFIX = ".metadata"
_WORK_PART = 4  # "", "w", workspace, "builds", work, "simple" | "files", project, ...
_PROXY_PARTS = 6  # "", "w", workspace, "proxy", project, file name
_Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


class BuildDoor(Protocol):
    """Admits the bearers of grants to their build's index; cheap, it is asked for every request."""

    def admit_grant(self, authorization: bytes | None, workspace: str, work: str) -> None:
        """Nothing, when `authorization` is the grant of the build `work` of the workspace of that name.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`: another build's grant, or no grant.
        """


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a path asks for. `filename` is None for a page."""

    project: NormalizedName
    filename: str | None = None

    @property
    def is_metadata(self) -> bool:
        return self.filename is not None and self.filename.endswith(_METADATA_SUFFIX)

    @property
    def distribution(self) -> str:
        return (self.filename or "").removesuffix(_METADATA_SUFFIX)


class BuildPages:
    """The ASGI application for `/w/<workspace>/builds/...`.

    Args:
        door: admits grants.
        gateways: the builds' gateways.
        blobs: the bytes of what they fetched.
    """

    def __init__(self, door: BuildDoor, *, gateways: Gateways, blobs: Blobs) -> None:
        self._door = door
        self._gateways = gateways
        self._blobs = blobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await _answer_safely(self._answer, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = read_headers(scope)
        parts = scope["path"].split("/")
        if len(parts) <= _WORK_PART:
            raise not_found("page")
        work = parts[_WORK_PART]
        self._door.admit_grant(headers.get(b"authorization"), parts[2], work)
        wanted = _parse_build_path(parts)
        gateway = await self._gateways.session(work)
        if wanted.filename is None:
            page = await gateway.page(wanted.project)
            if page is None:
                raise not_found(f"project {wanted.project!r}")
            if _is_beside(scope):
                headers.pop(b"accept-encoding", None)  # a page is sent once, and to this machine faster than compressed
            await send_rendered(scope, send, headers=headers, rendered=render_project(page))
        elif wanted.is_metadata:
            data = await gateway.metadata(wanted.project, wanted.distribution)
            await _send_metadata(scope, send, headers, data)
        else:
            kept = await gateway.fetch(wanted.project, wanted.distribution)
            await _send_kept(scope, receive, send, headers=headers, blobs=self._blobs, kept=kept)


class PublicFiles:
    """The ASGI application for `/w/<workspace>/proxy/<project>/<filename>`.

    Args:
        door: admits readers of the workspace.
        gateway: the workspaces' own index.
        blobs: the bytes of what it fetched.
    """

    def __init__(self, door: PackageDoor, *, gateway: WorkspaceGateway, blobs: Blobs) -> None:
        self._door = door
        self._gateway = gateway
        self._blobs = blobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await _answer_safely(self._answer, scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = read_headers(scope)
        parts = scope["path"].split("/")
        admission = self._door.admit(headers.get(b"authorization"), parts[2], right="read")
        if len(parts) != _PROXY_PARTS or not parts[5]:
            raise not_found("file")
        wanted = _Wanted(_project(parts[4]), parts[5])
        if wanted.is_metadata:
            data = await self._gateway.metadata(admission.workspace_id, wanted.project, wanted.distribution)
            await _send_metadata(scope, send, headers, data)
        else:
            kept = await self._gateway.fetch(admission.workspace_id, wanted.project, wanted.distribution)
            await _send_kept(scope, receive, send, headers=headers, blobs=self._blobs, kept=kept)


async def _answer_safely(answer: _Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Run `answer`; an exception before its first word becomes a problem, one after it breaks the connection off."""
    if scope["method"] not in {"GET", "HEAD"}:
        await send_method_not_allowed(send, b"GET, HEAD")
        return
    started = False

    async def send_and_note(message: Message) -> None:
        nonlocal started
        started = True
        await send(message)

    try:
        await answer(scope, receive, send_and_note)
    except Exception as error:
        if started:
            raise
        await send_problem(scope, receive, send, error=error)


def _is_beside(scope: Scope) -> bool:
    """Whether the client is on this machine (and not behind a proxy, which would compress for itself)."""
    client = scope.get("client")
    return client is not None and client[0] in {"127.0.0.1", "::1"}


def _parse_build_path(parts: list[str]) -> _Wanted:
    match parts[5:]:
        case ["simple", project, ""] if project:
            return _Wanted(_project(project))
        case ["files", project, filename] if project and filename:
            return _Wanted(_project(project), filename)
        case _:
            raise not_found("page")


def _project(name: str) -> NormalizedName:
    try:
        project = normalize_project(name)
    except RequestError:
        raise not_found("project of that name") from None
    if project != name:  # every link of ours and every client's request is normalised
        raise not_found("project of that name")
    return project


async def _send_metadata(scope: Scope, send: Send, headers: dict[bytes, bytes], data: bytes) -> None:
    etag = b'"' + Digest.of(data).hex.encode() + b'"'
    steady = ((b"etag", etag), (b"cache-control", b"private, no-cache"))
    if b"if-none-match" in headers and etag_matches(headers[b"if-none-match"], etag):
        await send_body(send, 304, steady)
        return
    own = ((b"content-type", b"application/octet-stream"), (b"content-length", str(len(data)).encode()))
    await send_body(send, 200, (*own, *steady), b"" if scope["method"] == "HEAD" else data)


async def _send_kept(
    scope: Scope, receive: Receive, send: Send, *, headers: dict[bytes, bytes], blobs: Blobs, kept: Kept
) -> None:
    await send_object(scope, receive, send, headers=headers, blobs=blobs, digest=kept.digest, size=kept.size)
