"""A server and a worker side by side, in one terminal: neither is the other's child, both end with this process.

The worker gets a token of its own in a file that only its owner can read, and an environment without any secret.
"""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from wheelkeep.errors import UnreachableError
from wheelkeep.files import make_private_folder, write_atomically
from wheelkeep.settings import ServerSettings, worker_environment

__all__ = ["run_side_by_side"]

_START_S = 30.0
_POLL_S = 0.05
_GRACE_S = 10.0
_WILDCARDS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - recognised, not bound


def _python(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _worker_token(home: Path) -> Path:
    """The file with the worker's token, made at the first start."""
    path = make_private_folder(home) / "worker-token"
    if not path.exists():
        arguments = ["token", "create", "--node", "--name", "worker", "--home", str(home)]
        made = subprocess.run(_python("wheelkeep.server", arguments), check=False, stdout=subprocess.PIPE)
        if made.returncode != 0:
            raise UnreachableError("the worker's token could not be made", code="server_not_started")
        write_atomically(path, made.stdout, mode=0o600)
    return path


def _wait_until_it_listens(host: str, port: int, server: "subprocess.Popen[bytes]") -> bool:
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection((host, port), timeout=1).close()
        except OSError:
            time.sleep(_POLL_S)
        else:
            return True
    return False


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_side_by_side(settings: ServerSettings, arguments: Sequence[str]) -> int:
    """Run `python -m wheelkeep.server ARGUMENTS` and a worker for it until one is told to stop; the server's exit code.

    Raises:
        UnreachableError: `server_not_started`.
    """
    token = _worker_token(settings.home)
    host = _WILDCARDS.get(settings.listen_host, settings.listen_host)
    scheme = "http" if settings.tls_certificate is None else "https"
    place = f"[{host}]" if ":" in host else host
    url = settings.public_url or f"{scheme}://{place}:{settings.listen_port}"
    worker: subprocess.Popen[bytes] | None = None
    with _stopped_by_sigterm():
        server = subprocess.Popen(_python("wheelkeep.server", arguments))
        try:
            if _wait_until_it_listens(host, settings.listen_port, server):
                words = ["worker", "--url", url, "--token-file", str(token), "--name", "beside-the-server"]
                worker = subprocess.Popen(_python("wheelkeep.node", words), env=worker_environment())
            return server.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _end(worker)
            _end(server)
