"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on loopback, ended by its own pid file."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wheelkeep.secret import Secret

__all__ = ["find_postgresql", "run_postgresql"]

_DEBIAN = Path("/usr/lib/postgresql")


def find_postgresql() -> Path | None:
    """The folder with `initdb` and `pg_ctl`, or None when PostgreSQL's server is not installed."""
    for folder in sorted(_DEBIAN.glob("*/bin"), reverse=True):
        if (folder / "initdb").is_file():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@contextmanager
def run_postgresql(programs: Path, folder: Path) -> Iterator[Secret]:
    """The SQLAlchemy URL of an empty database.

    Args:
        programs: of `find_postgresql`.
        folder: where the cluster is made; it must be empty.

    Side effects: as root the cluster belongs to the user `postgres`, because PostgreSQL refuses root.
    """
    folder.mkdir(parents=True, exist_ok=True)
    as_owner: dict[str, int | str] = {}
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
        as_owner = {"user": owner.pw_uid, "group": owner.pw_gid}
    data, port = folder / "data", _free_port()
    _run([programs / "initdb", "--auth=trust", "--username=wheelkeep", "--no-sync", "-D", data], as_owner)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
    _run([programs / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start"], as_owner)
    try:
        yield Secret(f"postgresql://wheelkeep@127.0.0.1:{port}/postgres")
    finally:
        _run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"], as_owner)


def _run(command: list[str | Path], owner: dict[str, int | str]) -> None:
    subprocess.run(
        [str(part) for part in command],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        **owner,  # type: ignore[call-overload]  # user and group, or nothing
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
