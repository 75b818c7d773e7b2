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

from wheelkeep.cli.output import say
from wheelkeep.proc import ProcessId, identify
from wheelkeep.sdk.embedded import ServerFile
from wheelkeep.settings import ServerSettings, worker_environment

__all__ = ["run_side_by_side"]

_START_S = 300.0
_POLL_S = 0.05
_LOOK_EVERY_S = 0.2
_RESTART_AFTER_S = 2.0
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
    """Run `python -m wheelkeep.server ARGUMENTS` and a worker until one is told to stop; the server's exit code.

    A worker that ends by itself is started again. SIGTERM gives 0; Ctrl-C passes on as KeyboardInterrupt, which the
    command line tells as 130.
    """
    worker: subprocess.Popen[bytes] | None = None
    with _stopped_by_sigterm():
        server = subprocess.Popen(_python("wheelkeep.server", [*arguments, "--worker-beside"]))
        try:
            url = _announced_by(server, settings.home)
            while url is not None and server.poll() is None:
                worker = _start_worker(url, settings.home)
                _wait_for_either(server, worker)
                if server.poll() is None:
                    say(f"the worker ended ({worker.returncode}); starting another")
                    time.sleep(_RESTART_AFTER_S)
            return server.wait()
        except _ToldToStop:
            return 0
        finally:
            _end(worker)
            _end(server)


def _start_worker(url: str, home: Path) -> "subprocess.Popen[bytes]":
    words = ["worker", "--url", url, "--token-file", str(home / "worker-token")]
    words += ["--name", "beside-the-server", "--leave-with", str(home)]
    return subprocess.Popen(_python("wheelkeep.node", words), env=worker_environment())


def _wait_for_either(server: "subprocess.Popen[bytes]", worker: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None and worker.poll() is None:
        time.sleep(_LOOK_EVERY_S)
