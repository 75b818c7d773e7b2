"""What the HTTP benchmarks share: a load of keep-alive requests, and the CPU time that a server spent on it.

CPU time, not wall-clock time, is judged: machines are shared. It is read from /proc/<pid>/stat of the server and its
children (ticks of 10 ms, so a round must last a second or more).
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path

from wheelkeep.settings import child_environment

__all__ = ["Target", "end_servers_when_ended", "free_port", "median_cpu_us", "running", "wait_for"]

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_RECEIVE_BYTES = 1 << 20


@dataclass(frozen=True)
class Target:
    """One URL of one running server."""

    name: str
    pid: int
    port: int
    path: str
    headers: Mapping[str, str]


def end_servers_when_ended() -> None:
    """Make SIGTERM leave by an exception, so that the servers that this process started are ended too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def free_port() -> int:
    """A port on loopback that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running(
    *command: str | Path, home: Path, variables: Mapping[str, str] | None = None
) -> Iterator["subprocess.Popen[str]"]:
    """A server for the time of the block, its words unseen, ended by its own pid."""
    words = [str(one) for one in command]
    environment = child_environment({"HOME": str(home)} | dict(variables or {}))
    nowhere = subprocess.DEVNULL  # not a pipe: one that nobody reads fills and stops an access log, and its server
    with subprocess.Popen(words, stdout=nowhere, stderr=nowhere, text=True, env=environment) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for(port: int, *, seconds: float = 90.0) -> None:
    """Wait until somebody listens on `port`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nobody listens on port {port}")


def _pids(pid: int) -> list[int]:
    children = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return [pid, *(deeper for child in children for deeper in _pids(child))]


def _cpu_s(pid: int) -> float:
    ticks = 0
    for one in _pids(pid):
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / _TICKS_PER_S


def _client(target: Target, requests: int, lengths: list[int]) -> None:
    connection = HTTPConnection("127.0.0.1", target.port)
    buffer = bytearray(_RECEIVE_BYTES)
    for _ in range(requests):
        connection.request("GET", target.path, headers=dict(target.headers))
        answer = connection.getresponse()
        if answer.status != HTTPStatus.OK:
            raise RuntimeError(f"{target.name} answers {answer.status}")
        length = 0
        while got := answer.readinto(buffer):
            length += got
    connection.close()
    lengths.append(length)


def _round(target: Target, *, requests: int, connections: int) -> tuple[float, int]:
    """CPU seconds of the server for `requests` requests, and the length of an answer's body."""
    lengths: list[int] = []
    before = _cpu_s(target.pid)
    threads = [
        threading.Thread(target=_client, args=(target, requests // connections, lengths)) for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lengths) == connections, "a client failed"
    return _cpu_s(target.pid) - before, lengths[0]


def median_cpu_us(
    targets: list[Target], *, requests: Callable[[Target], int], connections: int, rounds: int
) -> dict[str, tuple[float, int]]:
    """Median CPU microseconds a request of each target, and its body's length; rounds are interleaved."""
    found: dict[str, list[float]] = {target.name: [] for target in targets}
    lengths: dict[str, int] = {}
    for number in range(rounds + 1):
        for target in targets:
            count = requests(target)
            spent, lengths[target.name] = _round(target, requests=count, connections=connections)
            if number:  # the first round warms
                found[target.name].append(spent / (count // connections * connections) * 1e6)
    return {name: (statistics.median(values), lengths[name]) for name, values in found.items()}
