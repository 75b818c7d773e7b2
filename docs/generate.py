"""Make the reference pages from the code, so that they cannot be wrong: `make docs`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from wheelkeep.cli.groups import COMMANDS
from wheelkeep.cli.main import program
from wheelkeep.errors import error_classes
from wheelkeep.settings import SETTINGS

REFERENCE = Path(__file__).parent / "reference"
_MADE = "<!-- made by docs/generate.py: do not edit -->\n"
_SETTINGS = """# Settings
Environment variables. A flag wins over its variable; a worker reads its URL, its token and its folder, and nothing
else. `NO_COLOR` is honoured.
"""
_ERRORS = """# Errors
Every error has a class for programs that catch it, a stable code, a message without a secret and, where there is one,
a hint that says what to do. Over HTTP it is `application/problem+json` (RFC 9457) with the same `code` and `hint`.
"""


def _table(headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [headings, ("---",) * len(headings), *(tuple(cell.replace("|", "\\|") for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def settings_page() -> str:
    """The page of the environment variables."""
    rows = [(f"`{setting.name}`", setting.side, setting.meaning) for setting in SETTINGS]
    return f"{_MADE}{_SETTINGS}\n{_table(('variable', 'read by', 'meaning'), rows)}"


def errors_page() -> str:
    """The page of the error codes."""
    parts = [_MADE + _ERRORS]
    for error_class in error_classes():
        first_line = (error_class.__doc__ or "").strip().splitlines()[0]
        rows = [(f"`{code}`", meaning) for code, meaning in error_class.codes.items()]
        parts.append(f"## {error_class.__name__}\n{first_line}\n\n{_table(('code', 'meaning'), rows)}")
    return "\n".join(parts)


def _context(command: click.Command, name: str) -> click.Context:
    """The context that the command line itself would make: `-h` is inherited from the program."""
    return click.Context(command, info_name=name, **program.context_settings)


def _command_text(command: click.Command, name: str) -> list[str]:
    context = _context(command, name)
    parts = [f"## {name}\n```text\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for inside in command.list_commands(context):
            found = command.get_command(context, inside)
            if found is not None:
                parts += _command_text(found, f"{name} {inside}")
    return parts


def commands_page() -> str:
    """The page of the command line: what `--help` says, everywhere."""
    context = _context(program, "wheelkeep")
    parts = [f"{_MADE}# The command line\n```text\n{program.get_help(context)}\n```\n"]
    for name in COMMANDS:
        command = program.get_command(context, name)
        if command is not None:
            parts += _command_text(command, f"wheelkeep {name}")
    return "\n".join(parts)


PAGES: dict[str, Callable[[], str]] = {
    "settings.md": settings_page,
    "errors.md": errors_page,
    "commands.md": commands_page,
}


def main() -> None:
    """Write every page, and say which changed."""
    for name, page in PAGES.items():
        path, text = REFERENCE / name, page()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            sys.stderr.write(f"wrote {path}\n")


if __name__ == "__main__":
    main()
