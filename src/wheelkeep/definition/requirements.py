"""A requirements file: its requirements, options and constraints, with every `-r` and `-c` followed.

Pure: other files are asked of a callback, so the same code serves a folder on a disk and an upload. Editable installs,
local paths, version control and source archives are refused here with the line they stand on, because the one who wrote
the file is looking at it now. Source: pip's "Requirements File Format".
"""

import posixpath
import re
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from wheelkeep.definition.options import PipOption, add_option, parse_options
from wheelkeep.definition.requirement import RequirementLine, SourceKind, parse_requirement
from wheelkeep.definition.secrecy import check_no_secret, shown
from wheelkeep.errors import NotFoundError, RequestError

__all__ = ["Requirements", "check_supported_source", "logical_lines", "parse_requirements"]

_COMMENT = re.compile(r"(^|\s+)#.*$")
_INCLUDE = re.compile(r"(?:(-r|--requirement)|(-c|--constraint))(?:\s+|=|(?<=-[rc])(?=\S))(.+)")
_EDITABLE = re.compile(r"(?:-e|--editable)(?:[\s=]|$)")
_LONGEST = 1 << 20
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a requirements file says, in its order."""

    requirements: tuple[RequirementLine, ...] = ()
    options: tuple[PipOption, ...] = ()
    constraints: tuple[RequirementLine, ...] = ()


def parse_requirements(
    text: str, *, name: str = "requirements.txt", read: Callable[[str], str] | None = None
) -> Requirements:
    """What the requirements file `text` says.

    Args:
        text: the file's text; a byte order mark and CRLF are fine.
        name: its name for messages, and what `-r` and `-c` inside are relative to.
        read: gives the text of another file, by its path joined to that of the file which names it; None refuses them.

    Raises:
        RequestError: `invalid_requirement`, `invalid_option`, `secret_in_definition`, or `unsupported`; the message
            begins with the file and the line.
        NotFoundError: `file_not_found`, as `read` raises it.
    """
    reader = _Reader(read)
    reader.take(text, name, constrains=False)
    return Requirements(tuple(reader.requirements), reader.options, tuple(reader.constraints))


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a requirements file with their numbers (from 1), joined, without comments, none of them empty."""
    pending = ""
    first = 0
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), start=1):
        first = first if pending else number
        if raw.endswith("\\") and not raw.lstrip().startswith("#"):
            pending += raw[:-1]
            continue
        line = _COMMENT.sub("", pending + raw if not raw.lstrip().startswith("#") else pending).strip()
        pending = ""
        if line:
            yield first, line
    if line := _COMMENT.sub("", pending).strip():
        yield first, line


def check_supported_source(line: RequirementLine) -> None:
    """Refuse a requirement that comes from a place which is not supported yet.

    Raises:
        RequestError: `unsupported`, with what to do instead.
    """
    hints = {
        SourceKind.VERSION_CONTROL: "repositories come later; build its wheel and `wheelkeep wheel add` it",
        SourceKind.SOURCE: "source archives come later; build its wheel and `wheelkeep wheel add` it",
        SourceKind.LOCAL: "a definition holds no path of a machine; build the wheel and `wheelkeep wheel add` it",
    }
    if line.kind in hints:
        raise RequestError(
            f"{shown(line.text)!r} comes from a {line.kind.value}, which is not supported yet",
            code="unsupported",
            hint=hints[line.kind],
        )


@dataclass(slots=True)
class _Reader:
    """Collects while it follows the files."""

    read: Callable[[str], str] | None
    requirements: list[RequirementLine] = field(default_factory=list)
    options: tuple[PipOption, ...] = ()
    constraints: list[RequirementLine] = field(default_factory=list)
    open_files: list[str] = field(default_factory=list)

    def take(self, text: str, name: str, *, constrains: bool) -> None:
        if len(text) > _LONGEST:
            raise RequestError(f"{shown(name)} is larger than 1 MiB", code="invalid_requirement")
        self.open_files.append(posixpath.normpath(name))
        for number, line in logical_lines(text):
            try:
                self._take_line(line, name, constrains=constrains)
            except RequestError as error:
                if error.detail.get("line"):
                    raise
                where = {"file": shown(name), "line": number, **error.detail}
                message = f"{shown(name)}, line {number}: {error.message}"
                raise RequestError(message, code=error.code, hint=error.hint, detail=where) from None
        self.open_files.pop()

    def _take_line(self, line: str, name: str, *, constrains: bool) -> None:
        if match := _INCLUDE.fullmatch(line):
            self._follow(match[3], name, constrains=constrains or match[2] is not None)
        elif _EDITABLE.match(line):
            check_no_secret(line, where="an editable requirement")
            raise RequestError(
                "editable installs are not supported",
                code="unsupported",
                hint="an environment is the same on every machine: build a wheel and `wheelkeep wheel add` it",
            )
        elif line.startswith("-"):
            for option in parse_options(line):
                self.options = add_option(self.options, option)
        else:
            requirement = parse_requirement(line)
            check_supported_source(requirement)
            (self.constraints if constrains else self.requirements).append(requirement)

    def _follow(self, written: str, name: str, *, constrains: bool) -> None:
        check_no_secret(written, where="an included file")
        try:
            words = shlex.split(written)
        except ValueError:
            words = []
        if len(words) != 1:
            raise RequestError("-r and -c need one file each", code="invalid_option", hint="write: -r other.txt")
        if "://" in words[0] or self.read is None:
            raise RequestError(
                f"{shown(words[0])} cannot be included from here",
                code="unsupported",
                hint="put its lines into the file, or keep it beside the file",
            )
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), words[0]))
        if path in self.open_files or len(self.open_files) >= _DEEPEST:
            raise RequestError(f"{shown(path)} includes itself", code="invalid_requirement", hint="remove one -r or -c")
        try:
            text = self.read(path)
        except NotFoundError as error:
            raise NotFoundError(
                f"{shown(name)} includes {shown(path)}, which is not there", code=error.code, hint=error.hint
            ) from None
        self.take(text, path, constrains=constrains)
