"""A folder's own server and worker: found when they run, started when they do not.

One server and one worker process, loopback only, started side by side by the first program that opens the folder and
shared by the next ones. Neither is the other's child: the server's process tree never runs foreign code. Whether one
lives is told by a lock that the kernel frees at its death, even after kill -9. Source: contract §8.
"""

import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import msgspec

from wheelkeep.errors import RequestError, UnreachableError
from wheelkeep.files import is_locked, make_data_folder, try_lock, write_atomically
from wheelkeep.proc import ProcessId, end_group, identify
from wheelkeep.sdk.file_system import check_local
from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.settings import server_environment, worker_environment

__all__ = ["Embedded", "ServerFile", "open_embedded", "stop_embedded"]

_START_S = 30.0
_LOOK_EVERY_S = 0.01
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class ServerFile(msgspec.Struct, frozen=True):
    """`server.json`: written by an embedded server once it listens."""

    url: str
    process: str


@dataclass(frozen=True, slots=True)
class Embedded:
    """A running embedded workspace."""

    url: str
    token: Secret


def open_embedded(home: Path, *, worker: bool = True) -> Embedded:
    """The server of the data folder `home`, started when none runs; its worker too.

    Side effects: makes the folder (0700) and starts processes that outlive this one.

    Raises:
        RequestError: `network_file_system`; `missing_extra` when the server's libraries are not installed.
        UnreachableError: `server_not_started`, with the end of its log.
    """
    check_local(home)
    make_data_folder(home)
    start = try_lock(home / "start.lock", wait=True)
    try:
        found = _find_or_start_server(home)
        if worker and not is_locked(home / "worker.lock") and not _lives(home, "worker"):
            _start_worker(home, found.url)
    finally:
        if start is not None:
            start.release()
    return found


def stop_embedded(home: Path) -> bool:
    """End the worker and the server of `home`; whether one ran. Work that goes on is taken up at the next start."""
    ran = False
    for name in ("worker", "server"):
        process = _process(home, name)
        if process is not None and process.alive:
            ran = True
            end_group(process)
    return ran


def _process(home: Path, name: str) -> ProcessId | None:
    """The process that was started last as the folder's `name`."""
    try:
        return ProcessId.parse((home / f"{name}.pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _lives(home: Path, name: str) -> bool:
    """Whether it is there, though it may not have taken its lock yet: a new Python needs a moment for that."""
    process = _process(home, name)
    return process is not None and process.alive


def _start_server(home: Path) -> None:
    if find_spec("sqlalchemy") is None or find_spec("starlette") is None:
        raise RequestError(
            "an embedded workspace needs the server's libraries",
            code="missing_extra",
            hint="pip install 'wheelkeep[server]', or set WHEELKEEP_URL to a server that runs elsewhere",
        )
    (home / "server.json").unlink(missing_ok=True)
    _spawn(["-m", "wheelkeep.server", "serve", "--embedded", str(home)], home / "server", server_environment())


def _start_worker(home: Path, url: str) -> None:
    arguments = ["-m", "wheelkeep.node", "worker", "--url", url, "--token-file", str(home / "worker-token")]
    arguments += ["--name", "embedded", "--lock", str(home / "worker.lock"), "--leave-with", str(home)]
    _spawn(arguments, home / "worker", worker_environment())


def _spawn(arguments: list[str], base: Path, environment: Mapping[str, str]) -> None:
    """Start a Python of ours in a session of its own, its output appended to `<base>.log`, its id in `<base>.pid`."""
    log = base.with_suffix(".log")
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, *arguments],
        environment,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(log), flags, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    _children.add(pid)
    started = identify(pid)
    if started is not None:
        write_atomically(base.with_suffix(".pid"), str(started).encode(), mode=0o600)


_children: set[int] = set()
"""What this process started and has not reaped."""


def _reap() -> None:
    for pid in list(_children):
        try:
            gone, _ = os.waitpid(pid, os.WNOHANG)
        except ChildProcessError:
            gone = pid
        if gone:
            _children.discard(pid)


def _find_or_start_server(home: Path) -> Embedded:
    """The server that has the folder, or one that is started now.

    A server that is just leaving still holds its lock for a moment: it is waited for, then another is started.
    """
    deadline = time.monotonic() + _START_S
    started = False
    while time.monotonic() < deadline:
        found = _read_server(home)
        if found is not None:
            return found
        _reap()
        if not is_locked(home / "server.lock"):
            if not started:
                _start_server(home)
                started = True
            elif not _children:
                break
        time.sleep(_LOOK_EVERY_S)
    raise UnreachableError(
        f"the server of {home} did not start",
        code="server_not_started",
        hint=f"see {home / 'server.log'}: {_last_line(home / 'server.log')}",
    )


def _read_server(home: Path) -> Embedded | None:
    """The server that announced itself in `home`, when it lives, holds the folder's lock and is on this machine.

    The folder may have come with a cloned repository: its word alone must not send a token anywhere.
    """
    try:
        file = msgspec.json.decode((home / "server.json").read_bytes(), type=ServerFile)
        token = (home / "token").read_text(encoding="utf-8").strip()
        alive = ProcessId.parse(file.process).alive and is_locked(home / "server.lock")
        here = SafeUrl.parse(file.url).host in _LOOPBACK
    except (OSError, msgspec.DecodeError, ValueError):
        return None
    return Embedded(file.url, Secret(token)) if alive and here and token else None


def _last_line(log: Path) -> str:
    """What the server said last, best its own error."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        lines = []
    errors = [line for line in lines[-3:] if line.startswith("error: ")]
    return (errors or lines or ["it wrote nothing"])[-1][:300]
