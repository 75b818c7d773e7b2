"""What the command line says: data to stdout, talk to stderr, JSON when asked for.

Tables are plain text, so that they can be cut and searched; what came from elsewhere cannot move the cursor.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import click
import msgspec

from wheelkeep.errors import WheelkeepError
from wheelkeep.settings import ClientSettings

__all__ = ["Table", "describe", "format_size", "say", "show", "show_error", "show_line", "show_text"]

_KIB = 1024


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def _paragraph(text: str) -> str:
    """Text of several lines, those after the first set in."""
    return "\n  ".join(map(_printable, text.splitlines()))


def _color(stream_is_terminal: bool) -> bool:  # noqa: FBT001 - private, one argument
    return stream_is_terminal and not ClientSettings.read().no_color


def say(text: str) -> None:
    """Tell the user something that is no data: on stderr, so that a pipe stays clean."""
    click.echo(_printable(text), err=True)


def show_text(text: str) -> None:
    """Write a line of data to stdout."""
    click.echo(text)


def show_line(value: object) -> None:
    """Write one JSON object as one line, at once: for what has no end yet."""
    click.echo(msgspec.json.encode(value))


def show_error(error: WheelkeepError) -> None:
    """Say what went wrong and what to do: `error: ...` and `hint: ...` on stderr."""
    color = _color(sys.stderr.isatty())
    click.secho("error", fg="red", bold=True, nl=False, err=True, color=color)
    click.echo(f": {_paragraph(error.message)}", err=True)
    if error.hint:
        click.secho("hint", fg="cyan", nl=False, err=True, color=color)
        click.echo(f": {_paragraph(error.hint)}", err=True)


def format_size(size_bytes: int) -> str:
    """`size_bytes` for a person: `512 B`, `3.4 KiB`, `12.0 MiB`."""
    size = float(size_bytes)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < _KIB or unit == "GiB":
            break
        size /= _KIB
    return f"{size_bytes} B" if unit == "B" else f"{size:.1f} {unit}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows for a person: a heading a column, texts below."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> "Table":
        """A table of any values; None is shown as `-`."""
        return cls(tuple(headings), tuple(tuple("-" if cell is None else str(cell) for cell in row) for row in rows))

    def lines(self) -> list[str]:
        """The table as lines of aligned text."""
        cells = [self.headings, *(tuple(map(_printable, row)) for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells]


def describe(values: Mapping[str, object]) -> Table:
    """One thing as a table of its properties."""
    return Table.of(("property", "value"), values.items())


def show(value: object, table: Table | str, *, as_json: bool) -> None:
    """Write data to stdout: `value` as JSON when asked for, else `table`; an empty table says so on stderr."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())
    elif isinstance(table, str):
        click.echo(table)
    elif table.rows:
        click.echo("\n".join(table.lines()))
    else:
        say("nothing yet")
