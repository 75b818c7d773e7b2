"""Follows the log of a build or run to its end, through restarts of the server and lost connections."""

import sys
import time
from collections.abc import Callable, Iterator

from wheelkeep.errors import UnreachableError
from wheelkeep.sdk.api import Api
from wheelkeep.wire.resources import LogLine, LogPage

__all__ = ["follow_log", "print_line", "read_log"]

_WAIT_S = 10
_PATIENCE_S = 60.0
_PAUSE_S = 0.5


def follow_log(api: Api, path: str, *, ensure_worker: Callable[[], None]) -> Iterator[LogLine]:
    """Every piece of the log at `path`, in order, until the work has ended.

    Args:
        api: the server.
        path: the log's path.
        ensure_worker: called between two long polls, so that an embedded worker that died is started again.

    Raises:
        UnreachableError: the server stayed away for a minute.
    """
    after, silent_since = 0, None
    while True:
        try:
            page = api.get(path, LogPage, query={"after": after, "wait": _WAIT_S}, wait_s=_WAIT_S)
        except UnreachableError:
            silent_since = silent_since or time.monotonic()
            if time.monotonic() - silent_since > _PATIENCE_S:
                raise
            time.sleep(_PAUSE_S)
            continue
        silent_since = None
        yield from page.lines
        if page.lines:
            after = page.lines[-1].n
        elif page.ended:
            return
        else:
            ensure_worker()


def read_log(api: Api, path: str) -> str:
    """The whole log up to now as one text."""
    pieces: list[str] = []
    after = 0
    while True:
        page = api.get(path, LogPage, query={"after": after})
        if not page.lines:
            return "".join(pieces)
        pieces += [line.text for line in page.lines]
        after = page.lines[-1].n


def print_line(line: LogLine) -> None:
    """Write a piece of log where it belongs: a script's stdout to stdout, everything else to stderr."""
    stream = sys.stdout if line.stream == "stdout" else sys.stderr
    stream.write(line.text)
    stream.flush()
