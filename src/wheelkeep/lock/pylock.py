"""What a resolver proposes: a `pylock.toml` (PEP 751) as uv or pip write it, read without believing it.

Read by `packaging.pylock`, then reduced to what a server must check: which project, which version, which files with
which hashes. uv lists every wheel of a version that fits the node, so choosing one comes after, in `choice.py`.
Source: PEP 751.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.pylock import Package, PackageArchive, PackageWheel, Pylock, PylockValidationError
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from wheelkeep.errors import RequestError
from wheelkeep.secret import SafeUrl

__all__ = ["ProposedFile", "ProposedPackage", "parse_pylock", "parse_pylock_document"]

_LARGEST = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedFile:
    """A wheel that a resolver proposes.

    Attributes:
        filename: its file name, percent-decoded.
        url: where the resolver found it, without userinfo, query and fragment; None when the lock names a path.
        sha256: 64 lower-case hexadecimal digits, or None when the lock has only other hashes.
        size: bytes, or None when the page did not say.
    """

    filename: str
    url: str | None
    sha256: str | None
    size: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposedPackage:
    """A project that a resolver chose.

    Attributes:
        project: the normalised name.
        version: the version in its normal form; None only when neither the lock nor a file name says it.
        wheels: the wheels to choose from.
        direct: a requirement named the file by its URL, so `direct_url.json` shows one.
        has_source: a source archive, a repository or a folder stands there too (or alone).
        marker: the marker under which it belongs to the environment.
        requires_python: the Pythons it is for.
    """

    project: str
    version: str | None
    wheels: tuple[ProposedFile, ...] = ()
    direct: bool = False
    has_source: bool = False
    marker: str | None = None
    requires_python: str | None = None


def parse_pylock(text: str) -> tuple[ProposedPackage, ...]:
    """The packages that the `pylock.toml` `text` proposes, in its order.

    Raises:
        RequestError: `invalid_lock`: no PEP 751 document, or a project stands twice (a universal lock).
    """
    packages = tuple(_read_package(package) for package in parse_pylock_document(text).packages)
    projects = [package.project for package in packages]
    for project in set(projects):
        if projects.count(project) > 1:
            raise _invalid(f"the project {project[:80]!r} stands twice: the lock is for several platforms")
    return packages


def parse_pylock_document(text: str) -> Pylock:
    """The whole PEP 751 document.

    Raises:
        RequestError: `invalid_lock`.
    """
    if len(text) > _LARGEST:
        raise _invalid("the lock is larger than 16 MiB")
    try:
        return Pylock.from_dict(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise _invalid(f"the lock is no TOML: {error}") from None
    except (PylockValidationError, RecursionError, ValueError) as error:
        context = getattr(error, "context", None) or "it"
        raise _invalid(f"the lock is no PEP 751 document: {context[:80]} is malformed") from None


def _read_package(package: Package) -> ProposedPackage:
    wheels = tuple(_read_file(wheel, _filename(wheel)) for wheel in package.wheels or ())
    archive = package.archive
    if archive is not None and _archive_name(archive).endswith(".whl"):
        wheels = (_read_file(archive, _archive_name(archive)),)
    version = None if package.version is None else str(package.version)
    return ProposedPackage(
        project=package.name,
        version=version or _common_version(wheels),
        wheels=wheels,
        direct=archive is not None,
        has_source=package.sdist is not None or (not wheels),
        marker=None if package.marker is None else str(package.marker),
        requires_python=None if package.requires_python is None else str(package.requires_python),
    )


def _filename(wheel: PackageWheel) -> str:
    try:
        filename = wheel.filename
        parse_wheel_filename(filename)
    except (PylockValidationError, InvalidWheelFilename, ValueError):
        raise _invalid("a wheel of the lock has no legal file name (PEP 427)") from None
    return filename


def _archive_name(archive: PackageArchive) -> str:
    try:
        return PackageWheel(url=archive.url, path=archive.path, hashes=archive.hashes).filename
    except (PylockValidationError, ValueError):
        return ""


def _read_file(file: PackageWheel | PackageArchive, filename: str) -> ProposedFile:
    sha256 = str(file.hashes.get("sha256", "")).lower()
    return ProposedFile(
        filename=filename, url=_bare(file.url), sha256=sha256 if _is_sha256(sha256) else None, size=file.size
    )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and all(character in "0123456789abcdef" for character in text)  # noqa: PLR2004  # sha256


def _bare(url: str | None) -> str | None:
    if url is None:
        return None
    try:
        return SafeUrl.parse(url).bare
    except ValueError:
        raise _invalid("a URL of the lock cannot be read") from None


def _common_version(wheels: Sequence[ProposedFile]) -> str | None:
    for wheel in wheels:
        try:
            return str(parse_wheel_filename(wheel.filename)[1])
        except InvalidWheelFilename:
            raise _invalid("a wheel of the lock has no legal file name (PEP 427)") from None
    return None


def _invalid(message: str) -> RequestError:
    return RequestError(message, code="invalid_lock", hint="make the lock with `uv pip compile -o pylock.toml`")
