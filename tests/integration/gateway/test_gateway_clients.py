"""Real uv and pip against the gateway, and a real pypiserver with a password behind it."""

import base64
import hashlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
import uv

from wheelkeep.settings import child_environment
from wheelkeep.testing.gateway_app import GRANT, TOKEN
from wheelkeep.testing.gateway_world import World
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.wire.resources import ConnectionBody

pytestmark = pytest.mark.servers


def with_password(url: str, password: str) -> str:
    return url.replace("http://", f"http://__token__:{password}@")


def run_uv(world: World, requirement: str, url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [uv.find_uv_bin(), "pip", "compile", "-", "--no-config", "--no-build", "--no-header", *arguments]
    return subprocess.run(
        [*command, "--cache-dir", str(world.folder / "uv"), "--index-url", with_password(url, GRANT)],
        env=child_environment({"HOME": str(world.folder), "UV_HTTP_RETRIES": "0"}),
        input=requirement,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_uv_resolves_private_and_public_packages_through_one_index(world: World) -> None:
    done = run_uv(world, "acme\nonly-here\n", world.build())
    assert done.returncode == 0, done.stderr
    assert "acme==1.0" in done.stdout
    assert "six==1.17.0" in done.stdout
    assert world.canary not in done.stdout + done.stderr


def test_uv_reads_metadata_and_never_a_whole_wheel(world: World) -> None:
    assert run_uv(world, "acme\n", world.build()).returncode == 0
    assert all(request.range is not None for request in world.feed.seen if request.path.endswith(".whl"))


def test_uv_stops_when_the_feed_fails_and_does_not_take_the_public_package(world: World) -> None:
    world.gateway.connect("one", world.feed.base_url, "wrong")
    done = run_uv(world, "acme\n", world.build())
    assert done.returncode != 0
    assert "99.0" not in done.stdout + done.stderr
    error = world.gateway.session("b1").explain()
    assert error is not None
    assert (error.code, error.detail["connection"]) == ("feed_authentication_failed", "one")


def test_uv_stops_without_the_grant(world: World) -> None:
    done = run_uv(world, "acme\n", world.build().replace("/w/w/", "/w/other/"))
    assert done.returncode != 0
    assert "403" in done.stderr


def test_a_lock_of_uv_holds_neither_grant_nor_feed(world: World) -> None:
    lock = world.folder / "pylock.toml"
    done = run_uv(world, "acme\n", world.build(), "--output-file", str(lock))
    assert done.returncode == 0, done.stderr
    text = lock.read_text()
    assert "acme-1.0-py3-none-any.whl" in text
    assert GRANT not in text
    assert world.canary not in text
    assert world.feed.base_url not in text


@pytest.mark.parametrize("own", [True, False])
def test_pip_installs_through_both_indexes(world: World, tmp_path: Path, *, own: bool) -> None:
    url = with_password(world.gateway.index_url, TOKEN) if own else with_password(world.build(), GRANT)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "install", "--no-cache-dir", "--no-deps", "--index-url", url),
            *("--target", str(tmp_path / "target"), "six" if own else "only-here"),
        ],
        env=child_environment({"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull, "PIP_NO_COMPILE": "1"}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert world.canary not in done.stdout + done.stderr


@pytest.fixture
def pypiserver(tmp_path: Path) -> Iterator[str]:
    packages = tmp_path / "pypiserver"
    build_wheel(packages, "acme-features", "1.2", requires=["six"])
    hashed = hashlib.sha1(b"c4nary-htpasswd").digest()  # noqa: S324 - a scheme of Apache's htpasswd
    (tmp_path / "htpasswd").write_text(f"reader:{{SHA}}{base64.b64encode(hashed).decode()}\n")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port)),
            *("-a", "update,download,list", "-P", str(tmp_path / "htpasswd"), "--disable-fallback", str(packages)),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def _wait_for(port: int) -> None:
    with urllib3.PoolManager() as pool:
        for _ in range(200):
            try:
                pool.request("GET", f"http://127.0.0.1:{port}/", retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
            else:
                return
    raise TimeoutError("pypiserver did not start")


def test_a_real_pypiserver_with_a_password_is_reached_through_its_connection(world: World, pypiserver: str) -> None:
    body = ConnectionBody(
        category="PythonFeed",
        target=pypiserver,
        auth_type="UsernamePassword",
        value={"username": "reader", "password": "c4nary-htpasswd"},
    )
    world.gateway.connections.set("w", "real", body, by="tester")
    url = world.gateway.build("b2", f"{pypiserver}/simple/")
    done = run_uv(world, "acme-features\n", url)
    assert done.returncode == 0, done.stderr
    assert "acme-features==1.2" in done.stdout
    answered = world.get(url.replace("/simple/", "/files/acme-features/acme_features-1.2-py3-none-any.whl"))
    assert answered.status == 200
    assert {note.outcome for note in world.gateway.audit.notes if note.connection == "real"} <= {"200", "206", "404"}
