"""One member of a zip archive that is far away, from as few of its bytes as possible.

The standard library's `zipfile` reads from a file of which only some pieces are known; where it wants more, the missing
range is told, and the reading goes on when it is there. For a wheel the last 64 KiB nearly always hold the directory
and METADATA, which writers put last (PEP 427 recommends it). Pure: the caller fetches.
"""

import io
import re
import zipfile
import zlib
from typing import IO

__all__ = ["MissingRange", "SparseFile", "WheelMetadata", "read_wheel_metadata"]

_METADATA = re.compile(r"[^/\\]+\.dist-info/METADATA")
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
            ValueError: it is no zip, has no METADATA, or one that is too large.
        """
        try:
            if self._archive is None:
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
        size = self._file.seek(0, io.SEEK_END)
        end = min(size, member.header_offset + member.compress_size + _SLACK_BYTES)
        self._file.seek(member.header_offset)
        self._file.read(end - member.header_offset)  # asks for the member in one piece, not header, name and data apart
        return archive.read(member)


def read_wheel_metadata(file: IO[bytes] | SparseFile, *, most_bytes: int) -> bytes:
    """The METADATA of the wheel in `file`, all of which is there.

    Raises:
        ValueError: it is no zip, has no METADATA, or one larger than `most_bytes`.
    """
    return WheelMetadata(file, most_bytes=most_bytes).read()
