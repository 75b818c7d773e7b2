"""One build's gateway: decided once, fetched once, verified, and nothing of a lock believed."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from wheelkeep.clock import SystemClock
from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, NotFoundError, ResourceError, UpstreamError
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.budget import Budget
from wheelkeep.server.gateway.check_lock import check_entry
from wheelkeep.server.gateway.keeper import Keeper, Kept
from wheelkeep.server.gateway.merged import MergedIndex
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.session import BuildGateway
from wheelkeep.server.gateway.sql import bound_name_table
from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.store.held import find_held_file
from wheelkeep.server.store.sql import held_file_table
from wheelkeep.testing.blobs import MemoryBlobs
from wheelkeep.testing.origins import FakeOrigin
from wheelkeep.testing.wheels import build_wheel

ACME = canonicalize_name("acme")
Open = Callable[..., BuildGateway]


def content_of(path: Path) -> bytes:
    return path.read_bytes()


def left_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(sqlite_url(tmp_path / "w.sqlite"))
    metadata.create_all(database.engine, tables=[bound_name_table, held_file_table])
    yield database
    database.close()


@pytest.fixture
def blobs(tmp_path: Path) -> MemoryBlobs:
    return MemoryBlobs(tmp_path / "staging")


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return build_wheel(tmp_path, "acme", "1.0", requires=["numpy"])


@pytest.fixture
def open_gateway(database: Database, blobs: MemoryBlobs) -> Open:
    def open_one(*origins: FakeOrigin, budget: Budget | None = None) -> BuildGateway:
        index = MergedIndex("w", origins, public=None, bindings=BindingBook(database, SystemClock()))
        order = BuildOrder(work="x", workspace="w", principal="p")
        return BuildGateway(
            order, index, keeper=Keeper(blobs), blobs=blobs, database=database, clock=SystemClock(), budget=budget
        )

    return open_one


async def test_the_page_has_relative_links_and_metadata_and_nothing_of_the_origin(
    open_gateway: Open, wheel: Path
) -> None:
    page = await open_gateway(FakeOrigin("connection:one", [wheel], is_private=True)).page(ACME)
    assert page is not None
    assert page.files[0].url == f"../../files/acme/{wheel.name}"
    assert page.files[0].core_metadata is True


async def test_a_workspace_wheel_is_linked_by_its_digest(open_gateway: Open, wheel: Path) -> None:
    page = await open_gateway(FakeOrigin("workspace", [wheel], is_private=True)).page(ACME)
    assert page is not None
    digest = Digest.of(content_of(wheel)).hex
    assert page.files[0].url == f"../../../../files/{digest}/{wheel.name}"


async def test_a_name_is_decided_once_for_a_build(open_gateway: Open, wheel: Path) -> None:
    origin = FakeOrigin("connection:one", [wheel], is_private=True)
    gateway = open_gateway(origin)
    await asyncio.gather(*(gateway.page(ACME) for _ in range(20)))
    await gateway.page(ACME)
    assert origin.asked == [ACME]


async def test_an_error_is_an_incident_until_it_is_put_right(open_gateway: Open, wheel: Path) -> None:
    origin = FakeOrigin("connection:one", [wheel], is_private=True)
    origin.failure = UpstreamError("refused", code="feed_authentication_failed")
    gateway = open_gateway(origin)
    with pytest.raises(UpstreamError):
        await gateway.page(ACME)
    assert gateway.explain() is origin.failure
    assert [incident.project for incident in gateway.incidents] == [ACME]
    origin.failure = None
    assert await gateway.page(ACME) is not None
    assert gateway.explain() is None


async def test_metadata_is_read_once(open_gateway: Open, wheel: Path) -> None:
    gateway = open_gateway(FakeOrigin("connection:one", [wheel], is_private=True))
    found = await asyncio.gather(*(gateway.metadata(ACME, wheel.name) for _ in range(5)))
    assert b"Requires-Dist: numpy" in found[0]


async def test_metadata_of_one_project_is_never_that_of_another_with_a_file_of_that_name(
    open_gateway: Open, wheel: Path
) -> None:
    class Liar(FakeOrigin):
        """Lists acme's file on evil's page too, with METADATA of its own for it."""

        async def page(self, project: NormalizedName) -> ProjectPage | None:
            page = await super().page(ACME)
            assert page is not None
            files = tuple(replace(file, url=f"https://one.example/{project}") for file in page.files)
            return ProjectPage(name=project, origin=self.label, files=files)

        async def metadata(self, file: ProjectFile) -> bytes | None:
            return file.url.encode()

    gateway = open_gateway(Liar("connection:one", [wheel], is_private=True))
    assert await gateway.metadata(canonicalize_name("evil"), wheel.name) == b"https://one.example/evil"
    assert await gateway.metadata(ACME, wheel.name) == b"https://one.example/acme"


async def test_a_build_asks_for_so_many_names_and_no_more(open_gateway: Open, wheel: Path) -> None:
    origin = FakeOrigin("public", [wheel])
    gateway = open_gateway(origin, budget=Budget(names=2))
    assert await gateway.find(canonicalize_name("nowhere")) is None
    assert await gateway.find(ACME) is not None
    with pytest.raises(UpstreamError, match="more than 2 projects") as caught:
        await gateway.find(canonicalize_name("third"))
    assert (caught.value.code, gateway.explain()) == ("feed_too_large", caught.value)
    assert "third" not in origin.asked
    assert await gateway.find(ACME) is not None  # what it was shown stays


async def test_pages_beyond_the_budget_are_not_kept(open_gateway: Open, wheel: Path, tmp_path: Path) -> None:
    other = build_wheel(tmp_path, "other", "1.0")
    gateway = open_gateway(FakeOrigin("public", [wheel, other]), budget=Budget(size_bytes=1000))
    assert await gateway.find(ACME) is not None
    with pytest.raises(UpstreamError, match="index pages and metadata") as caught:
        await gateway.find(canonicalize_name("other"))
    assert caught.value.code == "feed_too_large"


async def test_metadata_counts_like_pages(open_gateway: Open, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "acme", "1.0", metadata=b"Name: acme\nVersion: 1.0\n" + b"x" * 5000)
    gateway = open_gateway(FakeOrigin("public", [wheel]), budget=Budget(size_bytes=2000))
    with pytest.raises(UpstreamError, match="index pages and metadata"):
        await gateway.metadata(ACME, wheel.name)


async def test_what_one_page_promised_is_not_given_to_whom_another_hash_was_promised(
    open_gateway: Open, wheel: Path
) -> None:
    """Two builds were shown one address with different hashes; the second must not ride on the first one's fetch."""
    origin = FakeOrigin("connection:one", [wheel], is_private=True)
    first, second = open_gateway(origin), open_gateway(origin)
    await first.find(ACME)
    origin.announced[wheel.name] = "0" * 64
    await second.find(ACME)
    keeper = Keeper(MemoryBlobs(wheel.parent / "shared"))
    good, bad = [(await gateway.offered(ACME, wheel.name)).file for gateway in (first, second)]
    results = await asyncio.gather(
        keeper.keep("w", origin, good), keeper.keep("w", origin, bad), return_exceptions=True
    )
    assert [type(result) for result in results] == [Kept, IntegrityError]


