"""A server and a worker side by side, in one terminal: neither is the other's child, both end with this process.

The worker gets a token of its own, which the server leaves in a file that only its owner can read, and an environment
without any secret.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from wheelkeep.proc import ProcessId, identify
from wheelkeep.sdk.embedded import ServerFile
from wheelkeep.settings import ServerSettings, worker_environment

__all__ = ["run_side_by_side"]

_START_S = 30.0
_POLL_S = 0.05
_GRACE_S = 10.0


def _python(module: str, arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", module, *arguments]


def _announced_by(server: "subprocess.Popen[bytes]", home: Path) -> str | None:
    """The URL that this very server listens on, or None when it ended or did not begin in time.

    What it announced is asked, not the port: another program may hold that, and must not get the worker's token.
    """
    deadline = time.monotonic() + _START_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            told = msgspec.json.decode((home / "server.json").read_bytes(), type=ServerFile)
            if ProcessId.parse(told.process) == identify(server.pid):
                return told.url
        except (OSError, ValueError, msgspec.DecodeError):
            pass
        time.sleep(_POLL_S)
    return None


def _end(process: "subprocess.Popen[bytes] | None") -> None:
    if process is None:
        return
    process.terminate()
    try:
        process.wait(_GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class _ToldToStop(BaseException):
    """SIGTERM came: the usual end of a service, and no failure. Ctrl-C stays KeyboardInterrupt."""


@contextmanager
def _stopped_by_sigterm() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _ToldToStop

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run_side_by_side(settings: ServerSettings, arguments: Sequence[str]) -> int:
    """Run `python -m wheelkeep.server ARGUMENTS` and a worker until one is told to stop; its exit code.

    SIGTERM gives 0; Ctrl-C passes on as KeyboardInterrupt, which the command line tells as 130.
    """
    worker: subprocess.Popen[bytes] | None = None
    with _stopped_by_sigterm():
        server = subprocess.Popen(_python("wheelkeep.server", arguments))
        try:
            url = _announced_by(server, settings.home)
            if url is not None:
                words = ["worker", "--url", url, "--token-file", str(settings.home / "worker-token")]
                words += ["--name", "beside-the-server", "--leave-with", str(settings.home)]
                worker = subprocess.Popen(_python("wheelkeep.node", words), env=worker_environment())
            return server.wait()
        except _ToldToStop:
            return 0
        finally:
            _end(worker)
            _end(server)
