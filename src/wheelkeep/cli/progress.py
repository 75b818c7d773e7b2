"""What lasts is seen: on a terminal one live line under the log, in a pipe the log alone.

The live line asks for the state by itself twice a second, so that it moves while the log is silent. Work that no
worker has taken after 3 s says what it waits for: in the live line, or once in a pipe.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Protocol

from wheelkeep.cli.output import say
from wheelkeep.errors import WheelkeepError
from wheelkeep.sdk.follow import print_line
from wheelkeep.sdk.waiting import told_once
from wheelkeep.settings import ClientSettings
from wheelkeep.wire.resources import FAILURE_STREAM, LogLine

__all__ = ["Followed", "follow"]

_PERIOD_S = 0.5


class Followed(Protocol):
    """Work that is followed: a build or a run."""

    def follow(self, *, on_quiet: Callable[[], None]) -> Iterator[LogLine]:
        """Its log to its end; `on_quiet` is called now and then until the first word."""

    def waiting(self) -> str | None:
        """What it waits for while no worker has taken it."""


def _whole_lines(pieces: Iterable[LogLine]) -> Iterator[str]:
    """The pieces of a log, which come as a program wrote them, as whole lines."""
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece.text).split("\n")
        yield from lines
    if rest:
        yield rest


def _without_failure(pieces: Iterable[LogLine]) -> Iterator[LogLine]:
    return (piece for piece in pieces if piece.stream != FAILURE_STREAM)


def _follow_live(work: Followed, state: Callable[[], str], *, with_failure: bool) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe never pays for it
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console(stderr=True, no_color=ClientSettings.read().no_color, highlight=False)
    over = threading.Event()
    waits_for: str | None = None

    def on_quiet() -> None:
        nonlocal waits_for
        with suppress(WheelkeepError):  # the log, not the ornament, tells what is wrong
            waits_for = work.waiting()

    with console.status(Text(state()), spinner_style="none") as status:

        def renew() -> None:
            while not over.wait(_PERIOD_S):
                with suppress(WheelkeepError):
                    status.update(Text(waits_for or state()))

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        pieces = work.follow(on_quiet=on_quiet)
        try:
            for line in _whole_lines(pieces if with_failure else _without_failure(pieces)):
                if waits_for is not None:
                    waits_for = None
                    status.update(Text(""))
                console.print(Text.from_ansi(line), soft_wrap=True)
        finally:
            over.set()
            thread.join()


def follow(work: Followed, state: Callable[[], str], *, keep_stdout: bool = False, with_failure: bool = False) -> None:
    """Show the log of `work` until it ends.

    Args:
        work: what is followed.
        state: gives the words of the live line; it is asked on a terminal only.
        keep_stdout: whether stdout is kept for something else (JSON); then the whole log goes to stderr.
        with_failure: whether the log's own last line, why it failed, is shown: not where the error itself is told.
    """
    if sys.stderr.isatty() and sys.stdout.isatty():
        _follow_live(work, state, with_failure=with_failure)
        return
    pieces = work.follow(on_quiet=told_once(work.waiting, say))
    for piece in pieces if with_failure else _without_failure(pieces):
        print_line(piece, keep_stdout=keep_stdout)
