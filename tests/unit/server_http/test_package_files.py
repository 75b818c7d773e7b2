"""Files by digest over HTTP: ranges, immutability, and who may have them."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.server.http.byte_range import ByteRange, UnsatisfiableRange, parse_range
from wheelkeep.server.store.wheel import Wheel
from wheelkeep.testing.asgi import Answer, ask
from wheelkeep.testing.package_app import PackageApp, open_package_app
from wheelkeep.testing.package_door import basic
from wheelkeep.testing.wheels import build_wheel


class Case:
    """An application with one wheel, and the wheel's bytes."""

    def __init__(self, app: PackageApp, wheel: Wheel, content: bytes) -> None:
        self.app = app
        self.wheel = wheel
        self.content = content
        self.target = f"/w/team/files/{wheel.digest.hex}/{wheel.filename}"

    async def get(self, target: str | None = None, *, method: str = "GET", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await ask(self.app, method, target or self.target, headers={"authorization": basic("reader")} | named)


@pytest.fixture
async def case(tmp_path: Path) -> Case:
    app = open_package_app(tmp_path / "server")
    path = build_wheel(tmp_path, "demo", "1.0+cu12", files={"demo/data": bytes(range(256)) * 9000}, compression=0)
    content = path.read_bytes()
    return Case(app, (await app.store.add("id-of-team", path, path.name, uploader="somebody")).wheel, content)


async def test_the_whole_file_with_headers_for_ever(case: Case) -> None:
    answer = await case.get()
    assert answer.status == 200
    assert answer.body == case.content
    assert answer.headers["content-length"] == str(len(case.content))
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert answer.headers["etag"] == f'"{case.wheel.digest.hex}"'
    assert "set-cookie" not in answer.headers


async def test_the_plus_of_a_local_version_may_be_encoded(case: Case) -> None:
    assert (await case.get(case.target.replace("+", "%2B"))).body == case.content


async def test_head_has_length_and_ranges_and_no_body(case: Case) -> None:
    head = await case.get(method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers == (await case.get()).headers


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-22", -22, None), ("bytes=0-99999999", 0, None),
     ("bytes=1048570-1048590", 1048570, 1048591), ("bytes=-99999999", 0, None)],
)  # fmt: skip
async def test_a_range_is_answered_with_just_that(case: Case, asked: str, begin: int, end: int | None) -> None:
    answer = await case.get(range=asked)
    expected = case.content[begin:end]
    assert answer.status == 206
    assert answer.body == expected
    first = begin % len(case.content)
    assert answer.headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{len(case.content)}"
    assert answer.headers["content-length"] == str(len(expected))


@pytest.mark.parametrize("asked", ["bytes=9999999-", "bytes=-0"])
async def test_a_range_behind_the_end_is_416(case: Case, asked: str) -> None:
    answer = await case.get(range=asked)
    assert (answer.status, answer.headers["content-range"]) == (416, f"bytes */{len(case.content)}")


@pytest.mark.parametrize("asked", ["bytes=5-2", "bytes=0-1,5-6", "lines=1-2", "bytes=", "bytes=-"])
async def test_a_range_that_says_nothing_gets_the_whole(case: Case, asked: str) -> None:
    assert (await case.get(range=asked)).status == 200


async def test_if_range_with_another_etag_gets_the_whole(case: Case) -> None:
    assert (await case.get(range="bytes=0-9", if_range='"other"')).status == 200
    assert (await case.get(range="bytes=0-9", if_range=f'"{case.wheel.digest.hex}"')).status == 206


async def test_a_known_file_is_304(case: Case) -> None:
    assert (await case.get(if_none_match=f'"{case.wheel.digest.hex}"')).status == 304


async def test_metadata_stands_beside_the_wheel_byte_for_byte(case: Case) -> None:
    answer = await case.get(case.target + ".metadata")
    assert answer.body == await case.app.blobs.read(case.wheel.metadata_digest)
    assert answer.headers["etag"] == f'"{case.wheel.metadata_digest.hex}"'


@pytest.mark.parametrize("token", [None, "unknown", "stranger"])
async def test_the_refusal_does_not_depend_on_what_is_there(case: Case, token: str | None) -> None:
    headers = {} if token is None else {"authorization": basic(token)}
    there = await ask(case.app, "GET", case.target, headers=headers)
    not_there = await ask(case.app, "GET", case.target.replace("demo", "nemo"), headers=headers)
    assert there.status == not_there.status == (403 if token == "stranger" else 401)
    assert case.content not in there.body


async def test_what_is_not_held_is_404_for_those_who_may_know(case: Case) -> None:
    for target in (
        case.target.replace("demo", "nemo"),
        case.target + ".asc",
        f"/w/team/files/{'0' * 64}/{case.wheel.filename}",
        "/w/team/files/x",
    ):
        answer = await case.get(target)
        assert answer.status == 404
        assert json.loads(answer.body)["code"] == "unknown_file"


async def test_a_lost_object_is_said_to_be_damaged_before_anything_is_sent(case: Case) -> None:
    await case.app.blobs.delete(case.wheel.digest)
    answer = await case.get()
    assert answer.status == 422
    assert json.loads(answer.body)["code"] == "damaged_object"


async def test_a_file_that_breaks_off_ends_the_connection_not_the_file(case: Case, tmp_path: Path) -> None:
    path = next((tmp_path / "server" / "objects").rglob(case.wheel.digest.hex))
    path.chmod(0o600)
    path.write_bytes(case.content[: 1 << 20])
    with pytest.raises(Exception, match="ends early"):
        await case.get()


@given(st.binary(max_size=40), st.integers(0, 10_000))
def test_any_range_lies_inside_the_file(header: bytes, size: int) -> None:
    found = parse_range(header, size)
    if isinstance(found, ByteRange):
        assert 0 <= found.offset < found.offset + found.length <= size
    else:
        assert found is None or isinstance(found, UnsatisfiableRange)
