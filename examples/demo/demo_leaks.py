"""The proof that the feed's token stands nowhere: a search of everything that the demo made, and of its processes."""

import base64
import gzip
import io
import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

from wheelkeep.proc import ProcessId
from wheelkeep.testing.canary import Findings, inspect


def processes_of(home: Path) -> list[int]:
    """The server, the worker and what they started."""
    found = {
        ProcessId.parse(path.read_text(encoding="utf-8")).pid
        for name in ("server.pid", "worker.pid")
        if (path := home / name).exists()
    }
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[1]) in found or int(fields[3]) in found:  # its parent, or the leader of its session
                found.add(int(entry.name))
    return sorted(found)


def search_leaks(token: str, root: Path, processes: list[int]) -> Findings:
    """Where `token` stands below `root` and in `processes`."""
    return inspect(token, [root], pids=processes)


def finds_planted(token: str, folder: Path) -> bool:
    """Whether the search finds the token where it is hidden best: in a database, gzipped, in a wheel, encoded.

    Side effects: writes two files into `folder` and removes them.
    """
    basic = base64.b64encode(f"wheelkeep:{token}".encode())
    database, archive = folder / "planted.sqlite", folder / "planted.whl"
    try:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE hidden (value)")
            connection.execute("INSERT INTO hidden VALUES (?)", (gzip.compress(basic),))
            connection.commit()
        inside = io.BytesIO()
        with zipfile.ZipFile(inside, "w", zipfile.ZIP_DEFLATED) as inner:
            inner.writestr("log.txt", f"Authorization: Basic {basic.decode()}")
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as outer:
            outer.writestr("inner.zip", inside.getvalue())
        hits = inspect(token, [database, archive]).hits
        return all(any(path.name in hit.place for hit in hits) for path in (database, archive))
    finally:
        database.unlink(missing_ok=True)
        archive.unlink(missing_ok=True)
