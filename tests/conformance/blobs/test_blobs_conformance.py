"""What every `Blobs` promises, over every implementer, the fake included; then the faults of the durable one."""

import asyncio
import errno
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from obstore.store import LocalStore, MemoryStore

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, NotFoundError, RequestError, ResourceError
from wheelkeep.server.blobs.folder import FolderBlobs
from wheelkeep.server.blobs.object_store import ObjectStoreBlobs
from wheelkeep.server.blobs.opening import open_blobs
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.testing.blobs import MemoryBlobs

MAKERS: dict[str, Callable[[Path], Blobs]] = {
    "folder": lambda at: FolderBlobs(at / "objects", at / "staging"),
    "obstore-local": lambda at: ObjectStoreBlobs(LocalStore(at / "objects", mkdir=True), at / "staging"),
    "obstore-memory": lambda at: ObjectStoreBlobs(MemoryStore(), at / "staging"),
    "fake": lambda at: MemoryBlobs(at / "staging"),
}
BIG = random.Random(7).randbytes((2 << 20) + 12345)  # noqa: S311 - filler


@pytest.fixture(params=list(MAKERS))
def blobs(request: pytest.FixtureRequest, tmp_path: Path) -> Blobs:
    return MAKERS[request.param](tmp_path)


async def read_stream(blobs: Blobs, digest: Digest, *, offset: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in blobs.stream(digest, offset=offset, length=length)])


def staged(blobs: Blobs, data: bytes, name: str = "incoming") -> tuple[Path, Digest]:
    path = blobs.staging / name
    path.write_bytes(data)
    return path, Digest.of(data)


async def test_what_was_put_as_bytes_comes_back(blobs: Blobs) -> None:
    digest = await blobs.put_bytes(b"some bytes")
    assert digest == Digest.of(b"some bytes")
    assert await blobs.size(digest) == 10
    assert await blobs.read(digest) == b"some bytes"


async def test_what_was_put_as_a_file_comes_back_in_pieces(blobs: Blobs) -> None:
    path, digest = staged(blobs, BIG)
    await blobs.put_file(path, digest)
    path.unlink(missing_ok=True)
    assert await blobs.size(digest) == len(BIG)
    assert await read_stream(blobs, digest) == BIG


@pytest.mark.parametrize(
    ("offset", "length"), [(0, 1), (5, None), (1 << 20, 7), ((1 << 20) - 3, 10), (len(BIG) - 1, None), (len(BIG), None)]
)
async def test_a_part_can_be_read(blobs: Blobs, offset: int, length: int | None) -> None:
    path, digest = staged(blobs, BIG)
    await blobs.put_file(path, digest)
    end = len(BIG) if length is None else offset + length
    assert await read_stream(blobs, digest, offset=offset, length=length) == BIG[offset:end]


async def test_an_empty_object_is_an_object(blobs: Blobs) -> None:
    digest = await blobs.put_bytes(b"")
    assert await blobs.size(digest) == 0
    assert await read_stream(blobs, digest) == b""


async def test_putting_twice_changes_nothing(blobs: Blobs) -> None:
    digest = await blobs.put_bytes(b"twice")
    path, _ = staged(blobs, b"twice")
    await blobs.put_file(path, digest)
    assert await blobs.put_bytes(b"twice") == digest
    assert await blobs.read(digest) == b"twice"


async def test_many_puts_of_one_object_at_once_keep_it_once(blobs: Blobs) -> None:
    paths = [staged(blobs, BIG, f"incoming-{n}") for n in range(8)]
    await asyncio.gather(*(blobs.put_file(path, digest) for path, digest in paths))
    assert await blobs.read(paths[0][1]) == BIG


async def test_what_was_never_put_is_not_there(blobs: Blobs) -> None:
    digest = Digest.of(b"never")
    assert await blobs.size(digest) is None
    with pytest.raises(NotFoundError) as caught:
        await blobs.read(digest)
    assert caught.value.code == "unknown_file"
    with pytest.raises(NotFoundError):
        await read_stream(blobs, digest)