async def test_holding_fetches_once_verifies_and_notes(
    open_gateway: Open, wheel: Path, database: Database, blobs: MemoryBlobs
) -> None:
    origin = FakeOrigin("connection:one", [wheel], is_private=True)
    gateway = open_gateway(origin)
    digest = Digest.of(content_of(wheel))
    held = await asyncio.gather(*(gateway.hold(ACME, wheel.name, expected=digest) for _ in range(10)))
    assert {kept.digest for kept in held} == {digest}
    assert origin.opened == [wheel.name]
    assert blobs.objects[digest] == content_of(wheel)
    assert left_in(blobs.staging) == []
    with database.read() as connection:
        row = find_held_file(connection, "w", digest.hex, filename=wheel.name)
    assert row is not None
    assert (row.origin, row.project, row.version) == ("connection:one", "acme", "1.0")


async def test_swapped_bytes_are_refused_and_nothing_is_kept(
    open_gateway: Open, wheel: Path, blobs: MemoryBlobs
) -> None:
    origin = FakeOrigin("connection:one", [wheel], is_private=True)
    origin.contents[wheel.name] += b"x"
    with pytest.raises(IntegrityError) as caught:
        await open_gateway(origin).hold(ACME, wheel.name, expected=None)
    assert caught.value.code == "hash_mismatch"
    assert blobs.objects == {}
    assert left_in(blobs.staging) == []


async def test_a_hash_of_the_lock_is_checked_where_the_page_gives_none(open_gateway: Open, wheel: Path) -> None:
    gateway = open_gateway(FakeOrigin("connection:one", [wheel], is_private=True, with_hashes=False))
    with pytest.raises(IntegrityError, match="the lock says"):
        await gateway.hold(ACME, wheel.name, expected=Digest("0" * 64))
    assert (await gateway.hold(ACME, wheel.name, expected=None)).digest == Digest.of(content_of(wheel))


