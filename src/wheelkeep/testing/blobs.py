"""Objects in memory: a full fake of `wheelkeep.server.blobs.protocol.Blobs` that fails when it is told to."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

from wheelkeep.digest import Digest
from wheelkeep.errors import NotFoundError, WheelkeepError

__all__ = ["MemoryBlobs"]

_PIECE_BYTES = 1 << 20


class MemoryBlobs:
    """A `Blobs` in memory.

    Args:
        staging: a local folder; made when missing.
        failure: raised by every put while `failure` is not None.
    """

    def __init__(self, staging: Path, *, failure: WheelkeepError | None = None) -> None:
        self.objects: dict[Digest, bytes] = {}
        self.failure = failure
        self._staging = staging
        staging.mkdir(parents=True, exist_ok=True)

    @property
    def staging(self) -> Path:
        """A local folder for files that are being received."""
        return self._staging

    async def put_file(self, path: Path, digest: Digest) -> None:
        """Keep a copy of the file at `path` as `digest`.

        Raises:
            WheelkeepError: `failure`.
        """
        self._keep(digest, await asyncio.to_thread(path.read_bytes))

    async def put_bytes(self, data: bytes) -> Digest:
        """Keep `data`; its digest.

        Raises:
            WheelkeepError: `failure`.
        """
        digest = Digest.of(data)
        self._keep(digest, data)
        return digest

    async def size(self, digest: Digest) -> int | None:
        """The object's size in bytes, or None when it is not there."""
        found = self.objects.get(digest)
        return None if found is None else len(found)

    async def read(self, digest: Digest) -> bytes:
        """The whole object.

        Raises:
            NotFoundError: `unknown_file`.
        """
        try:
            return self.objects[digest]
        except KeyError:
            raise NotFoundError(f"there is no object {digest}", code="unknown_file") from None

    async def stream(self, digest: Digest, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """The object's bytes in pieces of 1 MiB.

        Raises:
            NotFoundError: `unknown_file`, before the first piece.
        """
        data = await self.read(digest)
        end = len(data) if length is None else min(len(data), offset + length)
        for start in range(offset, end, _PIECE_BYTES):
            yield data[start : min(start + _PIECE_BYTES, end)]

    async def delete(self, digest: Digest) -> None:
        """Forget the object; nothing happens when it is not there."""
        self.objects.pop(digest, None)

    def _keep(self, digest: Digest, data: bytes) -> None:
        if self.failure is not None:
            raise self.failure
        self.objects.setdefault(digest, data)
