"""What it costs to begin: the import, the command line, an embedded workspace that answers, its server's memory.

One command: `.venv/bin/python benchmarks/start.py`. Medians of one run; wall-clock time beside CPU time, because
machines are shared. Goals (issue 2): import under 100 ms, workspace under 1.5 s, server under 150 MiB.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from wheelkeep.proc import ProcessId

PYTHON = sys.executable
PROGRAM = str(Path(PYTHON).with_name("wheelkeep"))
MIB = 1 << 20


def measure(what: Callable[[], object], *, times: int) -> tuple[float, float]:
    """Median wall-clock and CPU seconds (children included) of `what`."""
    walls, cpus = [], []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        began = time.monotonic()
        what()
        walls.append(time.monotonic() - began)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(walls), statistics.median(cpus)


def run(*command: str) -> None:
    """Run a command to its end, its words unseen."""
    subprocess.run(command, check=True, capture_output=True)


def resident_bytes(pid: int) -> int:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def workspace_start(times: int) -> tuple[float, int]:
    """Median seconds until a new embedded workspace has answered a request, and its server's resident bytes."""
    walls, sizes = [], []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder, ".wheelkeep")
            environment = os.environ | {"XDG_STATE_HOME": folder, "WHEELKEEP_NODE": str(Path(folder, "node"))}
            began = time.monotonic()
            script = f"from wheelkeep import Workspace; Workspace.local({folder!r}).wheels.list()"
            subprocess.run([PYTHON, "-c", script], check=True, env=environment)
            walls.append(time.monotonic() - began)
            sizes.append(resident_bytes(ProcessId.parse((home / "server.pid").read_text(encoding="utf-8")).pid))
            stop = [PROGRAM, "server", "stop", "--home", str(home)]
            subprocess.run(stop, check=True, env=environment, capture_output=True)
    return statistics.median(walls), int(statistics.median(sizes))


def main() -> None:
    """Print the table."""
    bare, bare_cpu = measure(lambda: run(PYTHON, "-c", "pass"), times=10)
    for what, command in (
        ("import wheelkeep", (PYTHON, "-c", "import wheelkeep")),
        ("from wheelkeep import Workspace", (PYTHON, "-c", "from wheelkeep import Workspace")),
        ("wheelkeep --help", (PROGRAM, "--help")),
    ):
        wall, cpu = measure(lambda command=command: run(*command), times=10)  # type: ignore[misc] # bound at once
        print(f"{what:40} {(wall - bare) * 1000:7.0f} ms   {(cpu - bare_cpu) * 1000:7.0f} ms CPU, beyond a bare Python")
    wall, size = workspace_start(times=5)
    print(f"{'a new embedded workspace answers':40} {wall:7.2f} s")
    print(f"{'its server':40} {size / MIB:7.0f} MiB")


if __name__ == "__main__":
    main()