async def test_a_private_feed_cannot_take_another_workspaces_bytes_by_naming_their_hash(
    open_gateway: Open, wheel: Path, blobs: MemoryBlobs
) -> None:
    secret = await blobs.put_bytes(b"another workspace's wheel")
    feed = FakeOrigin("connection:one", [wheel], is_private=True)
    feed.announced[wheel.name] = secret.hex
    with pytest.raises(IntegrityError):
        await open_gateway(feed).hold(ACME, wheel.name, expected=secret)


async def test_a_public_file_that_is_kept_already_is_not_fetched_again(
    open_gateway: Open, wheel: Path, blobs: MemoryBlobs
) -> None:
    await blobs.put_bytes(content_of(wheel))
    public = FakeOrigin("public", [wheel])
    await open_gateway(public).hold(ACME, wheel.name, expected=None)
    assert public.opened == []


async def test_a_full_disk_is_told_as_such(open_gateway: Open, wheel: Path, blobs: MemoryBlobs) -> None:
    blobs.failure = ResourceError("no space", code="disk_full")
    with pytest.raises(ResourceError):
        await open_gateway(FakeOrigin("public", [wheel])).hold(ACME, wheel.name, expected=None)
    assert left_in(blobs.staging) == []


async def test_a_client_that_hangs_up_does_not_take_the_fetch_from_others(open_gateway: Open, wheel: Path) -> None:
    gateway = open_gateway(FakeOrigin("connection:one", [wheel], is_private=True))
    impatient = asyncio.create_task(gateway.hold(ACME, wheel.name, expected=None))
    patient = asyncio.create_task(gateway.hold(ACME, wheel.name, expected=None))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).digest == Digest.of(content_of(wheel))


async def test_a_lock_entry_that_was_offered_is_accepted(open_gateway: Open, wheel: Path) -> None:
    gateway = open_gateway(FakeOrigin("connection:one", [wheel], is_private=True))
    sha256 = Digest.of(content_of(wheel)).hex
    offered = await check_entry(gateway, ACME, wheel.name, sha256=sha256)
    assert offered.origin.label == "connection:one"


@pytest.mark.parametrize("sha256", ["0" * 64, None, "short"])
async def test_a_lock_entry_with_another_hash_is_refused(open_gateway: Open, wheel: Path, sha256: str | None) -> None:
    gateway = open_gateway(FakeOrigin("connection:one", [wheel], is_private=True))
    with pytest.raises(IntegrityError) as caught:
        await check_entry(gateway, ACME, wheel.name, sha256=sha256)
    assert caught.value.code == "lock_mismatch"


@pytest.mark.parametrize(
    ("project", "filename"), [("acme", "acme-2.0-py3-none-any.whl"), ("evil", "evil-1.0-py3-none-any.whl")]
)
async def test_a_lock_entry_that_was_not_offered_is_refused(
    open_gateway: Open, wheel: Path, project: str, filename: str
) -> None:
    gateway = open_gateway(FakeOrigin("connection:one", [wheel], is_private=True))
    with pytest.raises(IntegrityError, match="no origin offered"):
        await check_entry(gateway, canonicalize_name(project), filename, sha256="0" * 64)


async def test_a_lock_entry_that_gives_a_file_of_one_project_as_anothers_is_refused(
    open_gateway: Open, tmp_path: Path
) -> None:
    """The origin does offer it under that name: an index that an attacker commands."""
    stray = build_wheel(tmp_path, "acme-train", "99.0")

    class Liar(FakeOrigin):
        async def page(self, project: NormalizedName) -> ProjectPage | None:
            page = await super().page(canonicalize_name("acme-train"))
            return None if page is None else replace(page, name=project)

    gateway = open_gateway(Liar("public", [stray]))
    sha256 = Digest.of(content_of(stray)).hex
    with pytest.raises(IntegrityError, match="its name says otherwise") as caught:
        await check_entry(gateway, canonicalize_name("evil"), stray.name, sha256=sha256)
    assert caught.value.code == "lock_mismatch"


async def test_a_file_that_is_on_no_page_is_not_found(open_gateway: Open) -> None:
    with pytest.raises(NotFoundError):
        await open_gateway(FakeOrigin("public")).fetch(ACME, "acme-1.0-py3-none-any.whl")
