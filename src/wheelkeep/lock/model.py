"""The lock: every file of an environment for one Python and one platform, and the digest that is its identity.

Only contents are in the digest. Names, versions, URLs, origins and tool versions describe; two locks with the same
files are the same environment, whoever resolved them and from wherever. Source: contract §2, "the identity chain".
"""

import re
from dataclasses import dataclass
from itertools import pairwise

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from wheelkeep.digest import Digest, digest_of_value
from wheelkeep.errors import RequestError
from wheelkeep.secret import SafeUrl

__all__ = ["Lock", "LockedFile"]

_HEX = re.compile(r"[0-9a-f]{64}")
_PYTHON = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedFile:
    """One wheel of a lock.

    Attributes:
        project: the normalised project name.
        version: the version, in its normal form.
        filename: the wheel's file name.
        sha256: 64 lower-case hexadecimal digits.
        size: bytes.
        origin: where it came from: `workspace`, a feed's bare URL, or `public`.
        url: where it was fetched, without userinfo, query and fragment; None when nobody needs to know.
        direct_url: the stable URL that `direct_url.json` shows, when the definition named the wheel by URL.
        requires_python: the Pythons it is for, in normal form, when its metadata says it legally; informative.
        marker: the marker under which the resolver chose it, in normal form; informative.

    Raises:
        RequestError: `invalid_lock`: a value is malformed, or a URL carries userinfo or a query.
    """

    project: str
    version: str
    filename: str
    sha256: str
    size: int
    origin: str
    url: str | None = None
    direct_url: str | None = None
    requires_python: str | None = None
    marker: str | None = None

    def __post_init__(self) -> None:
        if not _HEX.fullmatch(self.sha256):
            raise _invalid("a locked file needs a sha256 of 64 lower-case hexadecimal digits")
        if self.size < 0:
            raise _invalid("a locked file needs a size in bytes")
        try:
            project, version, _, _ = parse_wheel_filename(self.filename)
            agrees = project == self.project and version == Version(self.version)
        except (InvalidWheelFilename, InvalidVersion):
            raise _invalid("a locked file is a wheel with a legal name (PEP 427) and version (PEP 440)") from None
        if not agrees:
            raise _invalid(f"the file {self.filename} is not of {self.project[:80]!r} {self.version[:40]!r}")
        object.__setattr__(self, "version", str(version))
        object.__setattr__(self, "requires_python", _normal_specifiers(self.requires_python))
        object.__setattr__(self, "marker", _normal_marker(self.marker))
        for url in (self.url, self.direct_url):
            _check_url(url)
        if not self.origin.isprintable():
            raise _invalid("a locked file's origin is a single line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The files of an environment. `files` are sorted by project when they are given in another order.

    Attributes:
        python: the interpreter's minor version, as `3.11`.
        platform: `sysconfig.get_platform()` of the node, as `linux-x86_64`.
        files: one wheel a project.

    Raises:
        RequestError: `invalid_lock`: a project stands twice, or Python or platform is malformed.
    """

    python: str
    platform: str
    files: tuple[LockedFile, ...]

    def __post_init__(self) -> None:
        if not _PYTHON.fullmatch(self.python):
            raise _invalid("a lock needs a Python as 3.11")
        if not self.platform or not self.platform.isprintable():
            raise _invalid("a lock needs a platform as linux-x86_64")
        object.__setattr__(self, "files", tuple(sorted(self.files, key=lambda file: file.project)))
        projects = [file.project for file in self.files]
        for first, second in pairwise(projects):
            if first == second:
                raise _invalid(f"the project {first} stands twice in a lock")

    @property
    def digest(self) -> Digest:
        """The identity of the environment: the digest of Python, platform and the files' sha256 values."""
        return digest_of_value(
            {"python": self.python, "platform": self.platform, "files": sorted(file.sha256 for file in self.files)}
        )

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)


def _normal_specifiers(text: str | None) -> str | None:
    """The normal form; None also for what old metadata wrote before PEP 440, because nothing depends on it."""
    try:
        return None if text is None else str(SpecifierSet(text))
    except InvalidSpecifier:
        return None


def _normal_marker(text: str | None) -> str | None:
    try:
        return None if text is None else str(Marker(text))
    except (InvalidMarker, RecursionError):
        raise _invalid("a locked file's marker cannot be read (PEP 508)") from None


def _check_url(url: str | None) -> None:
    if url is None:
        return
    try:
        parts = SafeUrl.parse(url)
    except ValueError:
        raise _invalid("a locked file's URL cannot be read") from None
    if parts.has_userinfo or parts.query or not url.isprintable():
        raise _invalid("a locked file's URL carries userinfo or a query, which may be secret")


def _invalid(message: str) -> RequestError:
    return RequestError(message, code="invalid_lock", hint="lock the environment anew")
