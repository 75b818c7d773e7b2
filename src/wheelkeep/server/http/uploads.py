"""Uploads by twine and `uv publish`: `POST /w/<workspace>/legacy/`.

The same as `Environment.add_private_pip_wheel`: the file is checked whole and kept under the rules of a name. Name,
version and Requires-Python come from the wheel; the form may not contradict it. An existing name with other content
answers 400 with "File already exists", the words that PyPI uses and upload tools look for.
Source: the PyPA "Upload API" page (legacy); reference/index.md §8, "Upload".
"""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from wheelkeep.digest import Digest
from wheelkeep.errors import ConflictError, RequestError, WheelError
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.http.package_door import Admission, PackageDoor
from wheelkeep.server.http.problem import PROBLEM_TYPE
from wheelkeep.server.http.replies import read_headers, send_body, send_method_not_allowed, send_problem
from wheelkeep.server.http.upload_form import FormReader, UploadForm, parse_boundary
from wheelkeep.server.store.wheels import AddedWheel, WheelStore
from wheelkeep.wheel.filename import parse_wheel_filename
from wheelkeep.wire.problem import Problem

__all__ = ["MOST_UPLOAD_BYTES", "Uploads"]

MOST_UPLOAD_BYTES = 10 << 30
"""The largest file that is taken."""

_BATCH_BYTES = 1 << 20
_FORM_ALLOWANCE_BYTES = 32 << 20


class Uploads:
    """The ASGI application for `/w/<workspace>/legacy/`.

    Args:
        door: admits publishers.
        store: keeps wheels.
        blobs: whose staging folder takes what arrives.
        note: told of each wheel that was added, for the audit.
        most_bytes: the largest file that is taken.
    """

    def __init__(
        self,
        door: PackageDoor,
        *,
        store: WheelStore,
        blobs: Blobs,
        note: Callable[[Admission, AddedWheel], None] = lambda _admission, _added: None,
        most_bytes: int = MOST_UPLOAD_BYTES,
    ) -> None:
        self._door = door
        self._store = store
        self._blobs = blobs
        self._note = note
        self._most_bytes = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["method"] != "POST":
            await send_method_not_allowed(send, b"POST")
            return
        try:
            await self._answer(scope, receive)
        except ClientDisconnect:
            return
        except ConflictError as error:
            await _send_conflict(send, error)
        except Exception as error:  # noqa: BLE001 - the funnel of this door: no exception passes, each is told or logged
            await send_problem(scope, receive, send, error=error)
        else:
            own = ((b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"3"))
            await send_body(send, 200, own, b"OK\n")

    async def _answer(self, scope: Scope, receive: Receive) -> None:
        headers = read_headers(scope)
        admission = self._door.admit(headers.get(b"authorization"), scope["path"].split("/")[2], right="publish")
        boundary = parse_boundary(headers.get(b"content-type", b""))
        self._check_announced_length(headers.get(b"content-length", b""))
        async with _staged(self._blobs.staging) as path:
            form = await self._receive(receive, path, boundary)
            _check_form(form)
            announced = form.fields.get("sha256_digest")
            added = await self._store.add(
                admission.workspace_id,
                path,
                form.filename or "",
                uploader=admission.principal_name,
                expected_sha256=_parse_announced(announced) if announced else None,
            )
        if added.created:
            self._note(admission, added)

    def _check_announced_length(self, header: bytes) -> None:
        if header.isdigit() and int(header) > self._most_bytes + _FORM_ALLOWANCE_BYTES:
            raise WheelError(
                f"the wheel is larger than {self._most_bytes >> 20} MiB",
                code="wheel_too_large",
                hint="keep data sets and models out of the wheel; put them into storage",
            )

    async def _receive(self, receive: Receive, path: Path, boundary: bytes) -> UploadForm:
        with path.open("wb") as target:
            reader = FormReader(boundary, target, most_bytes=self._most_bytes)
            async for batch in _batches(receive):
                await asyncio.to_thread(reader.feed, batch)
            await asyncio.to_thread(target.flush)
        return reader.finish()


@asynccontextmanager
async def _staged(staging: Path) -> AsyncIterator[Path]:
    """A new file in `staging`, removed at the end unless it was taken."""
    descriptor, name = tempfile.mkstemp(prefix="upload-", dir=staging)
    os.close(descriptor)
    path = Path(name)
    try:
        yield path
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _batches(receive: Receive) -> AsyncIterator[bytes]:
    """The body in pieces large enough to be worth a thread.

    Raises:
        ClientDisconnect: the client has gone.
    """
    waiting = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        waiting.extend(message.get("body", b""))
        more = message.get("more_body", False)
        if len(waiting) >= _BATCH_BYTES or (waiting and not more):
            yield bytes(waiting)
            waiting.clear()


def _parse_announced(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except ValueError:
        raise RequestError("sha256_digest is no sha256", code="invalid_request") from None


def _check_form(form: UploadForm) -> None:
    """Check what the form says of itself and of its wheel's name.

    Raises:
        RequestError: `invalid_request` or `unsupported`.
        WheelError: `wheel_name_mismatch`.
    """
    fields = form.fields
    if fields.get(":action", "file_upload") != "file_upload" or fields.get("protocol_version", "1") != "1":
        raise RequestError("only :action=file_upload of protocol_version 1 is known", code="invalid_request")
    if form.filename is None:
        raise RequestError("the form has no file in the field content", code="invalid_request")
    if fields.get("filetype", "bdist_wheel") != "bdist_wheel" or form.filename.endswith((".tar.gz", ".zip")):
        raise RequestError(
            "only wheels are kept; this is a source distribution",
            code="unsupported",
            hint="upload the wheel alone: `twine upload dist/*.whl`, `uv publish dist/*.whl`",
        )
    try:
        name = parse_wheel_filename(form.filename)
    except WheelError:
        return  # `check_wheel` refuses it with a better hint, for it can read the file's METADATA
    said_name, said_version = fields.get("name"), fields.get("version")
    if said_name is not None and canonicalize_name(said_name) != name.project:
        raise _contradiction("name", said_name, name.project)
    if said_version is not None and not _same_version(said_version, name.version):
        raise _contradiction("version", said_version, str(name.version))


def _same_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _contradiction(what: str, said: str, actual: str) -> WheelError:
    return WheelError(
        f"the form's {what} is {said[:120]!r}, the file name's {actual!r}",
        code="wheel_name_mismatch",
        hint="upload the file as the build wrote it, with `twine upload` or `uv publish`",
    )


async def _send_conflict(send: Send, error: ConflictError) -> None:
    """400, not 409: upload tools know an existing file by this status and these words (PyPI's)."""
    body = msgspec.json.encode(
        Problem(
            title=type(error).__name__,
            status=400,
            code=error.code,
            detail=f"File already exists: {error.message}",
            hint=error.hint,
            extra=error.detail,
        )
    )
    own = ((b"content-type", PROBLEM_TYPE.encode()), (b"content-length", b"%d" % len(body)))
    await send_body(send, 400, (*own, (b"cache-control", b"no-store")), body)
