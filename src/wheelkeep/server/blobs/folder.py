"""Objects in a folder of the machine: durable when a put returns, whole or not there.

`put` is: fsync the file, rename it to `sha256/ab/<hex>`, fsync the folder. obstore's `LocalStore` renames too but
never fsyncs (no option does), so a power cut after an upload's 200 could leave an empty wheel; hence this implementer.
The layout is the one `ObjectStoreBlobs` uses, so that a folder can be copied to an object store as it is.
"""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, NotFoundError
from wheelkeep.files import fsync_folder, write_atomically
from wheelkeep.server.blobs.faults import disk_faults

__all__ = ["FolderBlobs"]

_PIECE_BYTES = 1 << 20
_READ_ONLY = 0o400


class FolderBlobs:
    """A `Blobs` over a folder.

    Args:
        folder: holds the objects; made when missing.
        staging: for files that are being received, best on the same file system (a rename is then enough).
        fsync: makes a received file's bytes durable; a test may hand in one that fails.
    """

    def __init__(self, folder: Path, staging: Path, *, fsync: Callable[[int], None] = os.fsync) -> None:
        self._folder = folder
        self._staging = staging
        self._fsync = fsync
        for one in (folder, staging):
            one.mkdir(parents=True, exist_ok=True)

    @property
    def staging(self) -> Path:
        """A local folder for files that are being received."""
        return self._staging

    def _path(self, digest: Digest) -> Path:
        return self._folder / "sha256" / digest.hex[:2] / digest.hex

    async def put_file(self, path: Path, digest: Digest) -> None:
        """Take the file at `path` (or a copy, across file systems) as `digest`; durable on return.

        Raises:
            ResourceError: `disk_full`.
        """
        await asyncio.to_thread(self._put_file, path, digest)

    async def put_bytes(self, data: bytes) -> Digest:
        """Keep `data`; its digest. Durable on return.

        Raises:
            ResourceError: `disk_full`.
        """
        digest = Digest.of(data)
        await asyncio.to_thread(self._put_bytes, data, digest)
        return digest

    async def size(self, digest: Digest) -> int | None:
        """The object's size in bytes, or None when it is not there."""
        return await asyncio.to_thread(self._size, digest)

    async def read(self, digest: Digest) -> bytes:
        """The whole object.

        Raises:
            NotFoundError: `unknown_file`.
        """
        try:
            return await asyncio.to_thread(self._path(digest).read_bytes)
        except FileNotFoundError:
            raise _unknown(digest) from None

    async def stream(self, digest: Digest, *, offset: int = 0, length: int | None = None) -> AsyncGenerator[bytes]:
        """The object's bytes in pieces of 1 MiB.

        What the page cache has is read at once, which is cheaper than a thread by half; the rest in a thread, so that
        a slow disk stops nobody else.

        Raises:
            NotFoundError: `unknown_file`, before the first piece.
            IntegrityError: `damaged_object`: the file ends early.
        """
        try:
            descriptor = os.open(self._path(digest), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            raise _unknown(digest) from None
        try:
            left = os.fstat(descriptor).st_size - offset if length is None else length
            while left > 0:
                wanted = min(left, _PIECE_BYTES)
                if _is_cached(descriptor, offset + wanted - 1):
                    piece = os.pread(descriptor, wanted, offset)
                else:
                    piece = await asyncio.to_thread(os.pread, descriptor, wanted, offset)
                if not piece:
                    raise IntegrityError(f"the object {digest} ends early", code="damaged_object")
                yield piece
                offset += len(piece)
                left -= len(piece)
        finally:
            os.close(descriptor)

    async def delete(self, digest: Digest) -> None:
        """Forget the object; nothing happens when it is not there."""
        await asyncio.to_thread(self._path(digest).unlink, missing_ok=True)

    def _size(self, digest: Digest) -> int | None:
        try:
            return self._path(digest).stat().st_size
        except FileNotFoundError:
            return None

    def _put_bytes(self, data: bytes, digest: Digest) -> None:
        if self._path(digest).exists():
            return
        with disk_faults():
            self._make_shard(self._path(digest).parent)
            write_atomically(self._path(digest), data, mode=_READ_ONLY)

    def _put_file(self, path: Path, digest: Digest) -> None:
        target = self._path(digest)
        if target.exists():
            return
        with disk_faults():
            self._make_shard(target.parent)
            with path.open("rb") as source:
                self._fsync(source.fileno())
            if path.stat().st_dev == target.parent.stat().st_dev:
                path.chmod(_READ_ONLY)
                path.replace(target)
            else:
                self._copy(path, target)
            fsync_folder(target.parent)

    def _make_shard(self, shard: Path) -> None:
        if not shard.is_dir():
            shard.mkdir(parents=True, exist_ok=True)
            fsync_folder(shard.parent)
            fsync_folder(self._folder)

    def _copy(self, path: Path, target: Path) -> None:
        """Copy across file systems, under a temporary name beside the target until all is durable."""
        descriptor, name = tempfile.mkstemp(prefix=".making-", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as copied, path.open("rb") as source:
                shutil.copyfileobj(source, copied, _PIECE_BYTES)
                copied.flush()
                os.fchmod(copied.fileno(), _READ_ONLY)
                self._fsync(copied.fileno())
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _is_cached(descriptor: int, offset: int) -> bool:
    """Whether the byte at `offset` is in the page cache: then, nearly always, what precedes it is too."""
    try:
        return os.preadv(descriptor, [bytearray(1)], offset, os.RWF_NOWAIT) == 1
    except OSError:  # not cached, or a file system that cannot tell
        return False


def _unknown(digest: Digest) -> NotFoundError:
    return NotFoundError(f"there is no object {digest}", code="unknown_file")
