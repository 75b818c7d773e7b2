"""Follows the log of a build or run to its end, through restarts of the server and lost connections."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wheelkeep.errors import UnreachableError
from wheelkeep.sdk.api import Api
from wheelkeep.wire.resources import LogLine, LogPage

__all__ = ["follow_log", "print_line", "read_log", "say", "told_when_interrupted"]

_WAIT_S = 10
_QUIET_S = 3
_PATIENCE_S = 60.0
_PAUSE_S = 0.5


def follow_log(
    api: Api, path: str, *, ensure_worker: Callable[[], None], on_quiet: Callable[[], None] = lambda: None
) -> Iterator[LogLine]:
    """Every piece of the log at `path`, in order, until the work has ended.

    Args:
        api: the server.
        path: the log's path.
        ensure_worker: called between two long polls, so that an embedded worker that died is started again.
        on_quiet: called every 3 s until the first word: nobody may have taken the work yet.

    Raises:
        UnreachableError: the server stayed away for a minute.
    """
    after, silent_since = 0, None
    while True:
        try:
            wait_s = _WAIT_S if after else _QUIET_S
            page = api.get(path, LogPage, query={"after": after, "wait": wait_s}, wait_s=wait_s)
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
            if not after:
                on_quiet()


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


def print_line(line: LogLine, *, keep_stdout: bool = False) -> None:
    """Write a piece of log where it belongs: a script's stdout to stdout, everything else to stderr.

    With `keep_stdout` all goes to stderr: stdout is kept for something else.
    """
    stream = sys.stdout if line.stream == "stdout" and not keep_stdout else sys.stderr
    stream.write(line.text)
    stream.flush()


def say(words: str) -> None:
    """Tell whoever waits something that is no part of the log, on stderr."""
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


@contextmanager
def told_when_interrupted(note: str | None) -> Iterator[None]:
    """Say `note`, what goes on without us, when Ctrl-C is pressed inside; None says nothing. It is not swallowed."""
    try:
        yield
    except KeyboardInterrupt:
        if note is not None:
            say(f"\n{note}")
        raise
