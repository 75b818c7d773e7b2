"""The rules of a wheel's name, held under fire: parallel adds, deletion, damage, kill -9."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.utils import NormalizedName
from sqlalchemy import Connection

from wheelkeep.clock import SystemClock
from wheelkeep.digest import Digest
from wheelkeep.errors import ConflictError, NotFoundError, ResourceError, WheelError
from wheelkeep.server.index.negotiation import Form
from wheelkeep.server.store.held import find_held_file, note_held
from wheelkeep.server.store.pages import StorePages
from wheelkeep.server.store.shelf import Shelf
from wheelkeep.server.store.wheels import AddedWheel, WheelStore
from wheelkeep.testing.blobs import MemoryBlobs
from wheelkeep.testing.package_app import PackageApp, open_package_app
from wheelkeep.testing.wheels import build_wheel

TEAM = "id-of-team"
DEMO = NormalizedName("demo")
LATER = (2024, 1, 2, 3, 4, 6)


@dataclass(frozen=True)
class FixedUses:
    """Locks that name every file, or none."""

    names: tuple[str, ...] = ()

    def environments_naming(self, _connection: Connection, _workspace: str, _sha256: str) -> Sequence[str]:
        return self.names


@pytest.fixture
def app(tmp_path: Path) -> PackageApp:
    return open_package_app(tmp_path / "server")


@pytest.fixture
def store(app: PackageApp) -> WheelStore:
    return app.store


async def add(store: WheelStore, path: Path, workspace: str = TEAM) -> AddedWheel:
    return await store.add(workspace, path, path.name, uploader="somebody")


async def test_a_wheel_is_kept_with_its_bytes_and_its_metadata(app: PackageApp, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", requires_python=">=3.9")
    content, metadata = path.read_bytes(), zipfile.ZipFile(path).read("demo-1.0.dist-info/METADATA")
    added = await add(app.store, path)
    wheel = added.wheel
    assert added.created
    assert (wheel.project, wheel.version, wheel.requires_python, wheel.uploaded_by) == (
        "demo",
        "1.0",
        ">=3.9",
        "somebody",
    )
    assert await app.blobs.read(wheel.digest) == content
    assert await app.blobs.read(wheel.metadata_digest) == metadata
    assert wheel.metadata_size == len(metadata)
    assert await app.store.get(TEAM, path.name) == wheel
    assert wheel.stable_url("http://x:1", "team") == (
        f"http://x:1/w/team/files/{wheel.digest.hex}/demo-1.0-py3-none-any.whl#sha256={wheel.digest.hex}"
    )


async def test_a_rebuild_with_other_zip_times_is_the_same_wheel_at_the_same_url(
    store: WheelStore, tmp_path: Path
) -> None:
    first = await add(store, build_wheel(tmp_path / "a", "demo"))
    second = await add(store, build_wheel(tmp_path / "b", "demo", modified=LATER))
    assert not second.created
    assert second.wheel == first.wheel


async def test_other_content_is_refused_naming_both_hashes_and_a_way_out(store: WheelStore, tmp_path: Path) -> None:
    first = await add(store, build_wheel(tmp_path / "a", "demo"))
    other = build_wheel(tmp_path / "b", "demo", files={"demo.py": "other"})
    sent = Digest.of(other.read_bytes())
    with pytest.raises(ConflictError) as caught:
        await add(store, other)
    assert caught.value.code == "wheel_exists"
    assert str(first.wheel.digest) in caught.value.message
    assert str(sent) in caught.value.message
    assert "1.0+local1" in caught.value.hint


async def test_another_spelling_of_the_name_is_the_same_name(store: WheelStore, tmp_path: Path) -> None:
    await add(store, build_wheel(tmp_path / "a", "My.Demo", filename="My.Demo-1.0-py3-none-any.whl"))
    with pytest.raises(ConflictError):
        await add(store, build_wheel(tmp_path / "b", "my-demo", files={"x.py": "other"}))


async def test_workspaces_do_not_see_each_other(store: WheelStore, tmp_path: Path) -> None:
    await add(store, build_wheel(tmp_path / "a", "demo"))
    other = await add(store, build_wheel(tmp_path / "b", "demo", files={"demo.py": "other"}), "id-of-others")
    assert other.created
    assert len(await store.list(TEAM)) == 1
    assert await store.list_projects("id-of-nobody") == ()


async def test_an_announced_digest_that_differs_is_refused(store: WheelStore, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")
    with pytest.raises(WheelError) as caught:
        await store.add(TEAM, path, path.name, uploader="somebody", expected_sha256=Digest.of(b"else"))
    assert caught.value.code == "upload_digest_mismatch"
    assert await store.list(TEAM) == ()


async def test_a_yanked_wheel_says_so_with_its_reason_until_it_is_taken_back(store: WheelStore, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")
    await add(store, path)
    assert (await store.yank(TEAM, path.name, reason="broken")).project_file().yanked == "broken"
    assert (await store.yank(TEAM, path.name)).project_file().yanked is True
    assert (await store.yank(TEAM, path.name, yanked=False, reason="x")).project_file().yanked is False
    assert (await store.get(TEAM, path.name)).yanked_reason == ""


async def test_a_wheel_that_a_lock_names_is_deleted_only_by_force(store: WheelStore, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")
    await add(store, path)
    uses = FixedUses(("train:3", "serve:1"))
    assert await store.used_by(TEAM, await store.get(TEAM, path.name), uses=uses) == ("serve:1", "train:3")
    with pytest.raises(ConflictError) as caught:
        await store.delete(TEAM, path.name, uses=uses)
    assert caught.value.code == "wheel_in_use"
    assert "serve:1, train:3" in caught.value.message
    assert (await store.delete(TEAM, path.name, uses=uses, force=True)).deleted_at is not None
    assert await store.list(TEAM) == ()
    assert await store.list_projects(TEAM) == ()


async def test_a_name_stays_taken_after_deletion_and_the_same_content_restores_it(
    store: WheelStore, tmp_path: Path
) -> None:
    first = await add(store, build_wheel(tmp_path / "a", "demo"))
    await store.delete(TEAM, first.wheel.filename, uses=FixedUses())
    with pytest.raises(ConflictError) as caught:
        await add(store, build_wheel(tmp_path / "b", "demo", files={"demo.py": "other"}))
    assert "stays taken" in caught.value.message
    again = await add(store, build_wheel(tmp_path / "c", "demo", modified=LATER))
    assert again.created
    assert again.wheel == first.wheel


async def test_what_is_not_there_can_be_neither_shown_nor_yanked_nor_deleted(store: WheelStore) -> None:
    for attempt in (store.get(TEAM, "x.whl"), store.yank(TEAM, "x.whl"), store.delete(TEAM, "x.whl", uses=FixedUses())):
        with pytest.raises(NotFoundError) as caught:
            await attempt
        assert caught.value.code == "unknown_wheel"


async def test_lost_bytes_are_healed_by_the_same_content(app: PackageApp, tmp_path: Path) -> None:
    first = await add(app.store, build_wheel(tmp_path / "a", "demo"))
    await app.blobs.delete(first.wheel.digest)
    rebuilt = build_wheel(tmp_path / "b", "demo", modified=LATER)
    again = await add(app.store, rebuilt)
    assert not again.created
    assert await app.blobs.size(again.wheel.digest) == again.wheel.size
    assert await app.store.get(TEAM, again.wheel.filename) == again.wheel


async def test_a_full_disk_leaves_no_row(app: PackageApp, tmp_path: Path) -> None:
    blobs = MemoryBlobs(tmp_path / "staging", failure=ResourceError("full", code="disk_full"))
    store = WheelStore(app.database, blobs, SystemClock())
    with pytest.raises(ResourceError):
        await add(store, build_wheel(tmp_path, "demo"))
    assert await store.list(TEAM) == ()


async def test_of_a_hundred_parallel_adds_with_other_content_one_wins(store: WheelStore, tmp_path: Path) -> None:
    paths = [build_wheel(tmp_path / str(n), "demo", files={"demo.py": f"x = {n}"}) for n in range(100)]
    contents = {Digest.of(path.read_bytes()) for path in paths}
    results = await asyncio.gather(*(add(store, path) for path in paths), return_exceptions=True)
    won = [one for one in results if isinstance(one, AddedWheel)]
    assert len(won) == 1
    assert all(isinstance(one, ConflictError) for one in results if one is not won[0])
    (kept,) = await store.list(TEAM)
    assert kept == won[0].wheel
    assert kept.digest in contents


async def test_of_a_hundred_parallel_adds_of_one_wheel_all_get_the_same(store: WheelStore, tmp_path: Path) -> None:
    paths = [build_wheel(tmp_path / str(n), "demo", modified=(2024, 1, 1, 0, n // 2, 0)) for n in range(100)]
    results = await asyncio.gather(*(add(store, path) for path in paths))
    assert sum(one.created for one in results) == 1
    assert len({one.wheel for one in results}) == 1


PROGRAM = """
import asyncio, pathlib, sys
from wheelkeep.testing.package_app import open_package_app
from wheelkeep.testing.wheels import build_wheel
async def main() -> None:
    app = open_package_app(pathlib.Path(sys.argv[1]))
    print("ready", flush=True)
    for n in range(1000):
        path = build_wheel(app.blobs.staging / str(n), "demo", f"1.{n}")
        await app.store.add("id-of-team", path, path.name, uploader="somebody")
