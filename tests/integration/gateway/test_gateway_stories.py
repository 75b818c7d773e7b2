"""Stories of attack and trouble, over real sockets: the gateway between a client, a private feed and a public index."""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import pytest
from sqlalchemy import Connection

from wheelkeep.digest import Digest
from wheelkeep.errors import UpstreamError
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.testing.feeds import Behaviour, FeedSimulator
from wheelkeep.testing.gateway_app import TOKEN
from wheelkeep.testing.gateway_world import World
from wheelkeep.testing.index import FakeIndex
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers


def names(data: bytes) -> list[str]:
    return [file["filename"] for file in json.loads(data)["files"]]


def test_a_private_package_comes_through_with_the_credential_added_on_the_far_side(world: World) -> None:
    answered = world.get(world.build() + "only-here/")
    assert answered.status == 200
    assert names(answered.data) == ["only_here-1.0-py3-none-any.whl"]
    assert world.feed.seen[-1].authorization is not None
    assert world.canary.encode() not in answered.data
    assert world.feed.base_url.encode() not in answered.data
    assert answered.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in answered.headers


def test_a_higher_public_version_of_a_private_name_is_never_offered(world: World) -> None:
    assert names(world.get(world.build() + "acme/").data) == ["acme-1.0-py3-none-any.whl"]


def test_the_credential_goes_to_the_feed_and_to_nobody_else(world: World) -> None:
    url = world.build()
    for project in ("acme", "only-here", "six", "nowhere"):
        world.get(f"{url}{project}/")
    assert {request.authorization for request in world.public.seen} == {None}
    assert None not in {request.authorization for request in world.feed.seen}


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_a_feed_that_cannot_say_fails_the_page_and_the_public_package_is_not_taken(world: World, status: int) -> None:
    world.feed.behaviour.status = status
    answered = world.get(world.build() + "acme/")
    assert answered.status == 502
    problem = json.loads(answered.data)
    assert problem["extra"]["connection"] == "one"
    assert world.canary not in answered.data.decode()


def test_a_wrong_credential_names_the_connection_and_says_what_to_do(world: World) -> None:
    world.gateway.connect("one", world.feed.base_url, "wrong-" + world.canary)
    answered = world.get(world.build() + "six/")
    problem = json.loads(answered.data)
    assert (answered.status, problem["code"]) == (502, "feed_authentication_failed")
    assert "connection 'one'" in problem["detail"]
    assert "again" in problem["hint"]
    assert world.canary not in answered.data.decode()
    error = world.gateway.session("b1").explain()
    assert error is not None
    assert error.code == "feed_authentication_failed"


def test_a_feed_without_a_connection_says_which_one_to_make(world: World) -> None:
    world.gateway.connections.delete("w", "one")
    answered = world.get(world.build() + "acme/")
    assert answered.status == 403  # loopback, and no connection names it any more
    assert json.loads(answered.data)["code"] == "origin_forbidden"
    world.gateway.connect("anonymous", world.feed.base_url, None)
    problem = json.loads(world.get(world.build("b2") + "acme/").data)
    assert problem["code"] == "feed_authentication_failed"


def test_a_feed_that_is_down_fails_the_page_and_works_again_later(world: World) -> None:
    with FeedSimulator(build_wheel(world.folder / "w", "late", "1.0")) as late:
        port, url = int(late.base_url.rpartition(":")[2]), late.url
    world.gateway.connect("late", url, None)
    index = world.gateway.build("b2", url)
    answered = world.get(index + "late/")
    assert (answered.status, json.loads(answered.data)["code"]) == (503, "feed_unreachable")
    with FeedSimulator(build_wheel(world.folder / "w", "late", "1.0"), port=port):
        assert world.get(index + "late/").status == 200
    assert world.gateway.session("b2").explain() is None


@pytest.mark.parametrize(
    ("behaviour", "code", "status"),
    [
        (Behaviour(stall="never"), "feed_timeout", 504),
        (Behaviour(stall="endless"), "feed_too_large", 502),
        (Behaviour(page=b"{]"), "feed_malformed", 502),
        (Behaviour(page=b"hello", content_type="text/plain"), "feed_malformed", 502),
        (Behaviour(redirect="http://127.0.0.1:1/evil{path}"), "feed_redirect_refused", 502),
        (Behaviour(redirect="https://evil.example{path}"), "feed_redirect_refused", 502),
        (Behaviour(redirect="{path}"), "feed_redirect_refused", 502),
    ],
)
def test_a_feed_that_misbehaves_is_told_as_what_it_does(
    world: World, behaviour: Behaviour, code: str, status: int
) -> None:
    with FeedSimulator(behaviour=behaviour) as bad:
        world.gateway.connect("bad", bad.base_url, world.canary)
        answered = world.get(world.gateway.build("b2", bad.url) + "six/")
    assert (json.loads(answered.data)["code"], answered.status) == (code, status)


