"""Takes a raw body into a file of the staging folder, in pieces, counted and hashed as it comes."""

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request

from wheelkeep.digest import Digest
from wheelkeep.errors import RequestError, WheelError, WheelkeepError

__all__ = ["Received", "receive"]

_WRITE_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Received:
    """A body that has arrived whole."""

    path: Path
    digest: Digest
    size: int


@asynccontextmanager
async def receive(
    request: Request, staging: Path, *, most_bytes: int, too_large: WheelkeepError, announced: str | None
) -> AsyncIterator[Received]:
    """The request's body as a file, removed at the end unless it was taken.

    Args:
        request: whose body to read.
        staging: folder for files that are being received.
        most_bytes: more than that raises `too_large`.
        too_large: the error to raise then.
        announced: the sha256 that the sender announced, or None.

    Raises:
        RequestError: `invalid_request`: the body is shorter than its Content-Length, or `announced` is no digest.
        WheelError: `upload_digest_mismatch`.
    """
    descriptor, name = tempfile.mkstemp(dir=staging)
    path = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            running, size = hashlib.sha256(), 0
            async for chunk in request.stream():
                size += len(chunk)
                if size > most_bytes:
                    raise too_large
                running.update(chunk)
                if len(chunk) >= _WRITE_BYTES:
                    await asyncio.to_thread(stream.write, chunk)
                else:
                    stream.write(chunk)
            stream.flush()
            await asyncio.to_thread(os.fsync, stream.fileno())
        digest = Digest(running.hexdigest())
        _check_announced(announced, digest)
        yield Received(path, digest, size)
    finally:
        with suppress(FileNotFoundError):  # the store took it
            os.unlink(name)  # noqa: PTH108 - one quick system call; pathlib in a coroutine is flagged for longer ones


def _check_announced(announced: str | None, digest: Digest) -> None:
    if announced is None:
        return
    try:
        expected = Digest.parse(announced)
    except ValueError:
        raise RequestError("the announced sha256 is none", code="invalid_request") from None
    if expected != digest:
        raise WheelError(
            f"{digest} arrived, {expected} was announced",
            code="upload_digest_mismatch",
            hint="the transfer was damaged; send it again",
        )