asyncio.run(main())
"""


async def test_kill_9_never_leaves_a_wheel_without_its_bytes(tmp_path: Path) -> None:
    for attempt in range(3):
        child = subprocess.Popen(  # noqa: ASYNC220 - the test has nothing else to do
            [sys.executable, "-c", PROGRAM, str(tmp_path / "server")], stdout=subprocess.PIPE
        )
        with child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.15 + attempt * 0.07)  # noqa: ASYNC251 - the same
            os.kill(child.pid, signal.SIGKILL)
    app = open_package_app(tmp_path / "server")
    wheels = await app.store.list(TEAM)
    assert wheels
    for wheel in wheels:
        assert Digest.of(await app.blobs.read(wheel.digest)) == wheel.digest
        assert Digest.of(await app.blobs.read(wheel.metadata_digest)) == wheel.metadata_digest


async def test_a_page_is_rendered_once_until_a_wheel_changes(store: WheelStore, tmp_path: Path) -> None:
    pages = StorePages(store)
    assert await pages.project(TEAM, DEMO) is None
    await add(store, build_wheel(tmp_path / "a", "demo"))
    first = await pages.project(TEAM, DEMO)
    assert first is not None
    assert await pages.project(TEAM, DEMO) is first
    await store.yank(TEAM, "demo-1.0-py3-none-any.whl", reason="broken")
    second = await pages.project(TEAM, DEMO)
    assert second is not None
    assert b"broken" in second.body(Form.JSON).data
    assert b'"demo"' in (await pages.list(TEAM)).body(Form.JSON).data


async def test_an_unchanged_page_keeps_its_bytes_after_it_was_asked_again(
    store: WheelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wheelkeep.server.store.pages._KEPT_S", -1.0)
    pages = StorePages(store)
    await add(store, build_wheel(tmp_path / "a", "demo"))
    assert await pages.project(TEAM, DEMO) is await pages.project(TEAM, DEMO)
    assert await pages.list(TEAM) is await pages.list(TEAM)


def held(app: PackageApp, filename: str = "six-1.0-py3-none-any.whl", sha256: str = "ab" * 32) -> None:
    with app.database.write() as connection:
        note_held(
            connection, workspace=TEAM, sha256=sha256, filename=filename, size=7, origin="public", project="six",
            version="1.0", held_at="2026-11-22T08:30:00.000000Z",
        )  # fmt: skip


def test_a_held_file_is_found_by_its_digest_and_noting_it_twice_is_harmless(app: PackageApp) -> None:
    held(app)
    held(app)
    held(app, "six-renamed.whl")
    with app.database.read() as connection:
        found = find_held_file(connection, TEAM, "ab" * 32, filename="six-1.0-py3-none-any.whl")
        assert found is not None
        assert (found.origin, found.size, str(found.digest)) == ("public", 7, f"sha256:{'ab' * 32}")
        assert find_held_file(connection, TEAM, "ab" * 32, filename="six-renamed.whl") is not None
        assert find_held_file(connection, "id-of-others", "ab" * 32, filename="six-renamed.whl") is None


async def test_the_shelf_serves_wheels_and_held_files_under_their_own_names_alone(
    app: PackageApp, tmp_path: Path
) -> None:
    shelf = Shelf(app.database, app.store)
    assert await shelf.find(TEAM, "ab" * 32, "six-1.0-py3-none-any.whl") is None
    held(app)
    assert await shelf.find(TEAM, "ab" * 32, "six-1.0-py3-none-any.whl") is not None
    assert await shelf.find(TEAM, "ab" * 32, "other.whl") is None
    assert await shelf.find("id-of-others", "ab" * 32, "six-1.0-py3-none-any.whl") is None
    wheel = (await add(app.store, build_wheel(tmp_path, "demo"))).wheel
    found = await shelf.find(TEAM, wheel.digest.hex, wheel.filename)
    assert found is not None
    assert found.metadata is not None
    await app.store.delete(TEAM, wheel.filename, uses=FixedUses())
    assert await shelf.find(TEAM, wheel.digest.hex, wheel.filename) is None
