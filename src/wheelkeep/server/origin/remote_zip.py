"""One member of a zip archive that is far away, from as few of its bytes as possible.

The standard library's `zipfile` reads from a file of which only some pieces are known; where it wants more, the missing
range is told, and the reading goes on when it is there. For a wheel the last 64 KiB nearly always hold the directory
and METADATA, which writers put last (PEP 427 recommends it). Pure: the caller fetches, and calls this in a thread.

Everything that the archive says of itself is an attacker's word: its directory is weighed before it is read, METADATA
is expanded no further than it may be long, and only by deflate, which can be stopped half-way (`zipfile` expands bzip2
and lzma whole, 480 bytes to 800 MiB).
"""

import io
import re
import zipfile
import zlib
from typing import IO

from wheelkeep.wheel.directory import read_directory

__all__ = ["MOST_DIRECTORY_BYTES", "MissingRange", "SparseFile", "WheelMetadata", "read_wheel_metadata"]

MOST_DIRECTORY_BYTES = 24 << 20
"""The largest zip directory that is read: some 200,000 members, ten times what the largest wheels have."""

_METADATA = re.compile(r"[^/\\]+\.dist-info/METADATA")
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_MOST_ENTRIES = 100_000
_SLACK_BYTES = 4096
"""Read around a missing piece: a member's local header has a name and an extra field before its data."""


class MissingRange(Exception):  # noqa: N818 - a signal that more is needed, not an error
    """Bytes from `start` up to and without `end` are needed."""

    def __init__(self, start: int, end: int) -> None:
        super().__init__(start, end)
        self.start = start
        self.end = end


class SparseFile(io.RawIOBase):
    """A file of known size of which some pieces are known.

    Args:
        size: bytes of the whole.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self._pieces: list[tuple[int, bytes]] = []
        self._at = 0

    def add(self, start: int, data: bytes) -> None:
        """Learn the piece that begins at `start`."""
        self._pieces.append((start, data))

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """Where the next read begins."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to `offset`, counted from the start, from here, or from the end."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise OSError("a negative position")
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """The next bytes, at most `size`.

        Raises:
            MissingRange: they are not known yet.
        """
        end = self.size if size < 0 else min(self.size, self._at + size)
        if end <= self._at:
            return b""
        for start, data in self._pieces:
            if start <= self._at and end <= start + len(data):
                found = data[self._at - start : end - start]
                self._at = end
                return found
        raise MissingRange(self._at, end)


class WheelMetadata:
    """The METADATA of the wheel in one file.

    The directory is read once, however often a range is missing afterwards: that of a large wheel has thousands of
    entries.

    Args:
        file: seekable; a `SparseFile`, or a real one.
        most_bytes: the largest METADATA that is read.
    """

    def __init__(self, file: IO[bytes] | SparseFile, *, most_bytes: int) -> None:
        self._file = file
        self._most_bytes = most_bytes
        self._archive: zipfile.ZipFile | None = None

    def read(self) -> bytes:
        """The METADATA.

        Raises:
            MissingRange: more of the file is needed; add it and ask again.
            ValueError: it is no zip, has no METADATA, or one that is too large or packed by something but deflate.
        """
        try:
            if self._archive is None:
                read_directory(self._file, most_bytes=MOST_DIRECTORY_BYTES, most_entries=_MOST_ENTRIES)
                self._archive = zipfile.ZipFile(self._file)
            members = [name for name in self._archive.namelist() if _METADATA.fullmatch(name)]
            if len(members) != 1:
                raise ValueError("it has no METADATA, or several")
            return self._read_member(self._archive, self._archive.getinfo(members[0]))
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError):
            raise ValueError("it is no readable zip archive") from None

    def _read_member(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
        if member.file_size > self._most_bytes or member.compress_size > self._most_bytes:
            raise ValueError("its METADATA is too large")
        if member.compress_type not in _METHODS:
            raise ValueError("its METADATA uses a compression that installers do not read")
        size = self._file.seek(0, io.SEEK_END)
        end = min(size, member.header_offset + member.compress_size + _SLACK_BYTES)
        self._file.seek(member.header_offset)
        self._file.read(end - member.header_offset)  # asks for the member in one piece, not header, name and data apart
        with archive.open(member) as source:
            data = source.read(self._most_bytes + 1)
        if len(data) > self._most_bytes:
            raise ValueError("its METADATA is too large")
        return data


def read_wheel_metadata(file: IO[bytes] | SparseFile, *, most_bytes: int) -> bytes:
    """The METADATA of the wheel in `file`, all of which is there.

    Raises:
        ValueError: as `WheelMetadata.read`.
    """
    return WheelMetadata(file, most_bytes=most_bytes).read()
