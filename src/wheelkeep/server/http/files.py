"""Files by digest: `/w/<workspace>/files/<sha256>/<filename>`, and `.metadata` beside a wheel.

The address names the content, so an answer is good for ever: `private, immutable`. It is also the stable URL of a
private wheel (contract §3.1). Raw ASGI; the bytes go from the store to the socket in pieces of 1 MiB.
"""

import asyncio
from contextlib import aclosing, suppress

from starlette.types import Receive, Scope, Send

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, NotFoundError
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.http.byte_range import ByteRange, UnsatisfiableRange, parse_range
from wheelkeep.server.http.package_door import PackageDoor
from wheelkeep.server.http.replies import etag_matches, read_headers, send_body, send_method_not_allowed, send_problem
from wheelkeep.server.store.shelf import Shelf, ShelvedFile

__all__ = ["FileDownloads", "send_object"]

_PARTS = 6  # "", "w", workspace, "files", sha256, file name
_METADATA_SUFFIX = ".metadata"
_WATCHED_BYTES = 8 << 20
_STEADY_HEADERS = (
    (b"content-type", b"application/octet-stream"),
    (b"accept-ranges", b"bytes"),
    (b"cache-control", b"private, max-age=31536000, immutable"),
    (b"x-content-type-options", b"nosniff"),
)


class FileDownloads:
    """The ASGI application for `/w/<workspace>/files/...`.

    Args:
        door: admits.
        shelf: which files the workspace may have served.
        blobs: their bytes.
    """

    def __init__(self, door: PackageDoor, *, shelf: Shelf, blobs: Blobs) -> None:
        self._door = door
        self._shelf = shelf
        self._blobs = blobs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] not in {"GET", "HEAD"}:
            await send_method_not_allowed(send, b"GET, HEAD")
            return
        started = False

        async def send_and_note(message: object) -> None:
            nonlocal started
            started = True
            await send(message)  # type: ignore[arg-type]  # an ASGI message, passed on as it is

        try:
            headers = read_headers(scope)
            found = await self._find(scope, headers)
            await send_object(
                scope, receive, send_and_note, headers=headers, blobs=self._blobs, digest=found.digest, size=found.size
            )
        except Exception as error:
            if started:
                raise  # the server ends the connection, so that the client sees a broken file, not a short one
            await send_problem(scope, receive, send, error=error)

    async def _find(self, scope: Scope, headers: dict[bytes, bytes]) -> ShelvedFile:
        parts = scope["path"].split("/")
        admission = self._door.admit(headers.get(b"authorization"), parts[2], right="read")
        if len(parts) == _PARTS:
            sha256, name = parts[4], parts[5]
            filename = name.removesuffix(_METADATA_SUFFIX)
            workspace_id = admission.workspace_id
            found = self._shelf.remembered(workspace_id, sha256, filename)
            if found is None:
                found = await self._shelf.find(workspace_id, sha256, filename)
            wanted = found if found is None or name == filename else found.metadata
            if wanted is not None:
                return wanted
        raise NotFoundError("the workspace holds no such file", code="unknown_file")


async def send_object(
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    headers: dict[bytes, bytes],
    blobs: Blobs,
    digest: Digest,
    size: int,
) -> None:
    """Send the object `digest` of `size` bytes: 200, 206, 304 or 416.

    Args:
        scope: of the request.
        receive: of the request.
        send: of the request.
        headers: of `read_headers`.
        blobs: where the object is.
        digest: which one.
        size: its size in bytes.

    Raises:
        IntegrityError: `damaged_object`: the object is not there; nothing was sent.
    """
    etag = b'"' + digest.hex.encode() + b'"'
    steady = (*_STEADY_HEADERS, (b"etag", etag))
    if b"if-none-match" in headers and etag_matches(headers[b"if-none-match"], etag):
        await send_body(send, 304, steady)
        return
    asked = headers.get(b"range")
    part = parse_range(asked if headers.get(b"if-range", etag) == etag else None, size)
    if isinstance(part, UnsatisfiableRange):
        length = ((b"content-range", b"bytes */%d" % size), (b"content-length", b"0"))
        await send_body(send, 416, (*steady, *length))
        return
    span = part or ByteRange(0, size)
    start = [*steady, (b"content-length", b"%d" % span.length)]
    if part is not None:
        start.append((b"content-range", b"bytes %d-%d/%d" % (span.offset, span.offset + span.length - 1, size)))
    status = 200 if part is None else 206
    if scope["method"] == "HEAD" or not span.length:
        await send_body(send, status, start)
        return
    await _send_span(receive, send, blobs=blobs, digest=digest, span=span, start=(status, start))


async def _send_span(
    receive: Receive,
    send: Send,
    *,
    blobs: Blobs,
    digest: Digest,
    span: ByteRange,
    start: tuple[int, list[tuple[bytes, bytes]]],
) -> None:
    async with aclosing(blobs.stream(digest, offset=span.offset, length=span.length)) as pieces:
        try:
            piece = await anext(pieces)
        except (NotFoundError, StopAsyncIteration):
            raise IntegrityError(f"the object {digest} is lost", code="damaged_object") from None
        await send({"type": "http.response.start", "status": start[0], "headers": start[1]})
        left = span.length - len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        watch = asyncio.ensure_future(_disconnected(receive)) if left > _WATCHED_BYTES else None
        try:
            while left > 0 and not (watch is not None and watch.done()):
                piece = await anext(pieces)
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
        finally:
            if watch is not None:
                watch.cancel()
                with suppress(asyncio.CancelledError):
                    await watch


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone: a server that reads on for nobody wastes a disk."""
    while (await receive())["type"] != "http.disconnect":
        pass
