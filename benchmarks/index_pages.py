"""CPU time per request of the workspace's JSON project page, beside simple-repository-server and devpi.

One command: `.venv/bin/python benchmarks/index_pages.py`. Installs the peers by uv into a temporary folder, serves the
same ten wheels of one project with each, and prints medians of interleaved rounds. Goal: at most 1/20 of either peer.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import uv

from measuring import Target, end_servers_when_ended, free_port, median_cpu_us, running, wait_for
from own_server import NAME, wheelkeep_server
from wheelkeep.settings import child_environment
from wheelkeep.testing.wheels import build_wheel

ACCEPT = {"Accept": "application/vnd.pypi.simple.v1+json"}
ROUNDS = 5
CONNECTIONS = 8


def install(folder: Path, *packages: str) -> Path:
    """The `bin` folder of a new virtual environment with `packages`."""
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "-p", sys.executable, folder], check=True)
    subprocess.run([uv.find_uv_bin(), "pip", "install", "-q", "-p", folder / "bin" / "python", *packages], check=True)
    return folder / "bin"


def wheelkeep(folder: Path, wheels: Path) -> AbstractContextManager[Target]:
    """The whole server, asked with a token."""
    return wheelkeep_server(folder, sorted(wheels.glob("*.whl")), path="/w/default/simple/demo/", headers=ACCEPT)


@contextmanager
def simple_repository_server(folder: Path, wheels: Path) -> Iterator[Target]:
    """CERN's server over a folder."""
    programs = install(folder / "env", "simple-repository-server")
    shutil.copytree(wheels, folder / "repository" / "demo")
    port = free_port()
    command = (programs / "simple-repository-server", "--port", str(port), folder / "repository")
    with running(*command, home=folder) as process:
        wait_for(port)
        yield Target("simple-repository-server", process.pid, port, "/simple/demo/", ACCEPT)


def call(url: str, method: str, body: dict[str, object], headers: dict[str, str]) -> dict[str, object]:
    """A JSON request and its answer."""
    request = urllib.request.Request(  # noqa: S310 - loopback, by http
        url, json.dumps(body).encode(), {"Content-Type": "application/json"} | headers, method=method
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
        found: dict[str, object] = json.load(answer)
    return found


@contextmanager
def devpi(folder: Path, wheels: Path) -> Iterator[Target]:
    """A devpi with a stage of its own, filled by twine."""
    programs = install(folder / "env", "devpi-server", "setuptools")
    subprocess.run(
        [programs / "devpi-init", "--serverdir", folder / "data", "--no-root-pypi"], check=True, capture_output=True
    )
    port = free_port()
    command = (programs / "devpi-server", "--serverdir", folder / "data", "--port", str(port))
    with running(*command, home=folder) as process:
        wait_for(port)
        server = f"http://127.0.0.1:{port}"
        login = call(f"{server}/+login", "POST", {"user": "root", "password": ""}, {})["result"]
        assert isinstance(login, dict)
        ticket = b64encode(f"root:{login['password']}".encode()).decode()
        call(f"{server}/root/dev", "PUT", {"type": "stage", "bases": []}, {"X-Devpi-Auth": ticket})
        upload = [
            sys.executable,
            "-m",
            "twine",
            "upload",
            "--non-interactive",
            "--repository-url",
            f"{server}/root/dev/",
        ]
        subprocess.run(
            [*upload, "-u", "root", "-p", str(login["password"]), *map(str, sorted(wheels.glob("*.whl")))],
            check=True,
            capture_output=True,
            env=child_environment(),
        )
        yield Target("devpi", process.pid, port, "/root/dev/+simple/demo/", ACCEPT)


def main() -> None:
    """Print the table."""
    end_servers_when_ended()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        for number in range(10):
            build_wheel(folder / "wheels", "demo", f"1.{number}", requires_python=">=3.9", requires=["six>=1"])
        targets = []
        for serve in (wheelkeep, simple_repository_server, devpi):
            (folder / serve.__name__).mkdir()
            targets.append(stack.enter_context(serve(folder / serve.__name__, folder / "wheels")))
        counts = {NAME: 8000}
        found = median_cpu_us(
            targets, requests=lambda target: counts.get(target.name, 400), connections=CONNECTIONS, rounds=ROUNDS
        )
        ours = found[NAME][0]
        print(f"JSON page of a project with ten wheels, {CONNECTIONS} connections, median of {ROUNDS} rounds")
        print(f"{'server':28} {'CPU us/request':>16} {'body bytes':>12} {'times ours':>12}")
        for name, (cpu_us, length) in found.items():
            print(f"{name:28} {cpu_us:16.0f} {length:12} {cpu_us / ours:12.1f}")
        print(f"(load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; goal: at least 20 times)")


if __name__ == "__main__":
    main()
