"""What a node may say, and what a node that was taken over, or lost its lease, may not."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wheelkeep.digest import Digest
from wheelkeep.secret import Secret
from wheelkeep.server.compose import Composition, compose
from wheelkeep.settings import ServerSettings
from wheelkeep.testing.asgi import Answer, ask

HERE = "/api/v1/workspaces/default"


@dataclass
class Server:
    composed: Composition
    admin: Secret
    node: Secret
    objects: Path

    async def say(self, method: str, path: str, token: str | Secret, body: object = None) -> Answer:
        text = token.reveal() if isinstance(token, Secret) else token
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await ask(
            self.composed.application, method, path, headers={"authorization": f"Bearer {text}"}, body=data
        )

    async def lease(self, token: Secret | None = None) -> dict[str, Any]:
        body = {"worker": "n", "python": "3.11.7", "platform": "linux-x86_64"}
        answer = await self.say("POST", "/api/v1/work/lease", token or self.node, body)
        found: dict[str, Any] = json.loads(answer.body) if answer.status == 200 else {}
        return found

    def kept(self) -> set[Path]:
        return {path for path in self.objects.rglob("*") if path.is_file()}


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    environ = {
        "WHEELKEEP_HOME": str(tmp_path / "home"),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "WHEELKEEP_PUBLIC_INDEX": "none",
    }
    composed = compose(ServerSettings.read(environ), public_url="http://127.0.0.1:8400")
    admin = composed.tokens.create("admin", role="admin")[1]
    node = composed.tokens.create("node", role="reader", kind="node")[1]
    yield Server(composed, admin, node, tmp_path / "home" / "objects")
    await composed.close()


async def ask_for_build(server: Server) -> str:
    await server.say("POST", f"{HERE}/environments/e", server.admin, {"definition": {"requirements": ["idna"]}})
    answer = await server.say("POST", f"{HERE}/environments/e/versions/1/builds", server.admin)
    return str(json.loads(answer.body)["id"])


async def hand_over(server: Server) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two leases of one piece of work: the first has lost it."""
    await ask_for_build(server)
    first = await server.lease()
    path = f"/api/v1/work/{first['id']}/release"
    assert (await server.say("POST", path, first["grant"], {"fence": first["fence"]})).status == 204
    return first, await server.lease()


@pytest.mark.parametrize("name", ["server:proposal", "server:held:x-1.0-py3-none-any.whl", "", "A", "x" * 65])
async def test_a_node_cannot_write_the_servers_own_notes(server: Server, name: str) -> None:
    await ask_for_build(server)
    lease = await server.lease()

    answer = await server.say(
        "POST", f"/api/v1/work/{lease['id']}/step", lease["grant"], {"fence": lease["fence"], "name": name}
    )

    assert (answer.status, json.loads(answer.body)["code"]) == (400, "invalid_request")
    sealed = await server.say("POST", f"/api/v1/work/{lease['id']}/seal", lease["grant"], {"fence": lease["fence"]})
    assert sealed.status == 409


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("heartbeat", {}),
        ("step", {"name": "lock"}),
        ("log", {"sequence": 1, "pieces": [{"stream": "build", "text": "forged"}]}),
        ("release", {}),
        ("seal", {}),
        ("hold", {"filename": "x"}),
        ("end", {"state": "Succeeded"}),
    ],
)
async def test_a_node_that_lost_its_lease_cannot_speak_under_the_next_fence(
    server: Server, path: str, body: dict[str, object]
) -> None:
    first, second = await hand_over(server)

    for fence in (first["fence"], second["fence"]):
        answer = await server.say(
            "POST", f"/api/v1/work/{first['id']}/{path}", first["grant"], {**body, "fence": fence}
        )
        assert (answer.status, json.loads(answer.body)["code"]) == (409, "lost_lease")
    alive = await server.say(
        "POST", f"/api/v1/work/{first['id']}/heartbeat", second["grant"], {"fence": second["fence"]}
    )
    assert alive.status == 200


async def test_an_ended_or_foreign_grant_leaves_nothing_on_the_disk(server: Server) -> None:
    first, second = await hand_over(server)
    before = server.kept()

    for lease in (first, second):  # the second holds a build, which has no outputs
        for fence in (first["fence"], second["fence"]):
            path = f"/api/v1/work/{lease['id']}/outputs/model.bin?fence={fence}"
            assert (await server.say("PUT", path, lease["grant"], b"poison")).status in {404, 409}

    assert server.kept() == before


async def test_a_node_for_one_workspace_leases_that_ones_work_alone(server: Server) -> None:
    made = json.loads((await server.say("POST", "/api/v1/workspaces", server.admin, {"name": "other"})).body)
    mine = server.composed.tokens.create("mine", role="reader", kind="node", workspace=made["id"])[1]
    build = await ask_for_build(server)

    assert await server.lease(mine) == {}
    assert (await server.lease())["id"] == build


async def test_a_run_of_an_unlocked_environment_waits_for_its_build(server: Server) -> None:
    await server.say("POST", f"{HERE}/environments/e", server.admin, {"definition": {"requirements": ["idna"]}})
    archive = b"PK\x05\x06" + bytes(18)
    digest = Digest.of(archive)
    await server.say("PUT", f"{HERE}/snapshots/{digest.hex}", server.admin, archive)
    body = {"environment": "e", "snapshot": str(digest), "script": "train.py"}
    run = json.loads((await server.say("POST", f"{HERE}/experiments/x/runs", server.admin, body)).body)

    assert (run["status"], run["version"], run["number"]) == ("Preparing", 1, 1)
    lease = await server.lease()
    assert lease["id"] == run["build"]
    assert await server.lease() == {}
    failure = {"code": "no_such_package", "message": "no origin has idna"}
    ended = {"fence": lease["fence"], "state": "Failed", "failure": failure}
    await server.say("POST", f"/api/v1/work/{lease['id']}/end", lease["grant"], ended)
    seen = json.loads((await server.say("GET", f"{HERE}/runs/{run['id']}", server.admin)).body)
    assert (seen["status"], seen["failure"]["code"]) == ("Failed", "no_such_package")


