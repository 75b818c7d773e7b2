"""A snapshot's zip, unpacked without trust: nothing outside the folder, no links, within limits.

The server checked the archive when it came; the node believes nothing either, because a node runs what it unpacks. The
directory is weighed before it is read, and members are plain or deflated: `zipfile` expands bzip2 and lzma whole,
before anybody could count what comes out.
"""

import stat
import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from wheelkeep.errors import RequestError
from wheelkeep.wheel.directory import DirectoryTooLargeError, read_directory

__all__ = ["MOST_FILES", "MOST_TOTAL_BYTES", "unpack_snapshot"]

MOST_FILES = 100_000
"""Members that one snapshot may have."""

MOST_TOTAL_BYTES = 4 << 30
"""Bytes that one snapshot may hold when unpacked."""

_CHUNK_BYTES = 1 << 20
_MOST_DIRECTORY_BYTES = 24 << 20
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_UNREADABLE = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What `zipfile` raises on damaged or hostile bytes."""


def unpack_snapshot(
    archive: Path, folder: Path, *, most_total_bytes: int = MOST_TOTAL_BYTES, most_files: int = MOST_FILES
) -> int:
    """Unpack `archive` into the new `folder`; how many files it had.

    Raises:
        RequestError: `invalid_snapshot`, it is no zip, or a member is not a plain file or folder inside;
            `snapshot_too_large`.
        OSError: the disk is full.
    """
    folder.mkdir(parents=True)
    try:
        with archive.open("rb") as stream:
            read_directory(stream, most_bytes=_MOST_DIRECTORY_BYTES, most_entries=most_files)
            with zipfile.ZipFile(stream) as opened:
                members = opened.infolist()
                left = most_total_bytes
                for member in members:
                    left -= _unpack_member(opened, member, folder, left)
                return sum(not member.is_dir() for member in members)
    except DirectoryTooLargeError as error:
        raise _too_large(str(error)) from None
    except _UNREADABLE as error:
        raise _invalid(f"the archive cannot be read: {error}") from None


def _unpack_member(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path, left: int) -> int:
    target = folder / _check_member(member)
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return 0
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    try:
        with opened.open(member) as source, target.open("xb") as stream:
            while chunk := source.read(_CHUNK_BYTES):
                written += len(chunk)
                if written > left:
                    raise _too_large("unpacked, it exceeds the limit")
                stream.write(chunk)
    except (FileExistsError, IsADirectoryError, NotADirectoryError):
        raise _invalid(f"two members are called {member.filename[:80]!r}") from None
    if (member.external_attr >> 16) & stat.S_IXUSR:
        target.chmod(0o755)
    return written


def _check_member(member: zipfile.ZipInfo) -> PurePosixPath:
    name = member.filename
    path = PurePosixPath(name)
    kind = stat.S_IFMT(member.external_attr >> 16)
    outside = path.is_absolute() or ".." in path.parts or not path.parts
    if outside or "\\" in name or "\0" in name or kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _invalid(f"the member {name[:80]!r} is no plain file inside the folder")
    if member.compress_type not in _METHODS:
        raise _invalid(f"the member {name[:80]!r} is packed by something other than deflate")
    return path


def _invalid(why: str) -> RequestError:
    return RequestError(f"the run's snapshot is malformed: {why}", code="invalid_snapshot", hint="submit the run again")


def _too_large(why: str) -> RequestError:
    return RequestError(
        f"the run's snapshot is too large: {why}",
        code="snapshot_too_large",
        hint="leave data out of the source folder with a .amlignore file",
    )
