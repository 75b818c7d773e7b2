"""The whole application in process: every route's door, the document that describes them, and hostile input."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok

from wheelkeep.secret import Secret
from wheelkeep.server.compose import Composition, compose
from wheelkeep.settings import ServerSettings
from wheelkeep.testing.asgi import Answer, ask

PUBLIC = {"/api/v1/openapi.json"}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Composition]:
    environ = {
        "WHEELKEEP_HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "WHEELKEEP_PUBLIC_INDEX": "none",
    }
    composed = compose(ServerSettings.read(environ), public_url="http://127.0.0.1:8400")
    yield composed
    await composed.close()


@pytest.fixture
def admin(server: Composition) -> Secret:
    return server.tokens.create("admin", role="admin")[1]


async def call(
    server: Composition, method: str, path: str, token: Secret | None = None, *, body: object = None
) -> Answer:
    headers = {} if token is None else {"authorization": f"Bearer {token.reveal()}"}
    data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    return await ask(server.application, method, path, headers=headers, body=data)


def files_with(folder: Path, text: str) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]


def filled(path: str) -> str:
    return path.replace("{workspace}", "default").replace("{", "").replace("}", "")


async def operations(server: Composition, admin: Secret) -> list[tuple[str, str]]:
    document = json.loads((await call(server, "GET", "/api/v1/openapi.json", admin)).body)
    return [(method.upper(), path) for path, item in document["paths"].items() for method in item]


async def test_every_route_asks_for_a_token(server: Composition, admin: Secret) -> None:
    for method, path in await operations(server, admin):
        answer = await call(server, method, filled(path), body={})
        assert answer.status == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Basic ")


async def test_a_reader_may_not_change_anything(server: Composition, admin: Secret) -> None:
    _, reader = server.tokens.create("reader", role="reader")
    for method, path in await operations(server, admin):
        if method in {"POST", "PUT", "DELETE"}:
            answer = await call(server, method, filled(path), reader, body={})
            assert answer.status == 403, (method, path, answer.body)


async def test_a_token_of_one_workspace_learns_nothing_of_another(server: Composition, admin: Secret) -> None:
    await call(server, "POST", "/api/v1/workspaces", admin, body={"name": "other"})
    made = json.loads((await call(server, "GET", "/api/v1/workspaces/default", admin)).body)
    _, mine = server.tokens.create("mine", role="admin", workspace=made["id"])

    for workspace in ("other", "nowhere"):
        for path in (f"/api/v1/workspaces/{workspace}/wheels", f"/w/{workspace}/simple/", f"/w/{workspace}/simple/x/"):
            assert (await call(server, "GET", path, mine)).status == 403, path
    assert (await call(server, "GET", "/api/v1/workspaces/default/wheels", mine)).status == 200


async def test_package_routes_never_say_404_to_nobody(server: Composition) -> None:
    for path in ("/w/default/simple/", "/w/default/simple/idna/", "/w/nowhere/simple/idna/", "/w/default/files/a/b"):
        assert (await call(server, "GET", path)).status == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"name": 1}', b'{"unknown": "field"}', b"\xff"])
async def test_a_body_that_cannot_be_read_is_told_what_is_wrong(
    server: Composition, admin: Secret, body: bytes
) -> None:
    answer = await call(server, "POST", "/api/v1/workspaces", admin, body=body)

    problem = json.loads(answer.body)
    assert (answer.status, problem["code"]) == (400, "invalid_request")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("secret", ["c4nary", "c4na'ry", "c4na'\"ry", "c4nary' - at `$.kind`"])
async def test_a_value_in_a_body_that_cannot_be_read_is_not_shown(
    server: Composition, admin: Secret, secret: str
) -> None:
    answer = await call(server, "POST", "/api/v1/tokens", admin, body={"name": "n", "kind": secret})

    assert answer.status == 400
    assert json.loads(answer.body)["detail"].endswith("Invalid enum value what was sent - at `$.kind`")


async def test_a_connections_secret_comes_back_nowhere(server: Composition, admin: Secret, tmp_path: Path) -> None:
    canary = "c4nary-5ecret-value"
    path = "/api/v1/workspaces/default/connections/c1"
    body = {"category": "PythonFeed", "target": "https://feed.example/", "auth_type": "PAT", "value": canary}
    answers = [
        await call(server, "PUT", path, admin, body=body),
        await call(server, "GET", path, admin),
        await call(server, "GET", "/api/v1/workspaces/default/connections", admin),
        await call(server, "GET", "/api/v1/workspaces/default/audit", admin),
        await call(server, "PUT", path, admin, body=body | {"auth_type": "Nonsense"}),
        await call(server, "PUT", path, admin, body=body | {"target": "no-scheme"}),
        await call(server, "PUT", path, admin, body=body | {"value": {"wrong": canary}}),
    ]

    assert [answer.status for answer in answers] == [200, 200, 200, 200, 400, 400, 400]
    for answer in answers:
        assert canary.encode() not in answer.body
    assert files_with(tmp_path, canary) == []


async def test_a_definition_with_a_secret_is_refused_and_not_kept(
    server: Composition, admin: Secret, tmp_path: Path
) -> None:
    canary = "c4nary-5ecret-value"
    for definition in (
        {"requirements": [f"x @ https://u:{canary}@host.example/x-1.0-py3-none-any.whl"]},
        {"options": [f"--extra-index-url https://u:{canary}@host.example/simple/"]},
    ):
        path = "/api/v1/workspaces/default/environments/e"
        answer = await call(server, "POST", path, admin, body={"definition": definition})
        assert (answer.status, json.loads(answer.body)["code"]) == (400, "secret_in_definition")
        assert canary.encode() not in answer.body
    assert files_with(tmp_path, canary) == []


async def test_an_equal_definition_gets_the_version_that_has_it(server: Composition, admin: Secret) -> None:
    path = "/api/v1/workspaces/default/environments/My-Env"
    one = {"definition": {"requirements": ["idna"]}}
    other = {"definition": {"requirements": ["six"]}}
    versions = [
        json.loads((await call(server, "POST", path, admin, body=body)).body)["version"] for body in (one, other, one)
    ]

    assert versions == [1, 2, 1]
    upper = json.loads((await call(server, "GET", path.replace("My-Env", "MY-ENV"), admin)).body)
    assert (upper["name"], upper["version"]) == ("My-Env", 2)


async def test_no_input_of_the_document_makes_a_500(server: Composition, admin: Secret) -> None:
    document = json.loads((await call(server, "GET", "/api/v1/openapi.json", admin)).body)
    schema = schemathesis.openapi.from_dict(document)
    found: list[tuple[str, str, dict[str, object], object]] = []

    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok), operation

        @given(case=operation.ok().as_strategy())
        @settings(max_examples=8, database=None, deadline=None, suppress_health_check=list(HealthCheck))
        def collect(case: schemathesis.Case[Any]) -> None:
            found.append((case.method, case.formatted_path, dict(case.path_parameters or {}), case.body))

        collect()

    assert len(found) > len(document["paths"])
    statuses: set[int] = set()
    for method, path, _, body in found:
        encoded = json.dumps(body, default=str).encode() if not isinstance(body, bytes) else body
        answer = await call(server, method, path.replace("?", "%3F"), admin, body=encoded)
        assert answer.status < 500, (method, path, answer.body)
        statuses.add(answer.status)
    assert {200, 400, 403, 404} <= statuses


@given(path=st.text(max_size=60), data=st.binary(max_size=200))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
async def test_no_path_makes_a_500(server: Composition, admin: Secret, path: str, data: bytes) -> None:
    for prefix in ("/w/default/", "/api/v1/", "/w/", "/"):
        for method in ("GET", "POST"):
            answer = await call(server, method, prefix + quote(path), admin, body=data)
            assert answer.status < 500, (method, path)
