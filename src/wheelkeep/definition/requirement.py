"""One requirement: what project, from which kind of place, with which hashes.

Read by `packaging` where PEP 508 speaks, and by pip's customs where it does not: bare URLs of wheels, `--hash`, local
paths, version control. What cannot be built yet is still *recognised* here, so that a definition that names it can be
shown and compared; `resolution.py` refuses it. Source: PEP 508, PEP 440, PEP 427, pip's "Requirements File Format".
"""

import re
from dataclasses import dataclass
from enum import Enum
from urllib.parse import unquote, urlsplit

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from wheelkeep.definition.secrecy import check_no_secret, shown
from wheelkeep.definition.wheel_url import WorkspaceWheel, find_workspace_wheel
from wheelkeep.errors import RequestError
from wheelkeep.secret import SafeUrl

__all__ = ["RequirementLine", "SourceKind", "parse_requirement"]

_LONGEST = 4096
_HASH_OPTION = re.compile(r"\s--hash[=\s]\s*(\S+)")
_HASH = re.compile(r"(sha256|sha384|sha512):([0-9a-fA-F]+)")
_HEX_DIGITS = {"sha256": 64, "sha384": 96, "sha512": 128}
_LOCAL_PATH = re.compile(
    r"(?:\.{0,2}/|~|[A-Za-z]:[\\/]|\.{1,2}$|file:)|[^\s@;\[]*[\\/]|[^\s@;=<>!~]+\.(?:whl|tar\.gz|zip)$"
)
_URL_START = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
_VERSION_CONTROL = ("git", "hg", "bzr", "svn")
_SINGLE_EQUALS = re.compile(r"^[A-Za-z0-9._\-]+\s*=\s*[0-9]")


class SourceKind(Enum):
    """Where a requirement's file comes from."""

    INDEX = "index"
    """By name, from whatever origin has it."""
    WORKSPACE = "workspace wheel"
    """A wheel that the workspace keeps, by its stable URL."""
    WHEEL = "wheel URL"
    """A wheel under another URL."""
    SOURCE = "source URL"
    """A source archive under a URL."""
    VERSION_CONTROL = "version control"
    """A repository, as `git+https://...`."""
    LOCAL = "local path"
    """A file or folder of the machine where the definition was written."""


@dataclass(frozen=True, slots=True)
class RequirementLine:
    """A requirement that was read.

    Attributes:
        text: the requirement as it was written, without hashes, comments and surrounding space.
        kind: where its file comes from.
        project: the normalised name; None when nothing says it (a repository without a name).
        requirement: the PEP 508 form; a bare wheel URL becomes `name @ url`. None when `project` is.
        hashes: `sha256:<hex>` texts of `--hash` options, or sha384 and sha512, which `resolution.py` refuses; empty
            when any file will do.
        wheel: the workspace's wheel, for the kind WORKSPACE.
    """

    text: str
    kind: SourceKind
    project: NormalizedName | None
    requirement: Requirement | None
    hashes: tuple[str, ...] = ()
    wheel: WorkspaceWheel | None = None

    @property
    def marker(self) -> str:
        """The environment marker in its normal form, or an empty text."""
        return str(self.requirement.marker) if self.requirement is not None and self.requirement.marker else ""

    @property
    def line(self) -> str:
        """The requirement with its hashes, as one line of a requirements file."""
        return " ".join([self.text, *(f"--hash={value}" for value in self.hashes)])

    @property
    def canonical(self) -> str:
        """The text by which definitions are compared: normal forms, and a workspace wheel without its authority."""
        if self.requirement is None:
            body = self.text
        elif self.wheel is not None:
            extras = f"[{','.join(sorted(self.requirement.extras))}]" if self.requirement.extras else ""
            body = f"{self.project}{extras} @ {self.wheel.path}" + (f" ; {self.marker}" if self.marker else "")
        else:
            written = str(self.requirement)
            body = f"{self.project}{written[len(self.requirement.name) :]}"
        return " ".join([body, *sorted(self.hashes)])


def parse_requirement(text: str) -> RequirementLine:
    """The requirement that one line writes; comments and continuations are already gone.

    Raises:
        RequestError: `invalid_requirement`, or `secret_in_definition`.
    """
    check_no_secret(text, where=f"the requirement {shown(text)!r}")
    if len(text) > _LONGEST or not text.replace("\t", " ").isprintable():
        raise _invalid("a requirement is too long or holds control characters", text)
    hashes = tuple(_parse_hash(match[1], text) for match in _HASH_OPTION.finditer(text))
    body = _HASH_OPTION.sub("", text).strip()
    if not body:
        raise _invalid("an empty requirement", text)
    if body.startswith("-") or re.search(r"\s--?[A-Za-z]", body):
        raise _invalid("an option cannot stand in a requirement", text, hint="set options with set_pip_option")
    if _URL_START.match(body):
        return _parse_bare_url(body, hashes)
    if "://" not in body and _LOCAL_PATH.match(body):
        return RequirementLine(body, SourceKind.LOCAL, None, None, hashes)
    return _from_requirement(body, _parse_pep508(body), hashes)


