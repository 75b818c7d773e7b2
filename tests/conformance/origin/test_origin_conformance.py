"""What every `Origin` does, whichever it is: the feed over a socket, the workspace's wheels, the fake."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.utils import canonicalize_name

from wheelkeep.clock import SystemClock
from wheelkeep.errors import WheelkeepError
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.gateway.workspace_origin import WorkspaceOrigin
from wheelkeep.server.index.model import ProjectFile
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.address import AddressPolicy
from wheelkeep.server.origin.audit_trail import UpstreamNotes
from wheelkeep.server.origin.feed import FeedIndex
from wheelkeep.server.origin.protocol import Origin
from wheelkeep.server.origin.upstream import Upstream
from wheelkeep.server.store.wheels import WheelStore
from wheelkeep.server.store.workspace_index import WorkspaceIndex
from wheelkeep.testing.audit import MemoryAudit
from wheelkeep.testing.blobs import MemoryBlobs
from wheelkeep.testing.feeds import Behaviour, FeedSimulator
from wheelkeep.testing.origins import FakeOrigin
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers

ACME = canonicalize_name("acme")


class Subject(NamedTuple):
    origin: Origin
    wheel: Path
    content: bytes


def feed_of(simulator: FeedSimulator, staging: Path) -> tuple[FeedIndex, Upstream]:
    port = int(simulator.base_url.rpartition(":")[2])
    upstream = Upstream(AddressPolicy.naming([("127.0.0.1", port)]))
    notes = UpstreamNotes(trail=MemoryAudit(), principal="tester")
    access = FeedAccess.anonymous(simulator.url)
    return FeedIndex(simulator.url, access, upstream=upstream, notes=notes, staging=staging), upstream


async def workspace_of(folder: Path, wheel: Path, database: Database) -> WorkspaceOrigin:
    metadata.create_all(database.engine)
    blobs = MemoryBlobs(folder / "staging")
    store = WheelStore(database, blobs, SystemClock())
    await store.add("w", wheel, wheel.name, uploader="tester")
    return WorkspaceOrigin(WorkspaceIndex(store, "w"), blobs)


@pytest.fixture(params=["fake", "workspace", "json feed", "html feed", "feed with metadata"])
async def subject(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Subject]:
    wheel = build_wheel(tmp_path, "acme", "1.0", requires=["six"])
    content = read(wheel)
    if request.param == "fake":
        yield Subject(FakeOrigin("connection:one", [wheel], is_private=True), wheel, content)
    elif request.param == "workspace":
        database = Database(sqlite_url(tmp_path / "w.sqlite"))
        yield Subject(await workspace_of(tmp_path, wheel, database), wheel, content)
        database.close()
    else:
        behaviour = Behaviour(
            form="html" if request.param == "html feed" else "json",
            with_metadata=request.param == "feed with metadata",
        )
        with FeedSimulator(wheel, behaviour=behaviour) as simulator:
            origin, upstream = feed_of(simulator, tmp_path)
            yield Subject(origin, wheel, content)
            await upstream.close()


def read(path: Path) -> bytes:
    return path.read_bytes()


async def only_file(origin: Origin) -> ProjectFile:
    page = await origin.page(ACME)
    assert page is not None
    assert page.origin == origin.label
    (file,) = page.files
    return file


async def test_a_page_names_its_origin_and_its_files(subject: Subject) -> None:
    file = await only_file(subject.origin)
    assert file.filename == subject.wheel.name


async def test_a_name_that_is_not_there_is_none(subject: Subject) -> None:
    assert await subject.origin.page(canonicalize_name("nowhere")) is None


async def test_the_metadata_is_that_of_the_wheel(subject: Subject) -> None:
    found = await subject.origin.metadata(await only_file(subject.origin))
    assert found is not None
    assert b"Requires-Dist: six" in found


async def test_the_bytes_are_those_of_the_wheel(subject: Subject) -> None:
    async with subject.origin.open_file(await only_file(subject.origin)) as body:
        assert body is not None
        assert b"".join([chunk async for chunk in body.chunks]) == subject.content
        assert body.size in {None, len(subject.content)}


async def test_leaving_a_file_half_read_leaves_nothing_behind(subject: Subject) -> None:
    file = await only_file(subject.origin)
    async with subject.origin.open_file(file) as body:
        assert body is not None
        async for _ in body.chunks:
            break
    assert (await only_file(subject.origin)) == file


async def test_a_feed_that_is_down_raises_and_never_says_none(tmp_path: Path) -> None:
    with FeedSimulator(build_wheel(tmp_path, "acme", "1.0")) as simulator:
        origin, upstream = feed_of(simulator, tmp_path)
        file = await only_file(origin)
    with pytest.raises(WheelkeepError, match="cannot be connected to"):
        await origin.page(ACME)
    with pytest.raises(WheelkeepError, match="cannot be connected to"):
        await origin.metadata(file)
    await upstream.close()
