"""The Python that a definition asks for, in the many ways in which conda files pin it.

Kept in one form: a version as `3.11` or `3.11.7`, or a range as `>=3.8,<3.13`. The node takes its own
Python when that fits, else another that it has, else it refuses. None means unpinned: the lock takes the minor version
of the node. Source: contract §4; conda's match specification; `reference/azure.md` §1.4.
"""

import re

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from wheelkeep.definition.secrecy import shown
from wheelkeep.errors import RequestError

__all__ = ["lowest_python", "parse_python"]

_PLAIN = re.compile(r"={0,2}\s*v?(\d+(?:\.\d+){0,2})(?:\.\*|\*)?(?:=[A-Za-z0-9_.*]+)?")
_MINORS = 100


def parse_python(text: str) -> str | None:
    """The pin that `text` writes: what follows the word `python` in a conda file, or a version alone.

    `3.8`, `=3.8`, `==3.8.13`, `=3.8.*`, ` 3.8`, `=3.8.13=h12debd9_0` are versions; `>=3.8,<3.13`, `~=3.9`, `=3` are
    ranges; an empty text and `*` are None.

    Raises:
        RequestError: `invalid_environment`.
    """
    written = text.strip()
    if written in {"", "*", "=*"}:
        return None
    if match := _PLAIN.fullmatch(written):
        parts = match[1].split(".")
        if len(parts) > 1:
            return ".".join(str(int(part)) for part in parts)
        written = f">={int(parts[0])},<{int(parts[0]) + 1}"
    try:
        specifiers = SpecifierSet(re.sub(r"\s", "", written))
    except InvalidSpecifier:
        raise _invalid(written) from None
    if not str(specifiers) or not any(_has_minor(specifiers, minor) for minor in range(_MINORS)):
        raise _invalid(written)
    return str(specifiers)


def lowest_python(pin: str) -> str:
    """The oldest version that `pin` allows, as Azure's objects write a range: `>=3.7` is `3.7`."""
    if _PLAIN.fullmatch(pin):
        return pin
    specifiers = SpecifierSet(pin)
    for minor in range(_MINORS):
        if _has_minor(specifiers, minor):
            return f"3.{minor}"
    raise _invalid(pin)


def _has_minor(specifiers: SpecifierSet, minor: int) -> bool:
    """Whether some patch release of 3.`minor` lies inside."""
    return any(specifiers.contains(f"3.{minor}.{patch}") for patch in (0, 99)) or _mentions(specifiers, minor)


def _mentions(specifiers: SpecifierSet, minor: int) -> bool:
    """Whether a bound inside 3.`minor` lies inside the range, as with `>=3.8.5,<3.8.9`."""
    written = [specifier.version.removesuffix(".*") for specifier in specifiers]
    return any(
        specifiers.contains(f"3.{minor}.{version.split('.')[2]}")
        for version in written
        if re.fullmatch(rf"3\.{minor}\.\d+", version)
    )


def _invalid(text: str) -> RequestError:
    return RequestError(
        f"{shown(text)!r} is no Python version",
        code="invalid_environment",
        hint="pin Python as 3.11, 3.11.7 or >=3.10,<3.13, or leave it out to take the node's",
    )