def test_a_page_that_redirects_elsewhere_does_not_take_the_credential_along(world: World) -> None:
    with FeedSimulator() as thief:
        world.feed.behaviour.redirect = thief.base_url + "{path}"
        assert world.get(world.build() + "acme/").status == 502
        assert thief.seen == []


def test_a_file_may_move_to_another_host_without_the_credential(world: World) -> None:
    with FeedSimulator(build_wheel(world.folder / "wheels", "only-here", "1.0")) as store:
        world.gateway.connect("store", store.base_url, None)
        url = world.build() + "only-here/"
        link = json.loads(world.get(url).data)["files"][0]["url"]
        world.feed.behaviour.file_redirect = store.base_url + "{path}"
        assert world.get(urljoin(url, link)).status == 200
        assert [request.authorization for request in store.seen] == [None]


def test_a_file_that_moves_to_an_internal_address_is_refused(world: World) -> None:
    url = world.build() + "only-here/"
    link = json.loads(world.get(url).data)["files"][0]["url"]
    for place in ("http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/x", "http://[::ffff:10.0.0.1]/x"):
        world.feed.behaviour.file_redirect = place
        answered = world.get(urljoin(url, link))
        assert (answered.status, json.loads(answered.data)["code"]) == (403, "origin_forbidden")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/simple/", "http://169.254.169.254/simple/", "http://10.0.0.1/"])
def test_a_definition_alone_cannot_name_an_internal_address(world: World, url: str) -> None:
    answered = world.get(world.gateway.build("b2", url) + "acme/")
    assert (answered.status, json.loads(answered.data)["code"]) == (403, "origin_forbidden")


def test_a_lost_private_package_fails_instead_of_coming_from_the_public_index(world: World) -> None:
    assert world.get(world.build() + "acme/").status == 200
    world.feed.lose("acme-1.0-py3-none-any.whl")
    answered = world.get(world.build("b2") + "acme/")
    assert (answered.status, json.loads(answered.data)["code"]) == (502, "feed_lost_package")
    without = world.get(world.gateway.build("b3") + "acme/")
    assert json.loads(without.data)["code"] == "feed_lost_package"
    mine = world.get(world.gateway.index_url + "acme/", password=TOKEN)
    assert json.loads(mine.data)["code"] == "feed_lost_package"


@pytest.mark.parametrize("form", ["json", "html"])
@pytest.mark.parametrize("offers", [True, False])
@pytest.mark.parametrize("ranges", [True, False])
def test_every_wheel_has_metadata_whatever_the_feed_can(world: World, form: str, *, offers: bool, ranges: bool) -> None:
    behaviour = world.feed.behaviour
    behaviour.form = "json" if form == "json" else "html"
    behaviour.with_metadata, behaviour.with_ranges = offers, ranges
    big = build_wheel(world.folder / "wheels", "big", "1.0", files={"big/data.bin": bytes(range(256)) * 1000})
    world.feed.add(big)
    for project, wheel in (("acme", "acme-1.0-py3-none-any.whl"), ("big", big.name)):
        url = f"{world.build()}{project}/"
        assert json.loads(world.get(url).data)["files"][0]["core-metadata"] is True
        answered = world.get(urljoin(url, f"../../files/{project}/{wheel}.metadata"))
        assert answered.status == 200
        assert f"Name: {project}".encode() in answered.data


def test_swapped_bytes_are_refused_and_not_served(world: World) -> None:
    url = world.build() + "only-here/"
    assert world.get(url).status == 200
    world.feed.swap("only_here-1.0-py3-none-any.whl", b"evil")
    answered = world.get(urljoin(url, "../../files/only-here/only_here-1.0-py3-none-any.whl"))
    assert (answered.status, json.loads(answered.data)["code"]) == (422, "hash_mismatch")


def test_a_transfer_that_breaks_off_is_told_and_can_be_repeated(world: World) -> None:
    url = world.build() + "only-here/"
    assert world.get(url).status == 200
    world.feed.behaviour.stall = "cut"
    link = urljoin(url, "../../files/only-here/only_here-1.0-py3-none-any.whl")
    assert json.loads(world.get(link).data)["code"] == "feed_failed"
    world.feed.behaviour.stall = None
    assert world.get(link).status == 200
    assert list((world.folder / "staging").iterdir()) == []


def test_many_clients_of_one_file_share_one_fetch(world: World) -> None:
    url = world.build() + "only-here/"
    world.get(url)
    link = urljoin(url, "../../files/only-here/only_here-1.0-py3-none-any.whl")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(world.get, [link] * 8))
    assert {Digest.of(answer.data) for answer in answers} == {Digest.of(answers[0].data)}
    assert sum(request.path.endswith(".whl") for request in world.feed.seen) < 8


