"""An embedded server's life: found by others while it lives, gone when idle or when its folder is gone.

It holds `server.lock` (the kernel frees it at any death), writes `server.json` once it listens, and looks every second
whether anybody still needs it. Source: contract §8.
"""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from wheelkeep.files import write_atomically
from wheelkeep.proc import identify
from wheelkeep.server.http.presence import Presence

__all__ = ["announce", "last_port", "watch_over"]

_LOOK_EVERY_S = 1.0
_log = logging.getLogger("wheelkeep.server")


def announce(home: Path, url: str) -> None:
    """Write `server.json`: from now on other programs find this server."""
    process = identify(os.getpid())
    body = json.dumps({"url": url, "process": str(process)})
    write_atomically(home / "server.json", body.encode(), mode=0o600)
    write_atomically(home / "port", url.rpartition(":")[2].encode(), mode=0o600)


def last_port(home: Path) -> int:
    """The port that the folder's server had before, or 0: an embedded workspace keeps its port when it can."""
    try:
        return int((home / "port").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0


async def watch_over(
    home: Path, presence: Presence, *, idle_s: float, is_busy: Callable[[], bool], leave: Callable[[], None]
) -> None:
    """Call `leave` when the folder is gone or is another one, or when nobody wanted anything for `idle_s` seconds."""
    born = _identity(home)
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        if _identity(home) != born:
            break
        try:
            if presence.idle_s > idle_s and not await asyncio.to_thread(is_busy):
                break
        except (OSError, SQLAlchemyError):
            _log.exception("whether any work goes on could not be found out; looking again")
    leave()


def _identity(folder: Path) -> int | None:
    """Which folder it is, even when another one gets its name; None when it is gone."""
    try:
        return folder.stat().st_ino
    except OSError:
        return None