async def test_what_was_deleted_is_gone_and_may_come_back(blobs: Blobs) -> None:
    digest = await blobs.put_bytes(b"short life")
    await blobs.delete(digest)
    await blobs.delete(digest)
    assert await blobs.size(digest) is None
    await blobs.put_bytes(b"short life")
    assert await blobs.size(digest) == 10


async def test_a_reader_that_stops_early_harms_nobody(blobs: Blobs) -> None:
    path, digest = staged(blobs, BIG)
    await blobs.put_file(path, digest)
    async for piece in blobs.stream(digest):
        assert BIG.startswith(piece)
        break
    assert await read_stream(blobs, digest) == BIG


async def test_a_cancelled_put_can_be_repeated(blobs: Blobs) -> None:
    path, digest = staged(blobs, BIG)
    task = asyncio.ensure_future(blobs.put_file(path, digest))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    again, _ = staged(blobs, BIG, "again")
    await blobs.put_file(again, digest)
    assert await read_stream(blobs, digest) == BIG


def failing_fsync(number: int) -> Callable[[int], None]:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    return fsync


async def test_a_full_disk_is_said_so_and_leaves_nothing_visible(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "objects", tmp_path / "staging", fsync=failing_fsync(errno.ENOSPC))
    path, digest = staged(blobs, b"wheel")
    with pytest.raises(ResourceError) as caught:
        await blobs.put_file(path, digest)
    assert caught.value.code == "disk_full"
    assert await blobs.size(digest) is None


async def test_another_fault_of_the_disk_is_not_called_a_full_disk(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "objects", tmp_path / "staging", fsync=failing_fsync(errno.EIO))
    path, digest = staged(blobs, b"wheel")
    with pytest.raises(OSError, match="Input/output"):
        await blobs.put_file(path, digest)
    assert await blobs.size(digest) is None


async def test_the_fake_fails_when_it_is_told_to(tmp_path: Path) -> None:
    blobs = MemoryBlobs(tmp_path, failure=ResourceError("full", code="disk_full"))
    with pytest.raises(ResourceError):
        await blobs.put_bytes(b"x")


async def test_a_file_that_ends_early_is_damage_not_a_short_answer(tmp_path: Path) -> None:
    blobs = FolderBlobs(tmp_path / "objects", tmp_path / "staging")
    digest = await blobs.put_bytes(b"0123456789")
    with pytest.raises(IntegrityError):
        await read_stream(blobs, digest, length=20)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    at = tmp_path / "disk"
    at.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", at], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount one")
    yield at
    subprocess.run(["umount", at], check=True)


async def test_a_disk_that_is_really_full_refuses_files_and_bytes(small_disk: Path, tmp_path: Path) -> None:
    blobs = FolderBlobs(small_disk / "objects", tmp_path / "staging")
    path, digest = staged(blobs, BIG)
    with pytest.raises(ResourceError):
        await blobs.put_file(path, digest)
    with pytest.raises(ResourceError):
        await blobs.put_bytes(BIG)
    assert await blobs.size(digest) is None
    assert await blobs.put_bytes(b"a little fits") == Digest.of(b"a little fits")


def test_what_a_killed_server_left_in_staging_is_swept(tmp_path: Path) -> None:
    (tmp_path / "staging" / "folder").mkdir(parents=True)
    (tmp_path / "staging" / "half").write_bytes(b"half")
    blobs = open_blobs(f"file://{tmp_path}/objects", tmp_path / "staging")
    assert list(blobs.staging.iterdir()) == []


@pytest.mark.parametrize(
    ("url", "code"),
    [("az://container", "unsupported"), ("s3://bucket", "unsupported"), ("objects", "invalid_setting"),
     ("file://host/x", "invalid_setting"), ("ftp://x/y", "invalid_setting")],
)  # fmt: skip
def test_a_url_that_is_no_store_of_ours_is_refused(tmp_path: Path, url: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        open_blobs(url, tmp_path / "staging")
    assert caught.value.code == code


async def test_a_folder_can_be_read_as_an_object_store(tmp_path: Path) -> None:
    folder = open_blobs(f"file://{tmp_path}/objects", tmp_path / "staging")
    digest = await folder.put_bytes(b"same layout")
    assert await ObjectStoreBlobs(LocalStore(tmp_path / "objects"), tmp_path / "other").read(digest) == b"same layout"
