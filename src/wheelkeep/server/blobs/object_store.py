"""Objects in any store that obstore speaks to: key `sha256/ab/<hex>`.

A cloud store's put is durable when it returns; obstore's `LocalStore` is not (see `folder.py`), its `MemoryStore` is
for tests.
"""

from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from pathlib import Path

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore

from wheelkeep.digest import Digest
from wheelkeep.errors import NotFoundError, UpstreamError, WheelkeepError
from wheelkeep.server.blobs.faults import disk_full

__all__ = ["ObjectStoreBlobs"]

_PIECE_BYTES = 1 << 20
_PART_BYTES = 8 << 20


class ObjectStoreBlobs:
    """A `Blobs` over an obstore store.

    Args:
        store: any obstore store.
        staging: a local folder for files that are being received; made when missing.
    """

    def __init__(self, store: ObjectStore, staging: Path) -> None:
        self._store = store
        self._staging = staging
        staging.mkdir(parents=True, exist_ok=True)

    @property
    def staging(self) -> Path:
        """A local folder for files that are being received."""
        return self._staging

    async def put_file(self, path: Path, digest: Digest) -> None:
        """Copy the file at `path` into the store as `digest`.

        Raises:
            ResourceError: `disk_full`.
            UpstreamError: `objects_failed`.
        """
        if await self.size(digest) is None:
            with _store_faults(digest):
                await obstore.put_async(self._store, _key(digest), path, chunk_size=_PART_BYTES)

    async def put_bytes(self, data: bytes) -> Digest:
        """Keep `data`; its digest.

        Raises:
            ResourceError: `disk_full`.
            UpstreamError: `objects_failed`.
        """
        digest = Digest.of(data)
        if await self.size(digest) is None:
            with _store_faults(digest):
                await obstore.put_async(self._store, _key(digest), data)
        return digest

    async def size(self, digest: Digest) -> int | None:
        """The object's size in bytes, or None when it is not there.

        Raises:
            UpstreamError: `objects_failed`.
        """
        try:
            with _store_faults(digest):
                return (await obstore.head_async(self._store, _key(digest)))["size"]
        except NotFoundError:
            return None

    async def read(self, digest: Digest) -> bytes:
        """The whole object.

        Raises:
            NotFoundError: `unknown_file`.
            UpstreamError: `objects_failed`.
        """
        with _store_faults(digest):
            found = await obstore.get_async(self._store, _key(digest))
            return bytes(await found.bytes_async())

    async def stream(self, digest: Digest, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """The object's bytes in pieces of about 1 MiB.

        Raises:
            NotFoundError: `unknown_file`, before the first piece.
            UpstreamError: `objects_failed`.
        """
        size = await self.size(digest)
        if size is None:
            raise _unknown(digest)
        end = size if length is None else min(size, offset + length)
        if offset >= end:
            return
        with _store_faults(digest):
            found = await obstore.get_async(self._store, _key(digest), options={"range": (offset, end)})
            async for piece in found.stream(min_chunk_size=_PIECE_BYTES):
                yield bytes(piece)

    async def delete(self, digest: Digest) -> None:
        """Forget the object; nothing happens when it is not there.

        Raises:
            UpstreamError: `objects_failed`.
        """
        try:
            with _store_faults(digest):
                await obstore.delete_async(self._store, _key(digest))
        except NotFoundError:
            return


def _key(digest: Digest) -> str:
    return f"sha256/{digest.hex[:2]}/{digest.hex}"


def _unknown(digest: Digest) -> NotFoundError:
    return NotFoundError(f"there is no object {digest}", code="unknown_file")


@contextmanager
def _store_faults(digest: Digest) -> Iterator[None]:
    """Translate what obstore raises; its messages may hold a signed URL, so none of them is passed on."""
    try:
        yield
    except WheelkeepError:
        raise
    except FileNotFoundError:
        raise _unknown(digest) from None
    except (BaseError, OSError) as error:
        if "No space left" in str(error):
            raise disk_full() from None
        raise UpstreamError(
            f"the object store failed ({type(error).__name__})",
            code="objects_failed",
            hint="look at the store that WHEELKEEP_OBJECTS_URL names",
        ) from None
