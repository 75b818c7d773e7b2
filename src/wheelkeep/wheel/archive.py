"""A zip archive without its traps.

What is refused, and why:

- names that lead outside (`..`, absolute, drives, backslashes) and symbolic links: written into an environment, they
  overwrite whatever they like ("zip slip");
- bombs: too many members, too large in all, too good a ratio, members that overlap (one compressed block read a
  thousand times, D. Fifield 2019), a directory that alone fills the memory;
- archives that two readers read differently: bytes before, between or after the members (pip reads the directory at
  the end, streaming readers the headers on the way), two members of one name, names with a NUL.

Members are streamed. Source: PEP 427; the APPNOTE of PKWARE for the record layouts.
"""

import errno
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wheelkeep.errors import WheelError
from wheelkeep.wheel.directory import DirectoryTooLargeError, read_directory

__all__ = ["ArchiveLimits", "Member", "WheelArchive", "open_archive"]

_CHUNK_BYTES = 1 << 18
_LOCAL_HEADER = struct.Struct("<4s5H3L2H")
_HAS_DATA_DESCRIPTOR = 0x08
_ENCRYPTED = 0x01
_DESCRIPTOR_BYTES = frozenset({12, 16, 20, 24})
_UNIX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveLimits:
    """How large an archive may become when it is read."""

    members: int = 200_000
    expanded_bytes: int = 20 << 30
    ratio: int = 100
    """Expanded to compressed, judged only beyond `ratio_free_bytes`: small zeros compress a thousandfold."""
    ratio_free_bytes: int = 64 << 20
    directory_bytes: int = 24 << 20
    """The zip's own directory, which its reader holds in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file in the archive; `name` is safe to join to a folder."""

    name: str
    size: int
    executable: bool


class WheelArchive:
    """The checked members of an open archive; made by `open_archive`."""

    def __init__(self, archive: zipfile.ZipFile, members: tuple[Member, ...]) -> None:
        self._archive = archive
        self.members = members

    def stream(self, name: str) -> Iterator[bytes]:
        """The content of the member `name` in pieces.

        Raises:
            WheelError: `not_a_wheel`: the member is damaged.
        """
        with _translated(), self._archive.open(name) as source:
            while piece := source.read(_CHUNK_BYTES):
                yield piece

    def read(self, name: str, *, limit_bytes: int) -> bytes | None:
        """The whole member `name`, or None when there is none.

        Raises:
            WheelError: `not_a_wheel` when it is damaged, `wheel_bomb` when it is larger than `limit_bytes`.
        """
        member = next((one for one in self.members if one.name == name), None)
        if member is None:
            return None
        if member.size > limit_bytes:
            raise _bomb(f"{name!r} alone is larger than {limit_bytes >> 20} MiB")
        return b"".join(self.stream(name))


