"""A zip's directory is weighed before it is read, and weighed as `zipfile` reads it."""

import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import WheelError
from wheelkeep.wheel.archive import ArchiveLimits, open_archive
from wheelkeep.wheel.directory import DirectoryTooLargeError, ZipDirectory, read_directory

ENTRY = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
SENTINEL = 0xFFFFFFFF


def end_of(size: int, offset: int, *, count: int = 1) -> bytes:
    return struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, 0)


def record64(size: int, offset: int, *, count: int = 1) -> bytes:
    return struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, offset)


def locator(place: int, *, disks: int = 1) -> bytes:
    return struct.pack("<4sLQL", b"PK\6\7", 0, place, disks)


def small_zip() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a.py", "x = 1\n")
        archive.writestr("b.py", "y = 2\n")
    return stream.getvalue()


def as_zip64(data: bytes, *, size32: int = SENTINEL) -> bytes:
    """`data` with a zip64 record and locator; its old end record then says `size32`."""
    end = data.rfind(b"PK\5\6")
    _, _, _, count, _, size, offset, _ = struct.unpack("<4s4H2LH", data[end:])
    return data[:end] + record64(size, offset, count=count) + locator(end) + end_of(size32, SENTINEL, count=count)


def read(data: bytes, *, most_bytes: int = 1 << 20, most_entries: int = 1000) -> ZipDirectory:
    return read_directory(io.BytesIO(data), most_bytes=most_bytes, most_entries=most_entries)


@pytest.mark.parametrize("make", [small_zip, lambda: as_zip64(small_zip())], ids=["plain", "zip64"])
def test_the_directory_is_where_zipfile_finds_it(make: object) -> None:
    assert callable(make)
    data = make()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert (read(data).start, len(archive.namelist())) == (archive.start_dir, 2)
    assert read(data).end == len(data)


def test_a_zip64_record_that_no_locator_points_at_hides_no_large_directory(tmp_path: Path) -> None:
    directory = ENTRY * 1000
    bait = record64(10, 0) + bytes(20)
    data = directory + bait + end_of(len(directory) + len(bait), 0, count=1000)
    with pytest.raises(DirectoryTooLargeError, match="KiB"):
        read(data, most_bytes=2000)
    path = tmp_path / "bait.whl"
    path.write_bytes(data)
    with pytest.raises(WheelError) as caught, open_archive(path, ArchiveLimits(directory_bytes=2000)):
        pass
    assert caught.value.code == "wheel_bomb"


def test_entries_are_counted_and_not_believed() -> None:
    directory = ENTRY * 50
    with pytest.raises(DirectoryTooLargeError, match="more than 20 members"):
        read(directory + end_of(len(directory), 0, count=1), most_entries=20)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (as_zip64(small_zip(), size32=10), "disagree"),
        (small_zip()[:-22] + locator(0) + small_zip()[-22:], "not where its locator says"),
        (small_zip()[:-22] + record64(1, 0) + locator(7) + end_of(1, 0), "not where its locator says"),
        (end_of(500, 0), "leads nowhere"),
        (end_of(0, 0)[:-2] + b"\7\0", "comment is cut off"),
        (b"PK\5\6", "no zip"),
        (b"", "no zip"),
    ],
)
def test_an_end_that_can_be_read_in_two_ways_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(data)


def test_a_size_that_only_zip64_could_hold_is_too_large_without_it() -> None:
    with pytest.raises(DirectoryTooLargeError):
        read(end_of(SENTINEL, SENTINEL))


@given(st.sampled_from([small_zip(), as_zip64(small_zip())]), st.data())
def test_what_passes_is_read_by_zipfile_from_the_same_place(good: bytes, data: st.DataObject) -> None:
    content = bytearray(good)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(content))
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            assert archive.start_dir == found.start
    except (ValueError, zipfile.BadZipFile, NotImplementedError) as refused:
        assert str(refused)  # noqa: PT017 - both outcomes are right for some bytes
