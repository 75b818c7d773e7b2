"""Held files by digest: resumed, verified, whole or not there."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, NotFoundError, ResourceError, WheelkeepError
from wheelkeep.node.folder import NodeFolder, full_disk_told
from wheelkeep.node.store import FileStore, WantedFile
from wheelkeep.node.watch import Quiet
from wheelkeep.testing.file_source import MemoryFiles


class Patient(Quiet):
    """A watch that goes on at once when the server is away, and counts."""

    def __init__(self) -> None:
        self.waits = 0
        self.progress: list[tuple[int, int]] = []

    def wait_for_server(self, error: WheelkeepError, attempt: int) -> None:  # noqa: ARG002 - the protocol's arguments
        self.waits += 1
        assert self.waits < 10

    def report(self, done: int, total: int) -> None:
        self.progress.append((done, total))


def wanted(folder: Path, source: MemoryFiles, name: str = "a-1.0-py3-none-any.whl", size: int = 1000) -> WantedFile:
    path = folder / name
    path.write_bytes(bytes(range(256)) * (size // 256 + 1))
    sha256 = source.add(path)
    return WantedFile(name, Digest(sha256), path.stat().st_size)


def test_a_file_is_fetched_once_and_lies_under_its_digest(
    folder: NodeFolder, source: MemoryFiles, tmp_path: Path
) -> None:
    file, store, watch = wanted(tmp_path, source), FileStore(folder), Patient()
    store.make_present([file], source, workspace="default", watch=watch)
    store.make_present([file], source, workspace="default", watch=watch)
    assert store.path(file).read_bytes() == (tmp_path / file.filename).read_bytes()
    assert source.starts == [0]
    assert watch.progress[-1] == (file.size_bytes, file.size_bytes)


def test_a_broken_connection_is_resumed_where_it_broke(folder: NodeFolder, source: MemoryFiles, tmp_path: Path) -> None:
    file, store, watch = wanted(tmp_path, source), FileStore(folder), Patient()
    source.break_after = 3
    store.make_present([file], source, workspace="default", watch=watch)
    assert store.has(file)
    assert watch.waits == 1
    assert source.starts == [0, 300]


def test_wrong_bytes_are_asked_for_again_and_never_get_the_name(
    folder: NodeFolder, source: MemoryFiles, tmp_path: Path
) -> None:
    file, store = wanted(tmp_path, source), FileStore(folder)
    source.lie_once = True
    store.make_present([file], source, workspace="default", watch=Quiet())
    assert source.starts == [0, 0]
    other = wanted(tmp_path, source, "b-1.0-py3-none-any.whl", 2000)
    source.lie_always = True
    with pytest.raises(IntegrityError) as caught:
        store.make_present([other], source, workspace="default", watch=Quiet())
    assert caught.value.code == "hash_mismatch"
    assert not store.path(other).exists()


def test_a_file_that_is_not_held_is_told(folder: NodeFolder, source: MemoryFiles) -> None:
    with pytest.raises(NotFoundError):
        FileStore(folder).make_present(
            [WantedFile("x-1.0-py3-none-any.whl", Digest("0" * 64), 5)], source, workspace="default", watch=Quiet()
        )


def test_a_damaged_file_is_found_and_removed(folder: NodeFolder, source: MemoryFiles, tmp_path: Path) -> None:
    file, store = wanted(tmp_path, source), FileStore(folder)
    store.make_present([file], source, workspace="default", watch=Quiet())
    assert store.drop_damaged([file]) == 0
    store.path(file).write_bytes(bytes(file.size_bytes))
    assert store.drop_damaged([file]) == 1
    assert not store.has(file)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("needs the right to mount a small tmpfs")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_told_and_leaves_no_file(small_disk: Path, source: MemoryFiles, tmp_path: Path) -> None:
    file, store = wanted(tmp_path, source, size=1 << 20), FileStore(NodeFolder(small_disk))
    with pytest.raises(ResourceError) as caught:
        store.make_present([file], source, workspace="default", watch=Quiet())
    assert caught.value.code == "disk_full"
    assert "WHEELKEEP_NODE" in caught.value.hint
    assert not store.has(file)


def test_only_a_full_disk_is_told_as_one() -> None:
    with pytest.raises(ResourceError), full_disk_told("x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(PermissionError), full_disk_told("x"):
        raise PermissionError(errno.EACCES, "no")
