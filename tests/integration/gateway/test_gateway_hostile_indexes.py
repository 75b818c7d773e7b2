"""Stories of an index, a feed or a definition that wants more than packages: credentials, memory, inner addresses."""

import json
import zipfile
from urllib.parse import urljoin

import pytest

from wheelkeep.testing.feeds import Behaviour, FeedSimulator
from wheelkeep.testing.gateway_world import Answered, World
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers


def page_of(*files: dict[str, object]) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "x", "files": files}).encode()


def names(answered: Answered) -> list[str]:
    return [file["filename"] for file in json.loads(answered.data)["files"]]


def staged(world: World) -> list[str]:
    return [path.name for path in world.gateway.blobs.staging.iterdir()]


def first_file(world: World, index: str, project: str) -> str:
    """The address of the first file on the page of `project` at `index`."""
    page = urljoin(index, f"{project}/")
    return urljoin(page, str(json.loads(world.get(page).data)["files"][0]["url"]))


@pytest.mark.parametrize("door", ["build", "workspace", "definition"])
def test_an_open_index_that_lists_a_connections_address_gets_nothing_asked_with_its_credential(
    world: World, door: str
) -> None:
    """The confused deputy: whoever writes an open page must not have us show a token of ours at an address it picks."""
    target = f"{world.feed.base_url}/files/only_here-1.0-py3-none-any.whl"
    evil = page_of({"filename": "evil-1.0-py3-none-any.whl", "url": target})
    with FeedSimulator(behaviour=Behaviour(page=evil)) as other:
        if door == "definition":
            index = world.gateway.build("b1", index_url=other.url)
            world.gateway.connect("beside", f"{other.base_url}/not-this-index", None)  # names the host, not the index
        else:
            world.public.behaviour.page = evil
            index = world.gateway.build("b1") if door == "build" else world.gateway.index_url
        file = first_file(world, index, "evil")
        assert world.get(file).status != 200
        assert world.get(f"{file}.metadata").status != 200
    assert world.feed.seen
    assert {request.authorization for request in world.feed.seen} == {None}


def test_a_private_feeds_file_at_another_connections_address_still_gets_that_ones_credential(world: World) -> None:
    target = f"{world.feed.base_url}/files/only_here-1.0-py3-none-any.whl"
    page = page_of({"filename": "only_here-1.0-py3-none-any.whl", "url": target})
    with FeedSimulator(behaviour=Behaviour(page=page)) as private:
        world.gateway.connect("two", private.base_url, None)
        index = world.gateway.build("b1", private.url)
        assert world.get(first_file(world, index, "only-here")).status == 200
    assert world.feed.seen[-1].authorization is not None


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_metadata_that_only_a_bomb_would_pack_so_is_refused_and_leaves_nothing(
    world: World, method: int, *, ranges: bool
) -> None:
    world.feed.add(build_wheel(world.folder / "bomb", "bomb", "1.0", compression=method))
    world.feed.behaviour.with_ranges = ranges
    answered = world.get(f"{first_file(world, world.build(), 'bomb')}.metadata")
    assert (answered.status, json.loads(answered.data)["code"]) == (502, "feed_malformed")
    assert staged(world) == []


def test_a_wheel_that_is_read_whole_for_its_metadata_leaves_nothing_in_the_staging_folder(world: World) -> None:
    world.feed.behaviour.with_ranges = False
    answered = world.get(f"{first_file(world, world.build(), 'only-here')}.metadata")
    assert b"Name: only-here" in answered.data
    assert staged(world) == []


def test_a_file_of_another_project_is_not_offered(world: World) -> None:
    world.public.behaviour.page = page_of(
        {"filename": "acme-99.0-py3-none-any.whl", "url": "../../files/acme-99.0-py3-none-any.whl"},
        {"filename": "evil-1.0-py3-none-any.whl", "url": "../../files/evil-1.0-py3-none-any.whl"},
    )
    index = world.build()
    assert names(world.get(f"{index}evil/")) == ["evil-1.0-py3-none-any.whl"]
    stolen = urljoin(index, "../files/evil/acme-99.0-py3-none-any.whl.metadata")
    assert world.get(stolen).status == 404


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe", "169.254.43518", "127.1", "[64:ff9b:1::a9fe:a9fe]"])
def test_an_address_in_disguise_is_refused_in_a_definition_and_on_a_page(world: World, host: str) -> None:
    url = f"http://{host}/simple/"
    assert world.get(world.gateway.build("b1", url) + "six/").status in {400, 403}
    world.public.behaviour.page = page_of({"filename": "evil-1.0-py3-none-any.whl", "url": f"http://{host}/evil.whl"})
    answered = world.get(first_file(world, world.gateway.build("b2"), "evil"))
    assert (answered.status, json.loads(answered.data)["code"]) == (403, "origin_forbidden")


def test_a_file_whose_path_has_an_encoded_slash_is_asked_for_like_any_other(world: World) -> None:
    link = f"{world.feed.base_url}/files%2Fonly_here-1.0-py3-none-any.whl"
    world.feed.behaviour.page = page_of({"filename": "only_here-1.0-py3-none-any.whl", "url": link})
    assert world.get(first_file(world, world.build(), "only-here")).status == 200