@pytest.mark.parametrize(
    "path", ["builds/b1/simple/acme/", "builds/b1/files/acme/x.whl", "proxy/six/x.whl", "builds/b1"]
)
def test_nobody_is_401_and_somebody_else_is_not_404(world: World, path: str) -> None:
    world.build()
    url = f"{world.gateway.base_url}/w/w/{path}"
    nobody = world.get(url, password=None)
    assert (nobody.status, nobody.headers["www-authenticate"]) == (401, 'Basic realm="wheelkeep"')
    assert world.get(url, password="wkg_forged").status == 401
    assert world.get(url.replace("/w/w/", "/w/other/")).status == 403


def test_a_name_that_nobody_has_is_404(world: World) -> None:
    assert world.get(world.build() + "nowhere/").status == 404
    assert world.get(world.build() + "not--Normal/").status == 404


def test_the_workspaces_index_offers_public_files_under_its_own_address(world: World) -> None:
    url = world.gateway.index_url + "six/"
    answered = world.get(url, password=TOKEN)
    link = json.loads(answered.data)["files"][0]["url"]
    assert link == "../../proxy/six/six-1.17.0-py3-none-any.whl"
    assert world.get(urljoin(url, link), password=TOKEN).status == 200
    assert b"Name: six" in world.get(urljoin(url, link) + ".metadata", password=TOKEN).data
    assert world.get(urljoin(url, link), password=None).status == 401


def test_every_use_of_a_credential_is_audited_without_the_credential(world: World) -> None:
    world.get(world.build() + "acme/")
    world.get(world.build() + "six/")
    notes = world.gateway.audit.notes
    assert {(note.connection, note.principal, note.work, note.workspace) for note in notes} == {
        ("one", "tester", "b1", "w")
    }
    assert [(note.path, note.outcome) for note in notes] == [("/simple/acme/", "200"), ("/simple/six/", "404")]
    assert world.canary not in repr(notes)


def test_a_session_is_made_again_after_a_restart(world: World) -> None:
    url = world.build() + "acme/"
    assert world.get(url).status == 200
    world.gateway.gateways._sessions.forget_all()
    assert world.get(url).status == 200


def test_the_token_stands_in_no_file_of_the_server(world: World) -> None:
    url = world.build()
    for project in ("acme", "only-here", "six"):
        world.get(f"{url}{project}/")
    world.get(urljoin(url + "acme/", "../../files/acme/acme-1.0-py3-none-any.whl"))
    for path in world.folder.rglob("*"):
        if path.is_file():
            assert world.canary.encode() not in path.read_bytes(), path


def test_the_merged_page_of_an_unknown_build_is_refused(world: World) -> None:
    answered = world.get(f"{world.gateway.base_url}/w/w/builds/unknown/simple/acme/")
    assert json.loads(answered.data)["code"] == "unknown_build"


async def test_a_connection_can_be_tried_out(world: World) -> None:
    shop = OriginShop(
        world.gateway.connections,
        wheels_of=lambda _: FakeIndex(),
        blobs=world.gateway.blobs,
        public=lambda: None,
        trail=world.gateway.audit,
    )
    assert await shop.trial(world.gateway.connections.get("w", "one"), principal="ann") == 404
    world.gateway.connect("one", world.feed.base_url, "wrong")
    with pytest.raises(UpstreamError, match="refused the credential"):
        await shop.trial(world.gateway.connections.get("w", "one"), principal="ann")
    assert [note.outcome for note in world.gateway.audit.notes] == ["404", "401"]
    await shop.close()


async def test_a_name_that_only_the_workspaces_index_served_is_bound_too(world: World) -> None:
    wheel = build_wheel(world.folder / "mine", "six", "1.0")
    await world.gateway.store.add("w", wheel, wheel.name, uploader="ann")
    index = world.gateway.index_url + "six/"
    assert names((await asyncio.to_thread(world.get, index, password=TOKEN)).data) == [wheel.name]
    await asyncio.to_thread(wait_until_bound, world)
    await world.gateway.store.delete("w", wheel.name, uses=NoUses())
    await asyncio.sleep(1.1)  # the other thread's page is believed for a second
    answered = await asyncio.to_thread(world.get, index, password=TOKEN)
    assert json.loads(answered.data)["code"] == "feed_lost_package"


def wait_until_bound(world: World) -> None:
    for _ in range(500):
        if world.gateway.bindings.list("w"):
            return
        time.sleep(0.02)
    raise TimeoutError


class NoUses:
    """No lock names any wheel."""

    def environments_naming(self, _connection: Connection, _workspace: str, _sha256: str) -> list[str]:
        return []
