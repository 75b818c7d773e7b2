"""A body from outside, whole on disk for a moment: where a full disk and a cut transfer are told, and nothing is left.

It lies in the objects' staging folder: on the volume that the operator gave to packages, never in the machine's `/tmp`,
which may be memory. The bytes are hashed as they come.
"""

import asyncio
import errno
import hashlib
import secrets
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from wheelkeep.digest import Digest
from wheelkeep.errors import ResourceError
from wheelkeep.server.origin.upstream import Body

__all__ = ["Spooled", "spooled"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that was received whole, and what it is."""

    path: Path
    digest: Digest
    size: int


@asynccontextmanager
async def spooled(
    opening: AbstractAsyncContextManager[Body | None], folder: Path, *, filename: str
) -> AsyncIterator[Spooled | None]:
    """The body that `opening` gives, received whole; None when it gives none.

    Args:
        opening: of an origin's file; it is closed before the file is given.
        folder: where to keep it; `Blobs.staging`.
        filename: what errors call it.

    Raises:
        ResourceError: `disk_full`, while it comes or in the caller's hands.
        UpstreamError: the origin failed in the middle, or sends more than the limit.

    Side effects: the file is removed afterwards, unless the caller moved it.
    """
    path = folder / f"fetch-{secrets.token_hex(8)}"
    try:
        async with opening as body:
            received = None if body is None else await _receive(body.chunks, path)
        yield received
    except OSError as problem:
        if problem.errno in _FULL:
            raise ResourceError(
                f"no space is left for {filename}",
                code="disk_full",
                hint="make room in the server's data folder",
            ) from None
        raise
    finally:
        await asyncio.to_thread(path.unlink, missing_ok=True)


async def _receive(chunks: AsyncIterator[bytes], path: Path) -> Spooled:
    running = hashlib.sha256()
    size = 0

    def take(stream: BinaryIO, chunk: bytes) -> None:
        running.update(chunk)
        stream.write(chunk)

    stream = await asyncio.to_thread(path.open, "xb")
    try:
        async for chunk in chunks:
            size += len(chunk)
            await asyncio.to_thread(take, stream, chunk)
    finally:
        await asyncio.to_thread(stream.close)
    return Spooled(path, Digest(running.hexdigest()), size)
