"""The workspace's index over HTTP: who may see it, its one address, its caching. Source: reference/index.md §8."""

import gzip
import json
from pathlib import Path

import pytest

from wheelkeep.errors import UpstreamError
from wheelkeep.server.http.index_pages import IndexPages
from wheelkeep.server.index.rendered import Rendered, render_list
from wheelkeep.testing.asgi import Answer, ask
from wheelkeep.testing.package_app import PackageApp, open_package_app
from wheelkeep.testing.package_door import FakeDoor, basic
from wheelkeep.testing.wheels import build_wheel

READER = {"authorization": basic("reader")}
JSON = {"accept": "application/vnd.pypi.simple.v1+json"}
PAGE = "/w/team/simple/my-demo/"


@pytest.fixture
async def app(tmp_path: Path) -> PackageApp:
    app = open_package_app(tmp_path / "server")
    for number in range(5):
        path = build_wheel(tmp_path / "dist", "my-demo", f"1.{number}", requires_python=">=3.9")
        await app.store.add("id-of-team", path, path.name, uploader="somebody")
    return app


async def get(app: PackageApp, target: str, *, method: str = "GET", **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(app, method, target, headers=READER | JSON | named)


async def test_the_page_of_a_project_links_to_files_that_are_there(app: PackageApp) -> None:
    answer = await get(app, PAGE)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/vnd.pypi.simple.v1+json"
    page = json.loads(answer.body)
    assert page["versions"] == ["1.0", "1.1", "1.2", "1.3", "1.4"]
    for file in page["files"]:
        target = "/w/team/" + file["url"].removeprefix("../../")
        assert len((await get(app, target)).body) == file["size"]
        metadata = await get(app, target + ".metadata")
        assert b"Requires-Python: >=3.9" in metadata.body


async def test_the_list_names_the_projects(app: PackageApp) -> None:
    assert json.loads((await get(app, "/w/team/simple/")).body)["projects"] == [{"name": "my-demo"}]


@pytest.mark.parametrize("target", [PAGE, "/w/team/simple/", "/w/team/simple/nothing/", "/w/nowhere/simple/x/"])
@pytest.mark.parametrize(
    ("authorization", "status"), [(None, 401), (basic("unknown"), 401), ("Digest x", 401), (basic("stranger"), 403)]
)
async def test_nobody_gets_401_and_a_stranger_403_whether_or_not_it_exists(
    app: PackageApp, target: str, authorization: str | None, status: int
) -> None:
    answer = await ask(app, "GET", target, headers={} if authorization is None else {"authorization": authorization})
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    if status == 401:
        assert answer.headers["www-authenticate"] == 'Basic realm="wheelkeep"'


async def test_a_reader_of_one_workspace_gets_403_for_another(app: PackageApp) -> None:
    assert (await get(app, "/w/others/simple/my-demo/")).status == 403


async def test_who_may_know_gets_404_for_what_is_not_there(app: PackageApp) -> None:
    for target in ("/w/team/simple/nothing/", "/w/team/simple/-bad-/", "/w/team/simple/a/b/c/", "/w/team/simple//"):
        answer = await get(app, target)
        assert answer.status == 404
        assert json.loads(answer.body)["code"] == "not_found"


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/w/team/simple", "simple/"),
        ("/w/team/simple/my-demo", "my-demo/"),
        ("/w/team/simple/My_Demo", "my-demo/"),
        ("/w/team/simple/My.Demo/", "../my-demo/"),
        ("/w/team/simple/my-demo?format=text/html", "my-demo/?format=text/html"),
    ],
)
async def test_another_spelling_is_redirected_to_the_one_address(app: PackageApp, target: str, location: str) -> None:
    answer = await get(app, target)
    assert (answer.status, answer.headers["location"]) == (301, location)


async def test_a_redirect_is_for_those_who_may_know_too(app: PackageApp) -> None:
    assert (await ask(app, "GET", "/w/team/simple/My_Demo")).status == 401


async def test_an_unchanged_page_is_304_for_its_own_representation_alone(app: PackageApp) -> None:
    first = await get(app, PAGE)
    again = await get(app, PAGE, if_none_match=first.headers["etag"])
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert again.headers["cache-control"] == "private, no-cache"
    assert (await get(app, PAGE, if_none_match=first.headers["etag"], accept="text/html")).status == 200
    assert (await get(app, PAGE, if_none_match='"other", W/' + first.headers["etag"])).status == 304
    await app.store.yank("id-of-team", "my_demo-1.0-py3-none-any.whl")
    assert (await get(app, PAGE, if_none_match=first.headers["etag"])).status == 200


async def test_gzip_is_sent_to_those_who_take_it(app: PackageApp) -> None:
    packed = await get(app, PAGE, accept_encoding="deflate, gzip;q=0.5")
    plain = await get(app, PAGE, accept_encoding="gzip;q=0, identity")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body
    assert packed.headers["vary"] == plain.headers["vary"] == "Accept, Accept-Encoding"
    assert packed.headers["etag"] != plain.headers["etag"]


async def test_head_has_the_headers_of_get(app: PackageApp) -> None:
    got, head = await get(app, PAGE), await get(app, PAGE, method="HEAD")
    assert head.status == 200
    assert head.headers == got.headers


async def test_no_answer_sets_a_cookie(app: PackageApp) -> None:
    for target in (PAGE, "/w/team/simple/", "/w/team/simple/nothing/"):
        assert "set-cookie" not in (await get(app, target)).headers


async def test_an_unknown_accept_is_406(app: PackageApp) -> None:
    assert (await get(app, PAGE, accept="application/json")).status == 406
    assert (await get(app, PAGE + "?format=application/json")).status == 406


async def test_without_an_accept_header_the_page_is_html(app: PackageApp) -> None:
    answer = await ask(app, "GET", PAGE, headers=READER)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


async def test_other_methods_are_405(app: PackageApp) -> None:
    answer = await get(app, PAGE, method="POST")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UpstreamError("the feed is down", code="feed_unreachable"), 503),
        (UpstreamError("the feed is slow", code="feed_timeout"), 504),
        (UpstreamError("the feed failed", code="feed_failed"), 502),
        (ValueError("canary-of-a-defect"), 500),
    ],
)
async def test_an_origin_that_fails_fails_the_page(error: Exception, status: int) -> None:
    async def fail(_workspace: str, _project: str) -> Rendered | None:
        raise error

    async def empty(_workspace: str) -> Rendered:
        return render_list(())

    answer = await ask(IndexPages(FakeDoor(), page_of=fail, list_of=empty), "GET", PAGE, headers=READER)
    assert answer.status == status
    assert "canary" not in answer.body.decode()
