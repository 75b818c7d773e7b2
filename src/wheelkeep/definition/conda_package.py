"""A conda package as a conda file writes it (a match specification), as far as a definition must understand it.

`conda-forge::numpy >=1.26,<2`, `python=3.10`, `numpy[version='>=1']`: only the name is taken, the rest is conda's.
"""

import re

from wheelkeep.definition.secrecy import check_no_secret, shown
from wheelkeep.errors import RequestError

__all__ = ["conda_package_name", "conda_package_version"]

_SPECIFICATION = re.compile(r"(?:\S+::)?(?P<name>[A-Za-z0-9_][A-Za-z0-9_.\-]*)(?P<version>(?:[\s=<>!~\[].*)?)")
_LONGEST = 1024


def _match(package: str) -> re.Match[str]:
    written = package.strip()
    match = _SPECIFICATION.fullmatch(written) if len(package) <= _LONGEST and written.isprintable() else None
    if match is None:
        check_no_secret(package, where="a conda package", category="CondaChannel")
        raise RequestError(
            f"{shown(package)!r} is no conda package",
            code="invalid_conda_file",
            hint="write NAME, NAME=VERSION or CHANNEL::NAME=VERSION",
        )
    return match


def conda_package_name(package: str) -> str:
    """The lower-case name that `package` begins with, its channel left out.

    Raises:
        RequestError: `invalid_conda_file`.
    """
    return _match(package)["name"].lower()


def conda_package_version(package: str) -> str:
    """What follows the name: `=3.10`, `>=1.26,<2`, or an empty text; `[version='>=3']` gives what stands in it.

    Raises:
        RequestError: `invalid_conda_file`.
    """
    rest = _match(package)["version"].strip()
    bracket = re.fullmatch(r"\[version=['\"]?([^'\"\]]*)['\"]?\]", rest)
    return bracket[1] if bracket else rest
