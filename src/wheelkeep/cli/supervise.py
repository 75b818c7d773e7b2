"""A server and a worker side by side, until one is told to stop.

Neither is the other's child, because the server's process tree never runs foreign code: this process starts both,
passes signals on, and leaves with the server's exit code. A worker that dies is started again.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType

import msgspec

from wheelkeep.cli.output import say
from wheelkeep.sdk.embedded import ServerFile
from wheelkeep.settings import server_environment, worker_environment

__all__ = ["serve_with_worker"]

_LOOK_EVERY_S = 0.1
_GRACE_S = 10.0
_RESTART_AFTER_S = 2.0


def serve_with_worker(arguments: Sequence[str], home: Path) -> int:
    """Run `python -m wheelkeep.server ARGUMENTS` and a worker for it; the server's exit code.

    Args:
        arguments: of the server.
        home: its data folder, where it announces its URL and leaves the worker's token.
    """
    (home / "server.json").unlink(missing_ok=True)
    stopping = False

    def stop(_number: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    server = subprocess.Popen(
        [sys.executable, "-m", "wheelkeep.server", *arguments],
        env=server_environment() | {"WHEELKEEP_HOME": str(home)},
        start_new_session=True,
    )
    worker: subprocess.Popen[bytes] | None = None
    started = 0.0
    try:
        while server.poll() is None and not stopping:
            url = _announced(home)
            if url is not None and (worker is None or worker.poll() is not None):
                if worker is None:
                    say(f"serving {home} at {url}, with a worker beside it")
                if time.monotonic() - started > _RESTART_AFTER_S:
                    worker, started = _start_worker(url, home), time.monotonic()
            time.sleep(_LOOK_EVERY_S)
    finally:
        for process in (worker, server):
            if process is not None:
                _end(process)
    return 0 if stopping else server.returncode


def _announced(home: Path) -> str | None:
    try:
        return msgspec.json.decode((home / "server.json").read_bytes(), type=ServerFile).url
    except (OSError, msgspec.DecodeError):
        return None


def _start_worker(url: str, home: Path) -> subprocess.Popen[bytes]:
    arguments = ["worker", "--url", url, "--token-file", str(home / "worker-token")]
    arguments += ["--name", "beside-the-server", "--lock", str(home / "worker.lock")]
    return subprocess.Popen(
        [sys.executable, "-m", "wheelkeep.node", *arguments], env=worker_environment(), start_new_session=True
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_S)
        return
    process.kill()
    process.wait()
