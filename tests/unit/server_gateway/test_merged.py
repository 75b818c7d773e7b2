"""Several origins as one index: asked at once, believed in order."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from wheelkeep.clock import SystemClock
from wheelkeep.errors import NotFoundError, UpstreamError
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.gateway import merged
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.merged import MergedIndex
from wheelkeep.server.gateway.sql import bound_name_table
from wheelkeep.server.index.model import ProjectPage
from wheelkeep.testing.origins import FakeOrigin
from wheelkeep.testing.wheels import build_wheel

ACME = canonicalize_name("acme")
DOWN = UpstreamError("down", code="feed_unreachable")


@pytest.fixture
def bindings(tmp_path: Path) -> Iterator[BindingBook]:
    database = Database(sqlite_url(tmp_path / "w.sqlite"))
    metadata.create_all(database.engine, tables=[bound_name_table])
    yield BindingBook(database, SystemClock())
    database.close()


@pytest.fixture
def low(tmp_path: Path) -> Path:
    return build_wheel(tmp_path, "acme", "1.0")


@pytest.fixture
def high(tmp_path: Path) -> Path:
    return build_wheel(tmp_path, "acme", "99.0")


async def test_a_higher_public_version_is_not_even_seen(bindings: BindingBook, low: Path, high: Path) -> None:
    feed, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [high])
    decided = await MergedIndex("w", [feed, public], public=public, bindings=bindings).find(ACME)
    assert decided is not None
    assert decided.origin is feed
    assert [file.filename for file in decided.page.files] == [low.name]


async def test_a_private_name_is_bound_and_stays_so_when_its_feed_loses_it(
    bindings: BindingBook, low: Path, high: Path
) -> None:
    feed, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [high])
    index = MergedIndex("w", [feed, public], public=public, bindings=bindings)
    await index.find(ACME)
    feed.contents.clear()
    public.asked.clear()
    with pytest.raises(UpstreamError, match="belongs to connection:one"):
        await index.find(ACME)
    assert public.asked == []


async def test_a_definition_that_forgets_the_feed_does_not_get_the_public_package(
    bindings: BindingBook, low: Path, high: Path
) -> None:
    feed, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [high])
    await MergedIndex("w", [feed, public], public=public, bindings=bindings).find(ACME)
    with pytest.raises(UpstreamError) as caught:
        await MergedIndex("w", [public], public=public, bindings=bindings).find(ACME)
    assert caught.value.code == "feed_lost_package"


async def test_another_workspace_is_not_bound(bindings: BindingBook, low: Path, high: Path) -> None:
    feed, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [high])
    await MergedIndex("w", [feed, public], public=public, bindings=bindings).find(ACME)
    decided = await MergedIndex("v", [public], public=public, bindings=bindings).find(ACME)
    assert decided is not None
    assert decided.origin is public


async def test_a_mirror_binds_nothing(bindings: BindingBook, low: Path, high: Path) -> None:
    mirror, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [low, high])
    await MergedIndex("w", [mirror, public], public=public, bindings=bindings).find(ACME)
    assert bindings.list("w") == []


async def test_a_feed_that_is_down_fails_the_page(bindings: BindingBook, high: Path) -> None:
    feed, public = FakeOrigin("connection:one", is_private=True, failure=DOWN), FakeOrigin("public", [high])
    with pytest.raises(UpstreamError, match="down"):
        await MergedIndex("w", [feed, public], public=public, bindings=bindings).find(ACME)


async def test_a_released_name_may_come_from_elsewhere(bindings: BindingBook, low: Path, high: Path) -> None:
    feed, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [high])
    index = MergedIndex("w", [feed, public], public=public, bindings=bindings)
    await index.find(ACME)
    feed.contents.clear()
    bindings.release("w", ACME)
    decided = await index.find(ACME)
    assert decided is not None
    assert decided.origin is public
    with pytest.raises(NotFoundError):
        bindings.release("w", ACME)


async def test_without_the_public_index_a_name_is_bound_provisionally(bindings: BindingBook, low: Path) -> None:
    feed, public = FakeOrigin("connection:one", [low], is_private=True), FakeOrigin("public", [low], failure=DOWN)
    index = MergedIndex("w", [feed, public], public=public, bindings=bindings)
    assert await index.find(ACME) is not None
    assert [binding.provisional for binding in bindings.list("w")] == [True]
    public.failure = None
    await index.find(ACME)
    assert bindings.list("w") == []


class SlowOrigin(FakeOrigin):
    """Answers after the test has long ended."""

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        await asyncio.sleep(60)
        return await super().page(project)


async def test_a_public_index_that_hangs_delays_a_private_page_only_so_long(
    bindings: BindingBook, low: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged, "_PUBLIC_PATIENCE_S", 0.05)
    feed, public = FakeOrigin("connection:one", [low], is_private=True), SlowOrigin("public", [low])
    async with asyncio.timeout(10):
        decided = await MergedIndex("w", [feed, public], public=public, bindings=bindings).find(ACME)
    assert decided is not None
    assert [binding.provisional for binding in bindings.list("w")] == [True]


async def test_origins_are_asked_at_once_and_a_fast_one_does_not_overtake(
    bindings: BindingBook, low: Path, high: Path
) -> None:
    class Late(FakeOrigin):
        async def page(self, project: NormalizedName) -> ProjectPage | None:
            await asyncio.sleep(0.05)
            assert fast.asked == [ACME]
            return await super().page(project)

    slow, fast = Late("connection:one", [low], is_private=True), FakeOrigin("connection:two", [high], is_private=True)
    decided = await MergedIndex("w", [slow, fast], public=None, bindings=bindings).find(ACME)
    assert decided is not None
    assert decided.origin is slow
