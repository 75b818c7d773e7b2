"""The legacy upload over HTTP: the form, its limits, and what it may not contradict."""

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wheelkeep.testing.asgi import Answer, ask
from wheelkeep.testing.package_app import PackageApp, open_package_app
from wheelkeep.testing.package_door import basic
from wheelkeep.testing.wheels import build_wheel

TARGET = "/w/team/legacy/"
BOUNDARY = "a-boundary"
FIELDS = {
    ":action": "file_upload",
    "protocol_version": "1",
    "name": "demo",
    "version": "1.0",
    "filetype": "bdist_wheel",
}


@pytest.fixture
def app(tmp_path: Path) -> PackageApp:
    return open_package_app(tmp_path / "server", most_bytes=1 << 20)


def form(fields: dict[str, str], filename: str | None, content: bytes) -> bytes:
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
             for name, value in fields.items()]  # fmt: skip
    if filename is not None:
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{filename}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    return b"".join([*parts, f"--{BOUNDARY}--\r\n".encode()])


def form_with(path: Path, fields: dict[str, str]) -> bytes:
    return form(FIELDS | fields, path.name, path.read_bytes())


async def post(app: PackageApp, body: bytes, *, who: str | None = "publisher", **headers: str) -> Answer:
    own = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "content-length": str(len(body))}
    if who is not None:
        own["authorization"] = basic(who)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(app, "POST", TARGET, headers=own | named, body=body)


async def upload(app: PackageApp, path: Path, **fields: str) -> Answer:
    return await post(app, form_with(path, fields))


async def test_a_wheel_is_kept_and_the_same_again_is_a_success(app: PackageApp, tmp_path: Path) -> None:
    first = await upload(app, build_wheel(tmp_path / "a", "demo"))
    again = await upload(app, build_wheel(tmp_path / "b", "demo", modified=(2024, 1, 2, 3, 4, 6)))
    assert (first.status, again.status) == (200, 200)
    (wheel,) = await app.store.list("id-of-team")
    assert wheel.uploaded_by == "publisher"
    assert list(app.blobs.staging.iterdir()) == []


async def test_other_content_is_400_in_the_words_that_twine_knows(app: PackageApp, tmp_path: Path) -> None:
    await upload(app, build_wheel(tmp_path / "a", "demo"))
    answer = await upload(app, build_wheel(tmp_path / "b", "demo", files={"demo.py": "other"}))
    assert answer.status == 400
    assert b"File already exists" in answer.body
    assert json.loads(answer.body)["code"] == "wheel_exists"


@pytest.mark.parametrize(("who", "status"), [(None, 401), ("unknown", 401), ("reader", 403), ("stranger", 403)])
async def test_who_may_not_publish_is_refused(app: PackageApp, tmp_path: Path, who: str | None, status: int) -> None:
    path = build_wheel(tmp_path, "demo")
    assert (await post(app, form_with(path, {}), who=who)).status == status
    assert await app.store.list("id-of-team") == ()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"name": "other"}, "wheel_name_mismatch"),
        ({"version": "2.0"}, "wheel_name_mismatch"),
        ({"version": "two"}, "wheel_name_mismatch"),
        ({":action": "submit"}, "invalid_request"),
        ({"protocol_version": "2"}, "invalid_request"),
        ({"filetype": "sdist"}, "unsupported"),
        ({"sha256_digest": "ab" * 32}, "upload_digest_mismatch"),
        ({"sha256_digest": "short"}, "invalid_request"),
    ],
)
async def test_a_form_that_contradicts_the_wheel_is_refused(
    app: PackageApp, tmp_path: Path, fields: dict[str, str], code: str
) -> None:
    answer = await upload(app, build_wheel(tmp_path, "demo"), **fields)
    assert answer.status == 400
    assert json.loads(answer.body)["code"] == code
    assert await app.store.list("id-of-team") == ()
    assert list(app.blobs.staging.iterdir()) == []


async def test_requires_python_comes_from_the_wheel_not_from_the_form(app: PackageApp, tmp_path: Path) -> None:
    await upload(app, build_wheel(tmp_path, "demo", requires_python=">=3.9"), requires_python=">=2.7")
    assert (await app.store.list("id-of-team"))[0].requires_python == ">=3.9"


async def test_an_illegal_name_is_refused_with_the_legal_one(app: PackageApp, tmp_path: Path) -> None:
    answer = await upload(app, build_wheel(tmp_path, "demo", filename="my-custom.whl"))
    assert json.loads(answer.body)["code"] == "invalid_wheel_filename"
    assert "demo-1.0-py3-none-any.whl" in json.loads(answer.body)["hint"]


@pytest.mark.parametrize("announced", ["true length", "no length"])
async def test_a_file_over_the_limit_is_413(app: PackageApp, announced: str) -> None:
    body = form(FIELDS, "demo-1.0-py3-none-any.whl", bytes(40 << 20 if announced == "true length" else 2 << 20))
    answer = await (post(app, body) if announced == "true length" else post(app, body, content_length=""))
    assert answer.status == 413
    assert list(app.blobs.staging.iterdir()) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", form(FIELDS, None, b""), form(FIELDS, "x", b"")[:-6], form({"x": "y" * (5 << 20)}, None, b""),
     b"--a-boundary\r\n\r\n" * 3, form(FIELDS, "a.whl", b"1")[:-16] + form(FIELDS, "b.whl", b"2")],
)  # fmt: skip
async def test_a_malformed_form_is_refused(app: PackageApp, body: bytes) -> None:
    answer = await post(app, body)
    assert answer.status == 400
    assert json.loads(answer.body)["code"] in {"invalid_request", "invalid_wheel_filename"}


async def test_another_content_type_is_refused(app: PackageApp) -> None:
    assert (await post(app, b"{}", content_type="application/json")).status == 400
    assert (await post(app, b"{}", content_type="multipart/form-data")).status == 400


async def test_only_post_uploads(app: PackageApp) -> None:
    assert (await ask(app, "GET", TARGET)).status == 405


@given(st.binary(max_size=300), st.booleans())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_body_is_answered_without_a_defect(app: PackageApp, noise: bytes, inside: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    body = form(FIELDS, "demo-1.0-py3-none-any.whl", noise) if inside else noise
    assert (await post(app, body)).status == 400
