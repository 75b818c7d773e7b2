"""Unpacking a snapshot without trust."""

import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import RequestError
from wheelkeep.node.snapshot import unpack_snapshot


def archive(folder: Path, *members: tuple[str, str, int], method: int = zipfile.ZIP_STORED) -> Path:
    path = folder / "snapshot.zip"
    with zipfile.ZipFile(path, "w") as opened:
        for name, text, mode in members:
            information = zipfile.ZipInfo(name)
            information.external_attr = mode << 16
            opened.writestr(information, text, compress_type=method)
    return path


def test_files_folders_and_executable_bits_come_out(tmp_path: Path) -> None:
    made = archive(
        tmp_path, ("a/", "", stat.S_IFDIR | 0o755), ("a/run.sh", "x", stat.S_IFREG | 0o755), ("train.py", "pass", 0)
    )
    assert unpack_snapshot(made, tmp_path / "out") == 2
    assert (tmp_path / "out" / "train.py").read_text() == "pass"
    assert (tmp_path / "out" / "a" / "run.sh").stat().st_mode & stat.S_IXUSR


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a\\..\\x", "", "a/.."])
def test_a_member_outside_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    made = archive(tmp_path, (name, "x", stat.S_IFREG | 0o644))
    with pytest.raises(RequestError) as caught:
        unpack_snapshot(made, tmp_path / "out")
    assert caught.value.code == "invalid_snapshot"
    assert not (tmp_path / "x").exists()


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    made = archive(tmp_path, ("link", "/etc/passwd", stat.S_IFLNK | 0o777))
    with pytest.raises(RequestError, match="no plain file"):
        unpack_snapshot(made, tmp_path / "out")


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        made = archive(tmp_path, ("a", "1", 0), ("a", "2", 0))
    with pytest.raises(RequestError, match="two members"):
        unpack_snapshot(made, tmp_path / "out")


def test_more_bytes_than_allowed_are_refused_while_unpacking(tmp_path: Path) -> None:
    made = archive(tmp_path, ("zeros", "0" * 5000, 0), ("more", "0" * 5000, 0))
    with pytest.raises(RequestError) as caught:
        unpack_snapshot(made, tmp_path / "out", most_total_bytes=9000)
    assert caught.value.code == "snapshot_too_large"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_cannot_be_stopped_half_way_is_refused(tmp_path: Path, method: int) -> None:
    made = archive(tmp_path, ("zeros", "0" * 5000, 0), method=method)
    with pytest.raises(RequestError, match="other than deflate"):
        unpack_snapshot(made, tmp_path / "out")


def test_more_members_than_allowed_are_refused_before_they_are_read(tmp_path: Path) -> None:
    made = archive(tmp_path, ("a", "1", 0), ("b", "2", 0), ("c", "3", 0))
    with pytest.raises(RequestError) as caught:
        unpack_snapshot(made, tmp_path / "out", most_files=2)
    assert caught.value.code == "snapshot_too_large"


@given(
    cut=st.integers(0, 400),
    flip=st.integers(0, 400),
    value=st.integers(0, 255),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_a_damaged_archive_is_refused_or_unpacked_inside(
    tmp_path_factory: pytest.TempPathFactory, cut: int, flip: int, value: int, method: int
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    made = archive(folder, ("a/train.py", "print(1)\n" * 9, 0o644 << 0), ("b", "text", 0), method=method)
    data = bytearray(made.read_bytes())
    data[flip % len(data)] = value
    made.write_bytes(bytes(data[: len(data) - cut % 50]))
    try:
        unpack_snapshot(made, folder / "out")
    except RequestError as error:
        assert error.code in ("invalid_snapshot", "snapshot_too_large")  # noqa: PT017 - some damage is harmless
    assert {path.name for path in folder.iterdir()} <= {"snapshot.zip", "out"}