async def submit_run(server: Server, experiment: str = "x") -> dict[str, Any]:
    archive = b"PK\x05\x06" + bytes(18)
    digest = Digest.of(archive)
    await server.say("PUT", f"{HERE}/snapshots/{digest.hex}", server.admin, archive)
    body = {"environment": "e", "snapshot": str(digest), "script": "train.py"}
    answer = await server.say("POST", f"{HERE}/experiments/{experiment}/runs", server.admin, body)
    submitted: dict[str, Any] = json.loads(answer.body)
    return submitted


async def test_a_worker_whose_token_is_revoked_while_it_waits_gets_no_work(server: Server) -> None:
    token, text = server.composed.tokens.create("leaving", role="reader", kind="node")
    body = {"worker": "leaving", "python": "3.11.7", "platform": "linux-x86_64", "wait_s": 20}
    waiting = asyncio.create_task(server.say("POST", "/api/v1/work/lease", text, body))
    await asyncio.sleep(0.2)

    assert (await server.say("DELETE", f"/api/v1/tokens/{token.id}", server.admin)).status == 204
    build = await ask_for_build(server)

    answer = await asyncio.wait_for(waiting, 10)
    assert (answer.status, json.loads(answer.body)["code"]) == (401, "token_invalid")
    assert (await server.lease())["id"] == build


async def test_an_environment_in_use_is_not_deleted(server: Server) -> None:
    build = await ask_for_build(server)
    run = await submit_run(server)
    there = f"{HERE}/environments/e"
    for path in (there, f"{there}?version=1"):
        refused = await server.say("DELETE", path, server.admin)
        assert (refused.status, json.loads(refused.body)["code"]) == (409, "environment_in_use")
        assert build in refused.body.decode()

    assert (await server.say("POST", f"{HERE}/builds/{build}/cancel", server.admin)).status == 200
    seen = json.loads((await server.say("GET", f"{HERE}/runs/{run['id']}", server.admin)).body)
    assert seen["status"] == "Canceled"
    assert (await server.say("DELETE", there, server.admin)).status == 204


async def test_a_version_that_only_a_run_uses_is_not_deleted_but_another_one_is(server: Server) -> None:
    await ask_for_build(server)
    run = await submit_run(server)
    lease = await server.lease()
    await server.say(
        "POST", f"/api/v1/work/{lease['id']}/end", lease["grant"], {"fence": lease["fence"], "state": "Succeeded"}
    )
    there = f"{HERE}/environments/e"
    await server.say("POST", there, server.admin, {"definition": {"requirements": ["six"]}})

    refused = await server.say("DELETE", f"{there}?version=1", server.admin)

    assert (refused.status, json.loads(refused.body)["code"]) == (409, "environment_in_use")
    assert run["id"] in refused.body.decode()
    assert (await server.say("DELETE", there, server.admin)).status == 409
    assert (await server.say("DELETE", f"{there}?version=2", server.admin)).status == 204


async def test_the_runs_of_one_experiment_are_found_behind_many_others(server: Server) -> None:
    await ask_for_build(server)
    assert json.loads((await server.say("GET", f"{HERE}/runs", server.admin)).body) == []
    first = await submit_run(server, "rare")
    others = [await submit_run(server, "common") for _ in range(3)]

    async def listed(query: str) -> list[tuple[str, int]]:
        found = json.loads((await server.say("GET", f"{HERE}/runs?{query}", server.admin)).body)
        return [(run["id"], run["number"]) for run in found]

    assert await listed("experiment=rare&limit=2") == [(first["id"], 1)]
    assert await listed("limit=2") == [(others[2]["id"], 3), (others[1]["id"], 2)]


async def test_the_audit_is_read_from_its_newest_row_and_the_servers_own_by_its_admins_alone(server: Server) -> None:
    for number in range(3):
        body = {"name": f"n{number}", "role": "reader", "workspace": "default"}
        await server.say("POST", "/api/v1/tokens", server.admin, body)
    everywhere = json.loads((await server.say("POST", "/api/v1/tokens", server.admin, {"name": "e"})).body)
    default = json.loads((await server.say("GET", HERE, server.admin)).body)["id"]
    mine = server.composed.tokens.create("mine", role="admin", workspace=default)[1]

    async def rows(path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads((await server.say("GET", path, server.admin)).body)
        return found

    oldest_first = await rows(f"{HERE}/audit")
    newest = await rows(f"{HERE}/audit?newest=true&limit=2")
    assert newest == oldest_first[:0:-1]
    assert await rows(f"{HERE}/audit?newest=true&before={newest[-1]['n']}") == oldest_first[:1]
    assert [row["workspace"] for row in oldest_first] == [default] * 3
    [own] = await rows("/api/v1/audit")
    assert (own["action"], own["path"]) == ("token create", f"user/contributor/{everywhere['id']}")
    assert (await server.say("GET", "/api/v1/audit", mine)).status == 403
