"""Files that are whole or not there.

Temporary name, fsync, atomic rename, fsync of the folder. Existence is never success for a folder: a made folder
carries a marker that names what it is, and what has none is swept.
"""

import fcntl
import os
import shutil
import stat
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from wheelkeep.errors import DeniedError

__all__ = [
    "FolderLock",
    "fsync_folder",
    "is_locked",
    "make_data_folder",
    "make_private_folder",
    "publish_folder",
    "remove_tree",
    "staged_folder",
    "try_lock",
    "write_atomically",
]

_TEMPORARY_PREFIX = ".making-"
_WHOLE_FILE = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
"""A `struct flock` that asks for a write lock on a whole file (64-bit Linux)."""


def fsync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Write `data` to `path` so that a reader sees the old bytes or the new ones, never a part.

    Side effects: makes missing parent folders; fsyncs the file and its folder.

    Raises:
        OSError: the disk is full or the folder cannot be written; `path` is then as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=_TEMPORARY_PREFIX, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def make_private_folder(folder: Path) -> Path:
    """`folder`, made when missing, readable by its owner alone (0700).

    Raises:
        DeniedError: `denied`: it is a symbolic link, or another user's: what lies in it cannot be trusted.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if stat.S_ISLNK(found.st_mode) or found.st_uid != os.geteuid():
        raise DeniedError(
            f"{folder} is a symbolic link or belongs to another user",
            code="denied",
            hint="choose a folder of your own (WHEELKEEP_HOME)",
        )
    folder.chmod(0o700)
    return folder


def make_data_folder(folder: Path) -> Path:
    """The same for a data folder, with a `.gitignore` in it: what a workspace keeps must not be committed by mistake.

    Raises:
        DeniedError: `denied`, as for a private folder.
    """
    ignore = make_private_folder(folder) / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, b"*\n")
    return folder


def remove_tree(folder: Path) -> None:
    """Remove `folder` and all in it; nothing happens when it is not there."""
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def staged_folder(parent: Path) -> Iterator[Path]:
    """A new folder under `parent` with a temporary name, removed at the end unless `publish_folder` took it.

    What kill -9 leaves begins with `.making-` and is swept by the owner of `parent` at its next start.
    """
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=_TEMPORARY_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        remove_tree(folder)


def publish_folder(folder: Path, target: Path) -> bool:
    """Give the staged `folder` its real name `target`; whether this call was the one that did.

    When another process was first, the staged folder is left for its owner to remove: equal content, equal name.
    """
    try:
        folder.rename(target)
    except OSError:
        if target.is_dir():
            return False
        raise
    fsync_folder(target.parent)
    return True


class FolderLock:
    """An advisory lock that a process holds while it lives; the kernel frees it, even after kill -9."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    def release(self) -> None:
        """Let others take it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def try_lock(path: Path, *, wait: bool = False) -> FolderLock | None:
    """The lock at `path`, or None when another process holds it (with `wait`, waits for it).

    Side effects: makes the file when missing, 0600; it is never removed, because removing a lock file races.
    Source: fcntl(2), open file description locks: they belong to the descriptor, and can be asked for without taking.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, _WHOLE_FILE)
    except (BlockingIOError, PermissionError):
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return FolderLock(descriptor)


def is_locked(path: Path) -> bool:
    """Whether a process holds the lock at `path`; asking takes nothing, so it never gets in a taker's way."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _WHOLE_FILE)
    finally:
        os.close(descriptor)
    return bool(struct.unpack_from("h", answer)[0] != fcntl.F_UNLCK)
