"""One wheel, checked whole: the door through which every uploaded file goes.

`content_digest` is the identity of what is inside: names, bytes and executable bits. Two builds that differ only in
zip times, order or compression are one wheel (contract §3.1).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import InvalidVersion, Version

from wheelkeep.digest import Digest, digest_of_file, digest_of_value
from wheelkeep.errors import WheelError
from wheelkeep.wheel.archive import ArchiveLimits, Member, WheelArchive, open_archive
from wheelkeep.wheel.filename import WheelName, legal_wheel_filename, parse_wheel_filename
from wheelkeep.wheel.metadata import WheelMetadata, parse_metadata, parse_wheel_file
from wheelkeep.wheel.record import RecordedHash, check_record, parse_record

__all__ = ["CheckedWheel", "check_wheel"]

_METADATA_BYTES = 8 << 20
_RECORD_BYTES = 64 << 20
_LIMITS = ArchiveLimits()


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedWheel:
    """What is known of a wheel that passed every check. `metadata` is METADATA's bytes as they are."""

    filename: str
    identity: str
    project: NormalizedName
    version: str
    digest: Digest
    size: int
    metadata: bytes
    requires_python: str | None
    tags: tuple[str, ...]
    content_digest: Digest


def check_wheel(path: Path, filename: str, *, limits: ArchiveLimits = _LIMITS) -> CheckedWheel:
    """Check the file at `path`, which came under the name `filename`.

    Checked are: the name (PEP 427); a readable zip without traps; METADATA's name and version against the file name;
    WHEEL; RECORD against every member. Reads the file twice, in pieces.

    Raises:
        WheelError: with the code of the first check that failed; the hint gives the legal name when that is wrong.
        OSError: the file cannot be read.
    """
    try:
        name = parse_wheel_filename(filename)
    except WheelError as error:
        raise _with_legal_name(error, path, limits) from None
    with open_archive(path, limits) as archive:
        information = _information_folder(archive, name)
        metadata = _read(archive, f"{information}/METADATA", limit_bytes=_METADATA_BYTES)
        said = parse_metadata(metadata)
        _check_agreement(name, said)
        parse_wheel_file(_read(archive, f"{information}/WHEEL", limit_bytes=_METADATA_BYTES))
        content_digest = _check_members(archive, information)
    return CheckedWheel(
        filename=filename,
        identity=name.identity,
        project=name.project,
        version=str(name.version),
        digest=digest_of_file(path),
        size=path.stat().st_size,
        metadata=metadata,
        requires_python=said.requires_python,
        tags=tuple(sorted(str(tag) for tag in name.tags)),
        content_digest=content_digest,
    )


def _read(archive: WheelArchive, path: str, *, limit_bytes: int) -> bytes:
    data = archive.read(path, limit_bytes=limit_bytes)
    if data is None:
        raise WheelError(
            f"the wheel has no {path!r}",
            code="invalid_wheel_record" if path.endswith("/RECORD") else "invalid_wheel_metadata",
            hint="build the wheel with a current build backend, for example `uv build --wheel`",
        )
    return data


def _information_folders(archive: WheelArchive) -> list[str]:
    tops = {member.name.partition("/")[0] for member in archive.members if "/" in member.name}
    return sorted(top for top in tops if top.endswith(".dist-info"))


def _information_folder(archive: WheelArchive, name: WheelName) -> str:
    """The one `.dist-info` folder, which must be this wheel's: installers look for it by name."""
    folders = _information_folders(archive)
    if len(folders) != 1:
        raise WheelError(
            f"the wheel has {len(folders)} .dist-info folders, not one",
            code="invalid_wheel_metadata",
            hint="build the wheel again from a clean folder",
        )
    project, _, version = folders[0].removesuffix(".dist-info").partition("-")
    try:
        agrees = canonicalize_name(project) == name.project and Version(version.replace("_", "-")) == name.version
    except InvalidVersion:
        agrees = False
    if not agrees:
        raise WheelError(
            f"the wheel's metadata stands in {folders[0][:120]!r}, but the file is named {name.filename!r}",
            code="wheel_name_mismatch",
            hint="do not rename wheel files; build it again, or give it its first name back",
        )
    return folders[0]


def _check_agreement(name: WheelName, said: WheelMetadata) -> None:
    if said.project != name.project or said.version != name.version:
        tag = name.filename.removesuffix(".whl").split("-", 2)[2]
        raise WheelError(
            f"METADATA says {said.name[:120]} {said.version}, the file name says {name.project} {name.version}",
            code="wheel_name_mismatch",
            hint=f"the file's legal name is {legal_wheel_filename(said.name, str(said.version), tag=tag)}",
        )


def _check_members(archive: WheelArchive, information: str) -> Digest:
    """Check RECORD in one pass over the members, which gives the content digest too."""
    record = f"{information}/RECORD"
    recorded = parse_record(_read(archive, record, limit_bytes=_RECORD_BYTES))
    actual: dict[str, RecordedHash] = {}
    content: list[list[str | bool]] = []
    for member in archive.members:
        said = recorded.get(member.name)
        sha256, found = _hash_member(archive, member, algorithm="sha256" if said is None else said.algorithm)
        actual[member.name] = found
        if member.name != record:  # it says nothing that its members do not, in an order of its own
            content.append([member.name, sha256, member.executable])
    check_record(recorded, actual, information=information)
    return digest_of_value(sorted(content))


def _hash_member(archive: WheelArchive, member: Member, *, algorithm: str) -> tuple[str, RecordedHash]:
    sha256 = hashlib.sha256()
    other = sha256 if algorithm == "sha256" else hashlib.new(algorithm)
    size = 0
    for piece in archive.stream(member.name):
        size += len(piece)
        sha256.update(piece)
        if other is not sha256:
            other.update(piece)
    return sha256.hexdigest(), RecordedHash(algorithm, other.hexdigest(), size)


def _with_legal_name(error: WheelError, path: Path, limits: ArchiveLimits) -> WheelError:
    """`error` with the file's exact legal name as its hint, when its METADATA can be read."""
    try:
        with open_archive(path, limits) as archive:
            (information,) = _information_folders(archive)
            said = parse_metadata(_read(archive, f"{information}/METADATA", limit_bytes=_METADATA_BYTES))
            tags = parse_wheel_file(_read(archive, f"{information}/WHEEL", limit_bytes=_METADATA_BYTES))
    except (WheelError, ValueError, OSError):
        return error
    pieces = ({tag.interpreter for tag in tags}, {tag.abi for tag in tags}, {tag.platform for tag in tags})
    tag = "-".join(".".join(sorted(piece)) for piece in pieces) if tags else "py3-none-any"
    legal = legal_wheel_filename(said.name, str(said.version), tag=tag)
    return WheelError(error.message, code=error.code, hint=f"{error.hint}; this file's legal name is {legal}")
