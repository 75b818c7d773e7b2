"""What lasts is seen: on a terminal one live line under the log, in a pipe the log alone.

The live line asks for the state by itself twice a second, so that it moves while the log is silent.
"""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import click

from wheelkeep.cli.output import say
from wheelkeep.errors import WheelkeepError
from wheelkeep.settings import ClientSettings
from wheelkeep.wire.resources import LogLine

__all__ = ["follow", "told_when_interrupted"]

_PERIOD_S = 0.5


def _write(lines: Iterable[LogLine], write: Callable[[LogLine], None]) -> None:
    for line in lines:
        write(line)


def _plain(line: LogLine) -> None:
    click.echo(line.text.rstrip("\n"), err=line.stream != "stdout")


def _follow_live(lines: Iterable[LogLine], state: Callable[[], str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe never pays for it
    from rich.text import Text  # noqa: PLC0415 - the same

    console = Console(stderr=True, no_color=ClientSettings.read().no_color, highlight=False)
    over = threading.Event()
    with console.status(Text(state())) as status:

        def renew() -> None:
            while not over.wait(_PERIOD_S):
                try:
                    status.update(Text(state()))
                except WheelkeepError:
                    continue  # the log, not the ornament, tells what is wrong

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            _write(lines, lambda line: console.print(Text.from_ansi(line.text.rstrip("\n"))))
        finally:
            over.set()
            thread.join()


def follow(lines: Iterable[LogLine], state: Callable[[], str]) -> None:
    """Show a log until it ends. `state` gives the words of the live line; it is asked on a terminal only."""
    if sys.stderr.isatty() and sys.stdout.isatty():
        _follow_live(lines, state)
    else:
        _write(lines, _plain)


@contextmanager
def told_when_interrupted(note: str) -> Iterator[None]:
    """Say `note`, what goes on without us, when the user presses Ctrl-C inside."""
    try:
        yield
    except KeyboardInterrupt:
        say("")
        say(note)
        raise