def _parse_hash(value: str, text: str) -> str:
    match = _HASH.fullmatch(value)
    if match is None or len(match[2]) != _HEX_DIGITS[match[1]]:
        raise _invalid("--hash needs sha256:<64 hexadecimal digits>", text)
    return value.lower()


def _parse_pep508(body: str) -> Requirement:
    try:
        return Requirement(body)
    except (InvalidRequirement, RecursionError):
        pass
    hint = "write NAME==VERSION, NAME>=VERSION or NAME @ URL (PEP 508)"
    if _SINGLE_EQUALS.match(body):
        hint = "pip compares with two signs: write '==' instead of '='"
    raise _invalid(f"{shown(body)!r} is no requirement", body, hint=hint)


def _from_requirement(text: str, requirement: Requirement, hashes: tuple[str, ...]) -> RequirementLine:
    project = canonicalize_name(requirement.name)
    if requirement.url is None:
        return RequirementLine(text, SourceKind.INDEX, project, requirement, hashes)
    kind, named = _kind_of_url(requirement.url, text)
    if named is not None and kind in {SourceKind.WHEEL, SourceKind.WORKSPACE} and named != project:
        raise _invalid(f"the URL's file belongs to {named}, not to {project}", text)
    wheel = find_workspace_wheel(requirement.url) if kind is SourceKind.WORKSPACE else None
    return RequirementLine(text, kind, project, requirement, hashes, wheel)


def _parse_bare_url(body: str, hashes: tuple[str, ...]) -> RequirementLine:
    url, separator, marker_text = body.partition(" ;")
    url = url.strip()
    if re.search(r"\s", url):
        raise _invalid(f"{shown(body)!r} is no requirement", body, hint="write NAME @ URL ; MARKER")
    kind, project = _kind_of_url(url, body)
    if project is None:
        return RequirementLine(body, kind, None, None, hashes)
    requirement = _parse_pep508(f"{project} @ {url}")
    if separator:
        try:
            requirement.marker = Marker(marker_text.strip())
        except (InvalidMarker, RecursionError):
            raise _invalid("the environment marker cannot be read", body) from None
    return _from_requirement(body, requirement, hashes)


def _kind_of_url(url: str, text: str) -> tuple[SourceKind, NormalizedName | None]:
    """The kind of a direct URL and the project that its file name (or `#egg=`) says."""
    scheme = url.partition(":")[0].lower()
    egg = re.search(r"[#&]egg=([A-Za-z0-9._\-]+)", url)
    if scheme.partition("+")[0] in _VERSION_CONTROL:
        return SourceKind.VERSION_CONTROL, canonicalize_name(egg[1]) if egg else None
    _check_url(url, scheme, text)
    filename = unquote(urlsplit(url).path.rpartition("/")[2])
    if filename.endswith(".whl"):
        project = _wheel_project(filename, text)
        wheel = find_workspace_wheel(url)
        if wheel is not None:
            _check_fragment(url, wheel, text)
        if scheme == "file":
            return SourceKind.LOCAL, project
        return (SourceKind.WHEEL if wheel is None else SourceKind.WORKSPACE), project
    if scheme == "file":
        return SourceKind.LOCAL, None
    try:
        return SourceKind.SOURCE, parse_sdist_filename(filename)[0]
    except InvalidSdistFilename:
        return SourceKind.SOURCE, canonicalize_name(egg[1]) if egg else None


def _check_url(url: str, scheme: str, text: str) -> None:
    try:
        SafeUrl.parse(url)
    except ValueError:
        raise _invalid("the URL of a requirement cannot be read", text) from None
    if scheme not in {"http", "https", "file", "s3", "gs", "az", "abfss"}:
        raise _invalid(f"{shown(scheme)!r} is no scheme that packages come by", text)


def _check_fragment(url: str, wheel: WorkspaceWheel, text: str) -> None:
    said = re.search(r"[#&]sha256=([^&]*)", url)
    if said and said[1].lower() != wheel.sha256:
        raise _invalid(f"the URL of {wheel.filename} names two different sha256", text)


def _wheel_project(filename: str, text: str) -> NormalizedName:
    try:
        return parse_wheel_filename(filename)[0]
    except InvalidWheelFilename:
        raise _invalid(
            f"{shown(filename)!r} is no wheel file name",
            text,
            hint="a wheel is named NAME-VERSION-PYTHON-ABI-PLATFORM.whl, as my_custom-1.0-py3-none-any.whl (PEP 427)",
        ) from None


def _invalid(message: str, text: str, *, hint: str = "write one requirement a line (PEP 508)") -> RequestError:
    detail = {"requirement": shown(text)}
    return RequestError(message, code="invalid_requirement", hint=hint, detail=detail)
