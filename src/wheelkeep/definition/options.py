"""pip's options as values: those that a definition may hold, in one spelling, with what replaces what.

Only options that say where packages come from or which files may be chosen are kept; the rest of pip's command line is
no business of a definition and is refused, so that a typing mistake is not silently ignored. Order is kept, because it
is the order of the feeds. Source: pip's "Requirements File Format".
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from wheelkeep.definition.secrecy import check_no_secret, shown
from wheelkeep.errors import RequestError
from wheelkeep.names import normalize_project
from wheelkeep.secret import SafeUrl

__all__ = ["PipOption", "add_option", "collapse_formats", "option_name", "parse_options"]


class _Kind(Enum):
    FLAG = "flag"
    URL = "URL"
    PLACE = "URL or path"
    FORMATS = "project names"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class _Rule:
    kind: _Kind
    repeatable: bool = False


_RULES = {
    "--index-url": _Rule(_Kind.URL),
    "--extra-index-url": _Rule(_Kind.URL, repeatable=True),
    "--find-links": _Rule(_Kind.PLACE, repeatable=True),
    "--no-index": _Rule(_Kind.FLAG),
    "--pre": _Rule(_Kind.FLAG),
    "--prefer-binary": _Rule(_Kind.FLAG),
    "--require-hashes": _Rule(_Kind.FLAG),
    "--only-binary": _Rule(_Kind.FORMATS, repeatable=True),
    "--no-binary": _Rule(_Kind.FORMATS, repeatable=True),
    "--trusted-host": _Rule(_Kind.TEXT, repeatable=True),
}
_SPELLINGS = {"-i": "--index-url", "--pypi-url": "--index-url", "-f": "--find-links"}
_NAME = re.compile(r"\s*(--?[A-Za-z][a-z\-]{0,30})(?=[\s=]|$)")
_SHORT_WITH_VALUE = ("-i", "-f")


@dataclass(frozen=True, slots=True)
class PipOption:
    """One pip option: `name` in its long spelling, `value` None for a flag. `str()` is its line in a file."""

    name: str
    value: str | None = None

    @property
    def key(self) -> tuple[str, str | None]:
        """What another option must share to replace this one: the name, and the value when pip adds values up."""
        return self.name, self.value if _RULES[self.name].repeatable else None

    def __str__(self) -> str:
        return self.name if self.value is None else f"{self.name} {shlex.quote(self.value)}"


def parse_options(text: str) -> tuple[PipOption, ...]:
    """The options that `text` writes, in order: `--extra-index-url URL`, `--index-url=URL`, `-i URL --no-index`.

    Raises:
        RequestError: `invalid_option`, or `secret_in_definition`.
    """
    named = _NAME.match(text)
    first = named[1] if named else "of pip"
    check_no_secret(text, where=f"the option {first}")
    try:
        words = shlex.split(text)
    except ValueError:
        raise _invalid(f"the option {first}: a quotation mark is not closed") from None
    found: list[PipOption] = []
    position = 0
    while position < len(words):
        option, position = _parse_option(words, position)
        found.append(option)
    if not found:
        raise _invalid("an empty pip option")
    return tuple(found)


def option_name(text: str) -> str:
    """The long spelling of the option name `text`: `-i` is `--index-url`.

    Raises:
        RequestError: `invalid_option`.
    """
    name = _SPELLINGS.get(text, text)
    if name not in _RULES:
        raise _invalid(f"{shown(text)!r} is no option that a definition may hold")
    return name


def add_option(options: Iterable[PipOption], option: PipOption) -> tuple[PipOption, ...]:
    """`options` with `option` at the end; an earlier one of the same key is gone."""
    return (*(other for other in options if other.key != option.key), option)


def collapse_formats(options: Iterable[PipOption], name: str) -> tuple[str, ...]:
    """The project names that `--only-binary` or `--no-binary` (`name`) ends up with, as pip adds them up.

    `:none:` empties what came before, `:all:` stands for every project.
    """
    collected: list[str] = []
    for option in options:
        if option.name == name:
            for word in (option.value or "").split(","):
                if word == ":none:":
                    collected.clear()
                elif word not in collected:
                    collected.append(word)
    return (":all:",) if ":all:" in collected else tuple(collected)


def _parse_option(words: Sequence[str], position: int) -> tuple[PipOption, int]:
    word = words[position]
    if not word.startswith("-"):
        raise _invalid(f"{shown(word)!r} is no pip option: it must begin with '-'")
    name, equals, value = word.partition("=")
    for short in _SHORT_WITH_VALUE:
        if word.startswith(short) and not word.startswith("--") and len(word) > len(short):
            name, equals, value = short, "=", word[len(short) :].removeprefix("=")
    name = option_name(name)
    rule = _RULES[name]
    if rule.kind is _Kind.FLAG:
        if equals:
            raise _invalid(f"{name} takes no value")
        return PipOption(name), position + 1
    if not equals:
        position += 1
        value = words[position] if position < len(words) else ""
    return PipOption(name, _checked_value(name, value, rule)), position + 1


def _checked_value(name: str, value: str, rule: _Rule) -> str:
    if not value or any(character.isspace() or not character.isprintable() for character in value):
        raise _invalid(f"{name} needs a value without spaces")
    if rule.kind is _Kind.URL:
        return _checked_url(name, value)
    if rule.kind is _Kind.FORMATS:
        names = [word.strip() for word in value.split(",") if word.strip()]
        if not names:
            raise _invalid(f"{name} needs project names, ':all:' or ':none:'")
        return ",".join(word if word in {":all:", ":none:"} else normalize_project(word) for word in names)
    return value


def _checked_url(name: str, value: str) -> str:
    try:
        scheme = SafeUrl.parse(value).scheme
    except ValueError:
        raise _invalid(f"{name} needs a URL such as https://host/simple/") from None
    if scheme == "file":
        raise RequestError(
            f"{name} names a folder of this machine",
            code="unsupported",
            hint="serve the folder by http, or add its wheels to the workspace (`wheelkeep wheel add FILE`)",
        )
    if scheme not in {"http", "https"}:
        raise _invalid(f"{name} needs an http or https URL")
    return value


def _invalid(message: str) -> RequestError:
    return RequestError(
        message,
        code="invalid_option",
        hint=f"known options: {', '.join(sorted(_RULES))}, -i, -f (and -r, -c in a file)",
    )
