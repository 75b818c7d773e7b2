"""A real pypiserver on a free loopback port, which shows nothing without its password."""

import base64
import hashlib
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from wheelkeep.settings import child_environment

__all__ = ["PypiServer"]

_USER = "__token__"
_START_S = 30.0
_POLL_S = 0.05


class PypiServer:
    """Serves the wheels in `<folder>/packages` while it is entered; a PAT goes with the user name that we send.

    Args:
        folder: its own folder.
        password: what opens it; made up when not given.
    """

    def __init__(self, folder: Path, *, password: str | None = None) -> None:
        self.packages = folder / "packages"
        self.packages.mkdir(parents=True, exist_ok=True)
        self.password = password or f"feedpat{secrets.token_hex(16)}"
        self._folder = folder
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def base_url(self) -> str:
        """Scheme, host and port: a connection's target."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def url(self) -> str:
        """The index's URL."""
        return f"{self.base_url}/simple/"

    def __enter__(self) -> Self:
        (self._folder / "htpasswd").write_text(f"{_USER}:{_hashed(self.password)}\n", encoding="utf-8")
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._port = probe.getsockname()[1]
        command = [str(Path(sys.executable).with_name("pypi-server")), "run", "--disable-fallback"]
        command += ["--interface", "127.0.0.1", "--port", str(self._port), "--authenticate", "update,download,list"]
        command += ["--passwords", str(self._folder / "htpasswd"), str(self.packages)]
        with (self._folder / "feed.log").open("wb") as log:
            self._process = subprocess.Popen(
                command, env=child_environment(), stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        while not self._refuses_strangers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                raise RuntimeError(f"the feed did not start: see {self._folder / 'feed.log'}")
            time.sleep(_POLL_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End it; nothing happens when it has ended."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _refuses_strangers(self) -> bool:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(self.url, timeout=5):
                return False
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code == HTTPStatus.UNAUTHORIZED
        except OSError:
            return False


def _hashed(password: str) -> str:
    """A line's second half in htpasswd's SHA form: passlib's own writer needs a module that Python deprecates."""
    digest = hashlib.sha1(password.encode()).digest()  # noqa: S324 - htpasswd's form; the password lives for one test
    return "{SHA}" + base64.b64encode(digest).decode()
