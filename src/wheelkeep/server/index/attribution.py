"""To which project a file belongs, by its name alone: the name is what every later check goes by.

The attack: the page of `evil` lists `acme_train-99.0-py3-none-any.whl`. Whoever knows the file by its name then takes
it for acme-train's, though acme-train belongs to another origin. So a file counts only on the page of the project that
its own name says. Wheels and eggs say it plainly. A source archive of old does not (`a-b-1.0` could be `b-1.0` of `a`),
so it belongs to the project only when the rest after that name is a version.
Source: PEP 427, PEP 625; the version pattern of PEP 440.
"""

import re
from functools import lru_cache

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import VERSION_PATTERN

__all__ = ["belongs_to"]

_SUFFIX = re.compile(r"\.(whl|egg|tar\.gz|zip|tar\.bz2|tgz)\Z")
_VERSION = re.compile(VERSION_PATTERN, re.VERBOSE | re.IGNORECASE)
_MOST_CHARACTERS = 255  # what a file system takes; and a bound to the work that a hostile name makes
_BINARY = frozenset({".whl", ".egg"})


def belongs_to(filename: str, project: NormalizedName) -> bool:
    """Whether the distribution file `filename` is one of `project`; False when its name does not say."""
    suffix = _SUFFIX.search(filename) if len(filename) <= _MOST_CHARACTERS else None
    if suffix is None:
        return False
    stem = filename[: suffix.start()]
    if suffix[0] in _BINARY:
        name, dash, _ = stem.partition("-")
        return dash == "-" and _normal(name) == project
    return any(
        _normal(stem[: dash.start()]) == project and _VERSION.fullmatch(stem, dash.end()) is not None
        for dash in re.finditer("-", stem)
    )


@lru_cache(maxsize=4096)
def _normal(name: str) -> NormalizedName:
    """A page has thousands of files of one name: the same spelling is normalised once."""
    return canonicalize_name(name)
