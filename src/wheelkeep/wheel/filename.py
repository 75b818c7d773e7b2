"""The name of a wheel file: what it says, and what it should have said.

Source: PEP 427, "File name convention"; the PyPA "Binary distribution format" page.
"""

import re
from dataclasses import dataclass

from packaging.tags import Tag
from packaging.utils import InvalidWheelFilename, NormalizedName, canonicalize_name, canonicalize_version
from packaging.utils import parse_wheel_filename as split_wheel_filename
from packaging.version import Version

from wheelkeep.errors import WheelError

__all__ = ["WheelName", "legal_wheel_filename", "parse_wheel_filename"]

_LEGAL = re.compile(r"[A-Za-z0-9_.!+-]{1,250}\.whl")
_EXAMPLE = "a wheel is named name-version-pytag-abitag-platform.whl, as in my_custom-1.0-py3-none-any.whl"


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelName:
    """What a wheel's file name says."""

    filename: str
    project: NormalizedName
    version: Version
    build: tuple[()] | tuple[int, str]
    tags: frozenset[Tag]

    @property
    def identity(self) -> str:
        """The name with every part normalised: two spellings of one wheel have one identity.

        `1.0` and `1.0.0` are one version to every resolver, so they are one here.
        """
        build = f"{self.build[0]}{self.build[1]}-" if self.build else ""
        tags = ".".join(sorted(str(tag) for tag in self.tags))
        return f"{self.project}-{canonicalize_version(self.version)}-{build}{tags}"


def parse_wheel_filename(filename: str) -> WheelName:
    """What `filename` says.

    Raises:
        WheelError: `invalid_wheel_filename`.
    """
    try:
        project, version, build, tags = split_wheel_filename(filename if _LEGAL.fullmatch(filename) else "")
    except (InvalidWheelFilename, ValueError):
        raise WheelError(
            f"{filename[:120]!r} is no legal wheel file name", code="invalid_wheel_filename", hint=_EXAMPLE
        ) from None
    return WheelName(filename=filename, project=project, version=version, build=build, tags=tags)


def legal_wheel_filename(name: str, version: str, *, tag: str = "py3-none-any") -> str:
    """The file name that a wheel of this project and version should have.

    Args:
        name: the project's name in any spelling.
        version: a PEP 440 version.
        tag: compressed tags, `python-abi-platform`.
    """
    return f"{canonicalize_name(name).replace('-', '_')}-{Version(version)}-{tag}.whl"
