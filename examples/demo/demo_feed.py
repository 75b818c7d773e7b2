"""The private feed of the demo: a real pypiserver with a password, on loopback, in a process of its own."""

import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from passlib.apache import HtpasswdFile  # type: ignore[import-untyped] # passlib ships no types

USER = "__token__"
_START_S = 20.0
_POLL_S = 0.05


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _choose_port(note: Path) -> int:
    """Last time's port when it is free, so that the environment's definition stays the same; else a new one."""
    if note.exists() and _is_free(int(note.read_text(encoding="utf-8"))):
        return int(note.read_text(encoding="utf-8"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    note.write_text(str(port), encoding="utf-8")
    return port


class Feed:
    """A pypiserver that shows nothing without the password; the token is made anew each time and stored hashed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = folder / "packages"
        self.packages.mkdir(parents=True, exist_ok=True)
        self.token = f"feedpat{secrets.token_hex(20)}"
        self.port = _choose_port(folder / "port")
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it refuses a visitor without the password.

        Raises:
            RuntimeError: it did not come up.
        """
        passwords = HtpasswdFile(str(self.folder / "htpasswd"), new=True)
        passwords.set_password(USER, self.token)
        passwords.save()
        command = [str(Path(sys.executable).with_name("pypi-server")), "run", "--disable-fallback"]
        command += ["--interface", "127.0.0.1", "--port", str(self.port), "--authenticate", "update,download,list"]
        command += ["--passwords", str(self.folder / "htpasswd"), str(self.packages)]
        with (self.folder / "feed.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while not self._refuses_strangers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                self.stop()
                raise RuntimeError(f"the feed did not start: see {self.folder / 'feed.log'}")
            time.sleep(_POLL_S)

    def _refuses_strangers(self) -> bool:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"{self.url}/simple/", timeout=5):
                return False
        except urllib.error.HTTPError as answer:
            with answer:
                return answer.code == 401  # noqa: PLR2004 - the status that says: who are you
        except OSError:
            return False

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None
