"""CPU time per megabyte of a 50 MB wheel, beside nginx (sendfile, one worker).

One command: `.venv/bin/python benchmarks/wheel_download.py [path of nginx]`; nginx comes from apt. Medians of
interleaved rounds. Goal: at most 1.5 times nginx.
"""

import hashlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from measuring import Target, end_servers_when_ended, free_port, median_cpu_us, running, wait_for
from own_server import NAME, wheelkeep_server
from wheelkeep.testing.wheels import build_wheel

ROUNDS = 7
CONNECTIONS = 4
REQUESTS = 80
MEGABYTE = 1_000_000
CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{ listen 127.0.0.1:{port}; root {folder}; }} }}
"""


def find_nginx() -> str | None:
    """The nginx to compare with, or None where there is none."""
    return sys.argv[1] if len(sys.argv) > 1 else shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")


@contextmanager
def nginx(folder: Path, wheel: Path) -> Iterator[Target]:
    """One nginx process."""
    shutil.copy(wheel, folder)
    folder.chmod(0o755)
    port = free_port()
    (folder / "conf").write_text(CONFIGURATION.format(folder=folder, port=port))
    with running(find_nginx() or "nginx", "-p", folder, "-c", folder / "conf", home=folder) as process:
        wait_for(port)
        yield Target("nginx", process.pid, port, f"/{wheel.name}", {})


def wheelkeep(folder: Path, wheel: Path) -> AbstractContextManager[Target]:
    """The whole server, asked with a token."""
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return wheelkeep_server(folder, [wheel], path=f"/w/default/files/{sha256}/{wheel.name}", headers={})


def main() -> None:
    """Print the table, or why there is none."""
    if find_nginx() is None:
        print("skipped: there is no nginx to compare with; apt-get install nginx-light, or give its path")
        return
    end_servers_when_ended()
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        folder.chmod(0o755)
        filler = random.Random(1).randbytes(50 * MEGABYTE)  # noqa: S311 - filler
        wheel = build_wheel(folder, "big", files={"big/data": filler}, compression=0)
        targets = []
        for serve in (nginx, wheelkeep):
            (folder / serve.__name__).mkdir()
            targets.append(stack.enter_context(serve(folder / serve.__name__, wheel)))
        found = median_cpu_us(targets, requests=lambda _: REQUESTS, connections=CONNECTIONS, rounds=ROUNDS)
        print(f"a 50 MB wheel, {CONNECTIONS} connections, {REQUESTS} requests, median of {ROUNDS} rounds")
        for name, (cpu_us, length) in found.items():
            print(f"{name:12} {cpu_us / (length / MEGABYTE):8.1f} us CPU per MB")
        print(f"ratio {found[NAME][0] / found['nginx'][0]:.2f} (goal: at most 1.5)")


if __name__ == "__main__":
    main()
