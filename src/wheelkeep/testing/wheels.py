"""Small real wheels for tests: correct ones, and ones that are wrong in exactly one way.

`build_wheel` writes what a build backend would write: METADATA, WHEEL, RECORD in order, the same bytes every time for
the same arguments. Each knob spoils one thing; the attacks that a knob stands for are described at the check that
refuses them, in `wheelkeep.wheel`.
"""

import base64
import csv
import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["EPOCH", "build_wheel", "record_of"]

EPOCH = (2020, 1, 1, 0, 0, 0)
"""The time of members when none is given: fixed, so that equal arguments give equal bytes."""

_FILE_MODE = 0o644
_PROGRAM_MODE = 0o755


def build_wheel(
    folder: Path,
    name: str,
    version: str = "1.0",
    *,
    files: Mapping[str, bytes | str] | None = None,
    requires: Sequence[str] = (),
    requires_python: str | None = None,
    tag: str = "py3-none-any",
    extras: Mapping[str, Sequence[str]] | None = None,
    console_scripts: Mapping[str, str] | None = None,
    programs: Sequence[str] = (),
    modified: tuple[int, int, int, int, int, int] = EPOCH,
    compression: int = zipfile.ZIP_DEFLATED,
    filename: str | None = None,
    metadata: bytes | None = None,
    wheel_file: bytes | None = None,
    record: bytes | None = None,
    omit: Sequence[str] = (),
    unrecorded: Mapping[str, bytes] | None = None,
    links: Mapping[str, str] | None = None,
) -> Path:
    """A wheel in `folder`, correct unless a knob spoils it.

    Args:
        folder: where to write it; made when missing.
        name: the project's name as METADATA writes it; the file name has its PEP 427 form.
        version: the version, in both places.
        files: members by path; a package of the project's name with a `__version__` when not given.
        requires: lines of Requires-Dist.
        requires_python: Requires-Python, or none.
        tag: `python-abi-platform`.
        extras: Provides-Extra and what each requires.
        console_scripts: entry points, as `{"command": "module:function"}`.
        programs: paths among `files` that are executable.
        modified: the zip time of every member: a rebuild differs in nothing else.
        compression: `zipfile.ZIP_DEFLATED` or another method.
        filename: a file name that disagrees with the rest.
        metadata: METADATA's bytes instead of the right ones.
        wheel_file: WHEEL's bytes instead of the right ones.
        record: RECORD's bytes instead of the right ones.
        omit: members of `.dist-info` (by last name, as `RECORD`) that are left out.
        unrecorded: members that RECORD does not list, written last.
        links: symbolic links by path, recorded as files.

    Returns:
        The path of the written file.
    """
    module = name.lower().replace("-", "_").replace(".", "_")
    stem = f"{module}-{version.replace('-', '_')}"
    information = f"{stem}.dist-info"
    content = files if files is not None else {f"{module}/__init__.py": f'__version__ = "{version}"\n'}
    members = {path: text.encode() if isinstance(text, str) else text for path, text in content.items()}
    members |= {path: target.encode() for path, target in (links or {}).items()}
    own = {
        "METADATA": metadata if metadata is not None else _metadata(name, version, requires, requires_python, extras),
        "WHEEL": wheel_file if wheel_file is not None else _wheel_file(tag),
    }
    if console_scripts:
        lines = [f"{command} = {target}\n" for command, target in console_scripts.items()]
        own["entry_points.txt"] = "".join(["[console_scripts]\n", *lines]).encode()
    members |= {f"{information}/{last}": data for last, data in own.items() if last not in omit}
    if "RECORD" not in omit:
        path = f"{information}/RECORD"
        members[path] = record if record is not None else record_of(members, path)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / (filename or f"{stem}-{tag}.whl")
    with zipfile.ZipFile(target, "w", compression) as archive:
        for path, data in (*members.items(), *(unrecorded or {}).items()):
            mode = stat.S_IFREG | (_PROGRAM_MODE if path in programs else _FILE_MODE)
            _write_member(
                archive, path, data, mode=stat.S_IFLNK | 0o777 if path in (links or {}) else mode, at=modified
            )
    return target


def record_of(members: Mapping[str, bytes], path: str) -> bytes:
    """The RECORD that lists `members` and itself at `path`."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    for name, data in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        rows.writerow((name, f"sha256={digest}", len(data)))
    rows.writerow((path, "", ""))
    return text.getvalue().encode()


def _write_member(
    archive: zipfile.ZipFile, path: str, data: bytes, *, mode: int, at: tuple[int, int, int, int, int, int]
) -> None:
    member = zipfile.ZipInfo(path, at)
    member.external_attr = mode << 16
    member.create_system = 3  # Unix, whatever machine the test runs on
    archive.writestr(member, data, compress_type=archive.compression)


def _metadata(
    name: str,
    version: str,
    requires: Sequence[str],
    requires_python: str | None,
    extras: Mapping[str, Sequence[str]] | None,
) -> bytes:
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    if requires_python is not None:
        lines.append(f"Requires-Python: {requires_python}")
    lines += [f"Requires-Dist: {line}" for line in requires]
    for extra, needs in (extras or {}).items():
        lines.append(f"Provides-Extra: {extra}")
        lines += [f'Requires-Dist: {need} ; extra == "{extra}"' for need in needs]
    return "\n".join([*lines, "", f"{name}, made for a test.", ""]).encode()


def _wheel_file(tag: str) -> bytes:
    python, abi, platform = tag.split("-", 2)
    tags = [
        f"Tag: {one}-{two}-{three}\n"
        for one in python.split(".")
        for two in abi.split(".")
        for three in platform.split(".")
    ]
    return "".join(["Wheel-Version: 1.0\nGenerator: wheelkeep\nRoot-Is-Purelib: true\n", *tags]).encode()