@contextmanager
def open_archive(path: Path, limits: ArchiveLimits) -> Iterator[WheelArchive]:
    """The archive at `path`, every member's name and claim checked, nothing read yet.

    Raises:
        WheelError: `not_a_wheel`, `wheel_member_escapes` or `wheel_bomb`.
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        with _translated():
            _check_directory(stream, limits)
            archive = zipfile.ZipFile(stream)
        with archive:
            with _translated():
                members = _check_members(archive, limits)
                _check_layout(archive, stream)
            yield WheelArchive(archive, members)


@contextmanager
def _translated() -> Iterator[None]:
    """Turn what `zipfile` raises on hostile bytes into a WheelError, and nothing else."""
    try:
        yield
    except WheelError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, struct.error, RuntimeError, ValueError, KeyError) as error:
        raise _unreadable(str(error).rstrip(".").lower() or "it is damaged") from None
    except OSError as error:
        if error.errno != errno.EINVAL:  # a seek to a place that cannot be: the archive's fault, not the disk's
            raise
        raise _unreadable("an offset in it leads nowhere") from None


def _unreadable(why: str) -> WheelError:
    return WheelError(
        f"the file is no readable wheel: {why[:200]}",
        code="not_a_wheel",
        hint="build it again with `uv build --wheel` and upload what stands in dist/",
    )


def _bomb(why: str) -> WheelError:
    return WheelError(
        f"the archive expands beyond the limits: {why}",
        code="wheel_bomb",
        hint="keep data sets and models out of the wheel; put them into storage",
    )


def _escapes(name: str, why: str) -> WheelError:
    return WheelError(
        f"the member {name[:120]!r} {why}",
        code="wheel_member_escapes",
        hint="build the wheel again from a clean folder; members are plain files with relative paths",
    )


def _check_directory(stream: IO[bytes], limits: ArchiveLimits) -> None:
    """Refuse a directory that would fill the memory before `zipfile` reads it whole."""
    try:
        directory = read_directory(stream, most_bytes=limits.directory_bytes, most_entries=limits.members)
    except DirectoryTooLargeError as error:
        raise _bomb(str(error)) from None
    if directory.end != stream.seek(0, 2):
        raise _unreadable("bytes follow the archive's end")
    stream.seek(0)


def _check_members(archive: zipfile.ZipFile, limits: ArchiveLimits) -> tuple[Member, ...]:
    entries = archive.infolist()
    expanded = sum(entry.file_size for entry in entries)
    compressed = sum(entry.compress_size for entry in entries)
    if expanded > limits.expanded_bytes:
        raise _bomb(f"its members have {expanded >> 20} MiB in all")
    if expanded > limits.ratio_free_bytes and expanded > limits.ratio * max(compressed, 1):
        raise _bomb(f"{compressed >> 10} KiB become {expanded >> 20} MiB")
    seen: set[str] = set()
    members = []
    for entry in entries:
        _check_entry(entry)
        if entry.filename in seen:
            raise _unreadable(f"it has two members named {entry.filename[:80]!r}")
        seen.add(entry.filename)
        if not entry.is_dir():
            executable = bool(_mode(entry) & 0o111)
            members.append(Member(name=entry.filename, size=entry.file_size, executable=executable))
    return tuple(members)


def _mode(entry: zipfile.ZipInfo) -> int:
    return entry.external_attr >> 16 if entry.create_system == _UNIX else 0


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename  # before zipfile cut it at a NUL
    segments = name.removesuffix("/").split("/")
    if name != entry.filename or not name.isprintable():
        raise _escapes(name, "has an unprintable name")
    if name.startswith("/") or "\\" in name or ":" in segments[0]:
        raise _escapes(name, "has an absolute or foreign path")
    if any(segment in {"", ".", ".."} for segment in segments):
        raise _escapes(name, "leads outside the archive")
    kind = stat.S_IFMT(_mode(entry))
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
        raise _escapes(name, "is a link or a device" if kind != stat.S_IFLNK else "is a symbolic link")
    if entry.flag_bits & _ENCRYPTED:
        raise _unreadable(f"the member {name[:80]!r} is encrypted")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise _unreadable(f"the member {name[:80]!r} uses a compression that installers do not read")


def _check_layout(archive: zipfile.ZipFile, stream: IO[bytes]) -> None:
    """Members follow one another from the first byte to the directory: no overlap, no hidden bytes."""
    expected = 0
    entries = sorted(archive.infolist(), key=lambda entry: entry.header_offset)
    for position, entry in enumerate(entries):
        gap = entry.header_offset - expected
        allowed = gap == 0 or (
            position > 0 and bool(entries[position - 1].flag_bits & _HAS_DATA_DESCRIPTOR) and gap in _DESCRIPTOR_BYTES
        )
        if not allowed:
            raise _overlap_or_gap(gap)
        stream.seek(entry.header_offset)
        header = _LOCAL_HEADER.unpack(stream.read(_LOCAL_HEADER.size))
        expected = entry.header_offset + _LOCAL_HEADER.size + header[9] + header[10] + entry.compress_size
    gap = archive.start_dir - expected
    last = bool(entries) and bool(entries[-1].flag_bits & _HAS_DATA_DESCRIPTOR)
    if gap != 0 and not (last and gap in _DESCRIPTOR_BYTES):
        raise _overlap_or_gap(gap)


def _overlap_or_gap(gap_bytes: int) -> WheelError:
    return _bomb("members overlap") if gap_bytes < 0 else _unreadable("it hides bytes between its members")
