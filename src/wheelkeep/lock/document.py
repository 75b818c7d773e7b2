"""A lock as a `pylock.toml`: written so that the same lock is the same text, and read back without loss.

uv and pip install from what is written here. A file that a requirement named by URL stands as `archive`, so that
installers record its stable URL; the others stand as `wheels`. What PEP 751 has no key for is under `tool.wheelkeep`.
Source: PEP 751.
"""

import json
from collections.abc import Mapping

from packaging.pylock import Package, PackageArchive, PackageWheel

from wheelkeep.errors import RequestError
from wheelkeep.lock.model import Lock, LockedFile
from wheelkeep.lock.pylock import parse_pylock_document

__all__ = ["format_lock", "parse_lock"]


def format_lock(lock: Lock) -> str:
    """The `pylock.toml` text of `lock`; equal locks give equal texts, with no time, tool version or secret inside."""
    lines = [
        'lock-version = "1.0"',
        f"requires-python = {_text(f'=={lock.python}.*')}",
        'created-by = "wheelkeep"',
    ]
    for file in lock.files:
        lines += ["", "[[packages]]", *_package_lines(file)]
    if not lock.files:
        lines.insert(3, "packages = []")
    lines += ["", "[tool.wheelkeep]", f"python = {_text(lock.python)}", f"platform = {_text(lock.platform)}"]
    lines.append(f"digest = {_text(str(lock.digest))}")
    return "\n".join(lines) + "\n"


def parse_lock(text: str) -> Lock:
    """The lock that `format_lock` wrote.

    Raises:
        RequestError: `invalid_lock`: another tool wrote it, or it was changed by hand.
    """
    document = parse_pylock_document(text)
    own = _table(document.tool, "wheelkeep")
    lock = Lock(
        python=_string(own, "python"),
        platform=_string(own, "platform"),
        files=tuple(_read_file(package) for package in document.packages),
    )
    if _string(own, "digest") != str(lock.digest):
        raise _invalid("the lock was changed: its digest does not fit its files")
    return lock


def _package_lines(file: LockedFile) -> list[str]:
    where = file.direct_url or file.url
    source = f"url = {_text(where)}" if where else f"path = {_text(file.filename)}"
    body = f"{source}, size = {file.size}, hashes = {{ sha256 = {_text(file.sha256)} }} }}"
    lines = [f"name = {_text(file.project)}", f"version = {_text(file.version)}"]
    if file.marker is not None:
        lines.append(f"marker = {_text(file.marker)}")
    if file.requires_python is not None:
        lines.append(f"requires-python = {_text(file.requires_python)}")
    if file.direct_url:
        lines.append(f"archive = {{ {body}")
    else:
        lines.append(f"wheels = [{{ name = {_text(file.filename)}, {body}]")
    lines.append(f"[packages.tool.wheelkeep]\norigin = {_text(file.origin)}")
    lines.append(f"filename = {_text(file.filename)}")
    if file.direct_url and file.url:
        lines.append(f"url = {_text(file.url)}")
    return lines


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are TOML's, except that TOML escapes DEL as well."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _read_file(package: Package) -> LockedFile:
    own = _table(package.tool, "wheelkeep")
    file: PackageArchive | PackageWheel | None = package.archive
    if file is None and package.wheels and len(package.wheels) == 1:
        file = package.wheels[0]
    if file is None or package.version is None or file.size is None:
        raise _invalid("a package of the lock lacks its version, its one file or its size")
    direct = isinstance(file, PackageArchive)
    return LockedFile(
        project=package.name,
        version=str(package.version),
        filename=_string(own, "filename"),
        sha256=str(file.hashes.get("sha256", "")),
        size=file.size,
        origin=_string(own, "origin"),
        url=_optional(own, "url") if direct else file.url,
        direct_url=file.url if direct else None,
        requires_python=None if package.requires_python is None else str(package.requires_python),
        marker=None if package.marker is None else str(package.marker),
    )


def _table(tool: Mapping[str, object] | None, name: str) -> Mapping[str, object]:
    found = (tool or {}).get(name)
    if not isinstance(found, Mapping):
        raise _invalid("the lock was not written by Wheelkeep: it has no tool.wheelkeep table")
    return found


def _string(table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str):
        raise _invalid(f"tool.wheelkeep.{key} is missing or no text")
    return value


def _optional(table: Mapping[str, object], key: str) -> str | None:
    return _string(table, key) if key in table else None


def _invalid(message: str) -> RequestError:
    return RequestError(message, code="invalid_lock", hint="take the lock from the server again, or lock anew")
