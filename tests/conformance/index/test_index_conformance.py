"""What every `Index` promises, over the workspace's and the fake."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from packaging.utils import NormalizedName, canonicalize_name

from wheelkeep.server.index.protocol import Index
from wheelkeep.server.store.workspace_index import WorkspaceIndex
from wheelkeep.testing.index import FakeIndex, project_page
from wheelkeep.testing.package_app import open_package_app
from wheelkeep.testing.wheels import build_wheel

DEMO = NormalizedName("my-demo")
Maker = Callable[[Path], Awaitable[Index]]


async def workspace(tmp_path: Path) -> Index:
    app = open_package_app(tmp_path / "server")
    for version in ("1.0", "1.1"):
        path = build_wheel(tmp_path / version, "my-demo", version)
        await app.store.add("id-of-team", path, path.name, uploader="somebody")
    return WorkspaceIndex(app.store, "id-of-team")


async def fake(_: Path) -> Index:
    return FakeIndex([project_page("my-demo", "1.0", "1.1", sha256="ab" * 32)])


@pytest.fixture(params=[workspace, fake], ids=lambda maker: maker.__name__)
def make(request: pytest.FixtureRequest) -> Maker:
    maker: Maker = request.param
    return maker


async def test_a_page_has_the_name_that_was_asked_and_its_versions(make: Maker, tmp_path: Path) -> None:
    page = await (await make(tmp_path)).page(DEMO)
    assert page is not None
    assert page.name == DEMO
    assert page.versions == ("1.0", "1.1")
    assert page.origin


async def test_every_file_names_itself_and_its_bytes(make: Maker, tmp_path: Path) -> None:
    page = await (await make(tmp_path)).page(DEMO)
    assert page is not None
    assert len(page.files) == 2
    for file in page.files:
        assert file.url.rpartition("/")[2] == file.filename
        assert "?" not in file.url
        assert file.sha256 is not None
        assert page.file(file.filename) is file


async def test_a_name_that_is_not_had_is_none_not_an_empty_page(make: Maker, tmp_path: Path) -> None:
    assert await (await make(tmp_path)).page(canonicalize_name("other")) is None


async def test_asking_twice_gives_equal_pages(make: Maker, tmp_path: Path) -> None:
    index = await make(tmp_path)
    assert await index.page(DEMO) == await index.page(DEMO)
