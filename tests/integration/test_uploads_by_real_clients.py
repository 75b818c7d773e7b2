"""twine, `uv publish`, pip and uv against the package routes on a real server."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uv
import uvicorn
from packaging.version import Version

from wheelkeep.settings import child_environment
from wheelkeep.testing.package_app import PackageApp, open_package_app
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers


@dataclass(frozen=True)
class Served:
    """The application and where it listens."""

    app: PackageApp
    port: int
    home: Path

    def index(self, token: str) -> str:
        """The index URL with a token as the Basic password."""
        return f"http://__token__:{token}@127.0.0.1:{self.port}/w/team/simple/"

    @property
    def legacy(self) -> str:
        """Where uploads go."""
        return f"http://127.0.0.1:{self.port}/w/team/legacy/"

    def run(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """A client program with a home of its own and no configuration of this machine."""
        environment = child_environment({"HOME": str(self.home), "PIP_CONFIG_FILE": os.devnull} | variables)
        return subprocess.run(
            [str(one) for one in arguments], env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    def uv(self, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Uv with a cache of its own."""
        return self.run(uv.find_uv_bin(), *arguments, "--no-config", "--cache-dir", self.home / "uv", **variables)

    def twine(self, *arguments: str | Path, token: str) -> subprocess.CompletedProcess[str]:
        """`twine upload`."""
        common = ("--non-interactive", "--disable-progress-bar", "--repository-url", self.legacy)
        return self.run(
            sys.executable,
            "-m",
            "twine",
            "upload",
            *common,
            *arguments,
            TWINE_USERNAME="__token__",
            TWINE_PASSWORD=token,
        )

    def publish(self, *arguments: str | Path, token: str) -> subprocess.CompletedProcess[str]:
        """`uv publish`."""
        return self.uv("publish", "--publish-url", self.legacy, *arguments, UV_PUBLISH_TOKEN=token)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    app = open_package_app(tmp_path / "server")
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield Served(app, int(listener.getsockname()[1]), tmp_path / "home")
    server.should_exit = True
    thread.join()
    listener.close()
    app.database.close()


def test_twine_uploads_and_is_told_that_other_content_exists(served: Served, tmp_path: Path) -> None:
    path = build_wheel(tmp_path / "a", "demo", requires_python=">=3.9")
    first = served.twine(path, token="publisher")
    assert first.returncode == 0, first.stdout + first.stderr
    again = served.twine(path, token="publisher")
    assert again.returncode == 0, again.stdout + again.stderr
    other = build_wheel(tmp_path / "b", "demo", files={"demo.py": "other"})
    refused = served.twine(other, "--verbose", token="publisher")
    assert refused.returncode == 1
    assert "Filealreadyexists" in "".join(refused.stdout.split())  # twine wraps what it prints


def test_uv_publish_uploads_many_and_is_told_what_is_wrong(served: Served, tmp_path: Path) -> None:
    paths = [build_wheel(tmp_path / "a", f"demo-{n}", "1.0+local") for n in range(5)]
    first = served.publish(*paths, token="publisher")
    assert first.returncode == 0, first.stderr
    assert served.publish(*paths, token="publisher").returncode == 0
    refused = served.publish(
        build_wheel(tmp_path / "b", "demo-0", "1.0+local", files={"x.py": "other"}), token="publisher"
    )
    assert refused.returncode != 0
    assert "File already exists" in refused.stderr


@pytest.mark.parametrize("token", ["reader", "unknown"])
def test_a_client_without_the_right_is_told_so(served: Served, tmp_path: Path, token: str) -> None:
    path = build_wheel(tmp_path, "demo")
    assert served.publish(path, token=token).returncode != 0
    assert served.twine(path, token=token).returncode != 0
    assert served.uv("pip", "compile", "-", "--index-url", served.index("publisher")).returncode == 0


def test_a_wheel_of_thirty_mebibytes_arrives_whole(served: Served, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "big", files={"big/data": os.urandom(30 << 20)}, compression=0)
    assert served.publish(path, token="publisher").returncode == 0
    installed = served.uv(
        "pip", "install", "--target", tmp_path / "target", "--index-url", served.index("reader"), "big"
    )
    assert installed.returncode == 0, installed.stderr
    assert (tmp_path / "target" / "big" / "data").stat().st_size == 30 << 20


def test_uv_locks_with_hashes_sizes_and_times_and_installs_from_the_lock(served: Served, tmp_path: Path) -> None:
    for path in (build_wheel(tmp_path, "demo", requires=["leaf>=1"]), build_wheel(tmp_path, "leaf", "1.5")):
        assert served.publish(path, token="publisher").returncode == 0
    requirements = tmp_path / "requirements.in"
    requirements.write_text("demo\n")
    lock = tmp_path / "pylock.toml"
    compiled = served.uv(
        "pip",
        "compile",
        requirements,
        "-o",
        lock,
        "--index-url",
        served.index("reader"),
        "--exclude-newer",
        "2099-01-01",
    )
    assert compiled.returncode == 0, compiled.stderr
    text = lock.read_text()
    assert "upload-time" in text
    assert "size = " in text
    assert "sha256" in text
    assert "reader" not in text
    installed = served.uv(
        "pip", "install", "--target", tmp_path / "target", "-r", lock, "--index-url", served.index("reader")
    )
    assert installed.returncode == 0, installed.stderr
    assert (tmp_path / "target" / "leaf").is_dir()


def test_without_a_token_uv_stops_and_takes_no_public_package(served: Served, tmp_path: Path) -> None:
    assert served.publish(build_wheel(tmp_path / "a", "six", "99.0"), token="publisher").returncode == 0
    impostor = tmp_path / "links"
    build_wheel(impostor, "six", "100.0")
    requirements = tmp_path / "requirements.in"
    requirements.write_text("six\n")
    stopped = served.uv(
        "pip", "compile", requirements, "--index", f"http://127.0.0.1:{served.port}/w/team/simple/",
        "--default-index", impostor.as_uri(),
    )  # fmt: skip
    assert stopped.returncode != 0
    assert "401" in stopped.stderr


def test_pip_installs_by_index_and_by_stable_url(served: Served, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", console_scripts={"demo": "demo:main"})
    assert served.publish(path, token="publisher").returncode == 0
    target = tmp_path / "env"
    venv.create(target, with_pip=True)
    pip = (target / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-cache-dir")
    installed = served.run(*pip, "--index-url", served.index("reader"), "demo==1.0")
    assert installed.returncode == 0, installed.stdout + installed.stderr
    page = served.run(
        *pip, "--force-reinstall", "--index-url", served.index("reader").replace("reader", "unknown"), "demo"
    )
    assert page.returncode != 0
    listed = served.run(*pip, "--dry-run", "-v", "--force-reinstall", "--index-url", served.index("reader"), "demo")
    own = Version(listed.stdout.removeprefix("Using pip ").split()[0])
    assert ".metadata" in listed.stdout or own < Version("23.2")  # resolved from METADATA alone, by a pip that can
    server = served.index("reader").removesuffix("/w/team/simple/")
    (wheel,) = asyncio.run(served.app.store.list("id-of-team"))
    direct = served.run(*pip, "--force-reinstall", wheel.stable_url(server, "team"))
    assert direct.returncode == 0, direct.stdout + direct.stderr
    recorded = next(target.rglob("demo-1.0.dist-info/direct_url.json")).read_text()
    assert "reader" not in recorded
