"""What lasts is seen: on a terminal one live line under the log, in a pipe the log alone.

The live line asks for the state by itself twice a second, so that it moves while the log is silent.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from wheelkeep.cli.output import say
from wheelkeep.errors import WheelkeepError
from wheelkeep.sdk.follow import print_line
from wheelkeep.settings import ClientSettings
from wheelkeep.wire.resources import LogLine

__all__ = ["follow", "told_when_interrupted"]

_PERIOD_S = 0.5


def _whole_lines(pieces: Iterable[LogLine]) -> Iterator[str]:
    """The pieces of a log, which come as a program wrote them, as whole lines."""
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece.text).split("\n")
        yield from lines
    if rest:
        yield rest


def _follow_live(pieces: Iterable[LogLine], state: Callable[[], str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe never pays for it
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console(stderr=True, no_color=ClientSettings.read().no_color, highlight=False)
    over = threading.Event()
    with console.status(Text(state()), spinner_style="none") as status:

        def renew() -> None:
            while not over.wait(_PERIOD_S):
                try:
                    status.update(Text(state()))
                except WheelkeepError:
                    continue  # the log, not the ornament, tells what is wrong

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            for line in _whole_lines(pieces):
                console.print(Text.from_ansi(line), soft_wrap=True)
        finally:
            over.set()
            thread.join()


def follow(pieces: Iterable[LogLine], state: Callable[[], str]) -> None:
    """Show a log until it ends. `state` gives the words of the live line; it is asked on a terminal only."""
    if sys.stderr.isatty() and sys.stdout.isatty():
        _follow_live(pieces, state)
    else:
        for piece in pieces:
            print_line(piece)


@contextmanager
def told_when_interrupted(note: str) -> Iterator[None]:
    """Say `note`, what goes on without us, when the user presses Ctrl-C inside."""
    try:
        yield
    except KeyboardInterrupt:
        say("")
        say(note)
        raise
