"""A zip archive's own directory, weighed before anybody reads it.

`zipfile` reads the whole directory and makes an object of every entry before it says anything, so a file of some MiB
can fill the memory. Here the records at the end are read first, as `zipfile` reads them: the zip64 record counts where
a locator points at it, and only there (a record without one is bait: it made a check see ten bytes where `zipfile`
read gigabytes). What two readers could read differently is refused.
Source: the APPNOTE of PKWARE, §4.3.12 to §4.3.16; CVE-2025-8291 for the locator.
"""

import struct
from dataclasses import dataclass
from typing import Protocol

__all__ = ["DirectoryTooLargeError", "ZipDirectory", "read_directory"]

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_ENTRY = struct.Struct("<4s24x3H12x")
_MOST_COMMENT_BYTES = 1 << 16
_IN_ZIP64 = 0xFFFFFFFF


class DirectoryTooLargeError(ValueError):
    """The directory, or the number of its entries, is beyond the limits."""


class _Readable(Protocol):
    """What is asked of a file: a real one, or one of which only some pieces are known."""

    def seek(self, offset: int, whence: int = 0, /) -> int: ...
    def read(self, size: int = -1, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class ZipDirectory:
    """Where the directory is, in bytes from the file's start; `end` is where the archive itself ends."""

    start: int
    size: int
    end: int


def read_directory(stream: _Readable, *, most_bytes: int, most_entries: int) -> ZipDirectory:
    """The place of the archive's directory, which is within the limits: `zipfile` may read it now.

    Reads the archive's end, and then the directory, if its size is allowed, to count its entries.

    Args:
        stream: the archive, seekable; where it stands afterwards is undefined.
        most_bytes: the largest directory.
        most_entries: the most entries.

    Raises:
        DirectoryTooLargeError: it is larger, or has more.
        ValueError: it is no zip archive, or one that two readers read differently.
    """
    found = _find(stream)
    if found.size > most_bytes:
        raise DirectoryTooLargeError(f"its directory has more than {most_bytes >> 10} KiB")
    if found.start < 0:
        raise ValueError("its directory leads nowhere")
    stream.seek(found.start)
    if _count_entries(stream.read(found.size), most_entries) > most_entries:
        raise DirectoryTooLargeError(f"it has more than {most_entries} members")
    return found


def _find(stream: _Readable) -> ZipDirectory:
    end = stream.seek(0, 2)
    start = max(0, end - _MOST_COMMENT_BYTES - _END.size - _LOCATOR.size - _END64.size)
    stream.seek(start)
    tail = stream.read(end - start)
    place = tail.rfind(b"PK\x05\x06")
    if place < 0 or place + _END.size > len(tail):
        raise ValueError("it is no zip archive")
    record = _END.unpack_from(tail, place)
    size, archive_end = record[5], start + place + _END.size + record[7]
    if archive_end > end:
        raise ValueError("its comment is cut off")
    locator = place - _LOCATOR.size
    if locator < 0 or tail[locator : locator + 4] != b"PK\x06\x07":
        return ZipDirectory(start + place - size, size, archive_end)
    size64, place64 = _find64(tail, locator, start)
    if size not in {_IN_ZIP64, size64}:
        raise ValueError("its two end records disagree")
    return ZipDirectory(place64 - size64, size64, archive_end)


def _find64(tail: bytes, locator: int, start: int) -> tuple[int, int]:
    """The directory's size as the zip64 record says, and where that record begins: right before its locator."""
    place = locator - _END64.size
    _, disk, offset, disks = _LOCATOR.unpack_from(tail, locator)
    if disk or disks > 1 or place < 0 or offset != start + place or tail[place : place + 4] != b"PK\x06\x06":
        raise ValueError("its zip64 record is not where its locator says")
    return _END64.unpack_from(tail, place)[8], start + place


def _count_entries(directory: bytes, most: int) -> int:
    """How many entries there are; counted no further than one beyond `most`, nor beyond what is no entry."""
    count = place = 0
    while count <= most and place + _ENTRY.size <= len(directory):
        signature, name, extra, comment = _ENTRY.unpack_from(directory, place)
        if signature != b"PK\x01\x02":
            break  # `zipfile` says so
        place += _ENTRY.size + name + extra + comment
        count += 1
    return count
