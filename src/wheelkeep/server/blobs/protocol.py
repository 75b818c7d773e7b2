"""What a store of objects can do. Identity is content: an object's name is its sha256, so a put is idempotent."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Protocol

from wheelkeep.digest import Digest

__all__ = ["Blobs"]


class Blobs(Protocol):
    """A store of immutable objects by digest. Async; large objects pass in pieces, never whole in memory."""

    @property
    def staging(self) -> Path:
        """A local folder for files that are being received; what is left in it is swept at the next start."""

    async def put_file(self, path: Path, digest: Digest) -> None:
        """Keep the local file at `path`, whose digest the caller has verified, as `digest`; durable on return.

        Idempotent. The file at `path` may be taken (moved) or copied; the caller removes what is left.

        Raises:
            ResourceError: `disk_full`.
        """

    async def put_bytes(self, data: bytes) -> Digest:
        """Keep `data`; its digest. Idempotent.

        Raises:
            ResourceError: `disk_full`.
        """

    async def size(self, digest: Digest) -> int | None:
        """The object's size in bytes, or None when it is not there."""

    async def read(self, digest: Digest) -> bytes:
        """The whole object: for small ones.

        Raises:
            NotFoundError: `unknown_file`.
        """

    def stream(self, digest: Digest, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """The object's bytes from `offset`, `length` of them or all, in pieces of about 1 MiB.

        Raises:
            NotFoundError: `unknown_file`, before the first piece.
        """

    async def delete(self, digest: Digest) -> None:
        """Forget the object; nothing happens when it is not there."""
