"""The canary: a feed's credential stands nowhere, after success and after failure, and a planted one is found.

Searched: the data folder (database, objects, logs), the node's folder (files, environments, the resolver's cache), HOME
and the XDG folders, temporary files, every answer that the SDK gave, and what processes showed while they worked. The
key ring's folder is searched too: what is stored is ciphertext, and no form of the token is in it.
"""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path

import pytest

from wheelkeep.errors import WheelkeepError
from wheelkeep.testing.canary import search
from wheelkeep.testing.canary_forms import forms
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.process_tree import ProcessSampler
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened

pytestmark = [pytest.mark.servers, pytest.mark.slow]

Value = str | dict[str, str]


def _values(token: str) -> Mapping[str, Value]:
    return {
        "PAT": token,
        "UsernamePassword": {"username": "somebody", "password": token},
        "Bearer": token,
    }


def _story(user: User, feed: FeedSimulator, auth_type: str, value: Value) -> list[object]:
    """A success, then a failure, with every answer on the way."""
    name = f"secret-{auth_type.lower()}"
    described = user.workspace.set_connection(name, "PythonFeed", feed.base_url, auth_type, value)
    environment = user.build(name, [name], [f"--extra-index-url {feed.url}"])
    run = user.submit(environment, "import os, sys; print(dict(os.environ), sys.argv)")
    details = run.wait_for_completion()
    feed.behaviour.accepts = {"nobody"}
    failure = user.fail(f"{name}-again", [name, "more"], [f"--extra-index-url {feed.url}"])
    api = user.workspace.api
    builds = api.get(user.workspace.path("builds"), list[dict[str, object]])
    return [
        *(described, details, failure.message, failure.hint, failure.detail, user.lines(environment)),
        *(run.get_all_logs(), user.workspace.list_connections(), builds),
        *(api.get(user.workspace.path(what), list[dict[str, object]]) for what in ("audit", "environments", "runs")),
        *(api.get_bytes(user.workspace.path("builds", str(build["id"]), "log")).decode() for build in builds),
    ]


@pytest.mark.parametrize("auth_type", ["PAT", "UsernamePassword", "Bearer"])
def test_a_credential_stands_nowhere_after_success_and_after_failure(
    places: Places, tmp_path: Path, auth_type: str
) -> None:
    token = f"wkcanary{secrets.token_hex(16)}"
    wheel = build_wheel(tmp_path / "private", f"secret-{auth_type.lower()}")
    with FeedSimulator(wheel) as feed, opened(places) as workspace:
        feed.behaviour.accepts = {token}
        user = User(workspace, places.project)
        with ProcessSampler(places.process("server").pid, places.process("worker").pid) as sampler:
            answers = _story(user, feed, auth_type, _values(token)[auth_type])

        assert any(token in request.shown for request in feed.seen)
        assert search(token, [places.root]) == []
        told = json.dumps(answers, default=str).encode()
        assert [form for pattern, form in forms(token).items() if pattern in told or pattern in sampler.text()] == []
        assert any(b"uv\0pip\0compile" in one.arguments for one in sampler.seen)

        _plant(token, places)
        assert len({hit.place for hit in search(token, [places.root])}) == 2


def _plant(token: str, places: Places) -> None:
    """A token in a wheel among the environment's files, and one in a log."""
    build_wheel(places.node / "files", "planted", files={"planted/secret.py": f"TOKEN = {token!r}"})
    with (places.data / "server.log").open("a") as log:
        log.write(f"Authorization: Bearer {token}\n")


def test_a_refused_value_stands_nowhere(places: Places) -> None:
    token = f"wkcanary{secrets.token_hex(16)}"
    with opened(places) as workspace:
        for bad in ({"target": "no-scheme"}, {"authType": "Nonsense"}, {"category": "AzureBlob"}):
            right = {"category": "PythonFeed", "target": "https://feed.example.com", "authType": "PAT"}
            with pytest.raises(WheelkeepError) as caught:
                workspace.set_connection(name="refused", value=token, **(right | bad))
            assert token not in f"{caught.value} {caught.value.hint} {caught.value.detail}"

        assert search(token, [places.root]) == []
