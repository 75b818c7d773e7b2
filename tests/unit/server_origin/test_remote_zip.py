"""METADATA from as few bytes of a wheel as possible."""

import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.server.origin.remote_zip import MissingRange, SparseFile, WheelMetadata
from wheelkeep.testing.wheels import build_wheel

MOST = 1 << 20


def read_by_ranges(data: bytes, *, tail: int) -> tuple[bytes, int]:
    """The METADATA of the wheel `data`, and how many ranges it took."""
    sparse = SparseFile(len(data))
    start = max(0, len(data) - tail)
    sparse.add(start, data[start:])
    metadata = WheelMetadata(sparse, most_bytes=MOST)
    ranges = 1
    while True:
        try:
            return metadata.read(), ranges
        except MissingRange as missing:
            piece = data[missing.start : missing.end]
            sparse.add(missing.start, piece)
            ranges += 1
        assert piece
        assert ranges < 12


def test_a_small_wheel_needs_one_range(tmp_path: Path) -> None:
    data = build_wheel(tmp_path, "acme", "1.0").read_bytes()
    metadata, ranges = read_by_ranges(data, tail=1 << 16)
    assert b"Name: acme" in metadata
    assert ranges == 1


@pytest.mark.parametrize("tail", [22, 100, 300, 1000, 5000])
def test_any_tail_gives_the_same_metadata(tmp_path: Path, tail: int) -> None:
    files = {f"acme/{n}.py": f"x = {n}\n" * 50 for n in range(200)}
    path = build_wheel(tmp_path, "acme", "1.0", files=files)
    with zipfile.ZipFile(path) as archive:
        expected = archive.read("acme-1.0.dist-info/METADATA")
    metadata, ranges = read_by_ranges(path.read_bytes(), tail=tail)
    assert metadata == expected
    assert ranges <= 8


@pytest.mark.parametrize("omit", ["METADATA"])
def test_a_wheel_without_metadata_is_a_value_error(tmp_path: Path, omit: str) -> None:
    data = build_wheel(tmp_path, "acme", "1.0", omit=[omit]).read_bytes()
    with pytest.raises(ValueError, match="no METADATA"):
        read_by_ranges(data, tail=1 << 16)


def test_metadata_that_is_too_large_is_a_value_error(tmp_path: Path) -> None:
    data = build_wheel(tmp_path, "acme", "1.0", metadata=b"Name: acme\n" + b"x" * (MOST + 1)).read_bytes()
    with pytest.raises(ValueError, match="too large"):
        read_by_ranges(data, tail=1 << 16)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_metadata_is_expanded_by_nothing_that_cannot_be_stopped_half_way(tmp_path: Path, method: int) -> None:
    data = build_wheel(tmp_path, "acme", "1.0", compression=method).read_bytes()
    with pytest.raises(ValueError, match="compression"):
        read_by_ranges(data, tail=1 << 16)


def test_a_directory_as_large_as_its_archive_claims_is_never_asked_for() -> None:
    """A file of 10 GiB whose directory has 600 MiB: it is refused by its end, before another range is wanted."""
    size, directory = 10 << 30, 600 << 20
    place = size - 98
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, directory, place - directory)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, place, 1)
    end += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    tail = bytes(1 << 17) + end
    sparse = SparseFile(size)
    sparse.add(size - len(tail), tail)
    with pytest.raises(ValueError, match="directory"):
        WheelMetadata(sparse, most_bytes=MOST).read()


@given(st.binary(max_size=500), st.integers(22, 200))
def test_any_bytes_are_metadata_or_a_value_error(data: bytes, tail: int) -> None:
    with pytest.raises(ValueError, match="it "):
        read_by_ranges(data, tail=tail)


@given(st.data())
def test_a_damaged_wheel_never_gives_another_exception(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    wheel = bytearray(build_wheel(tmp_path_factory.mktemp("w"), "acme", "1.0").read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        wheel[data.draw(st.integers(0, len(wheel) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_by_ranges(bytes(wheel), tail=1 << 16)
    except ValueError:
        return
