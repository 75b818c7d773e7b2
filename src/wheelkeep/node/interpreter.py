"""Which Python this node offers for a definition's request.

The node's own interpreter first, then those on the search path, in pyenv and in uv's own folder; nothing is
downloaded. Every candidate is asked for itself in a process of its own, because names and shims lie.
"""

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import msgspec
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags, platform_tags
from packaging.version import Version

from wheelkeep.errors import RequestError, ResolutionError
from wheelkeep.settings import child_environment

__all__ = ["Interpreter", "find_interpreter", "installed_interpreters", "own_interpreter", "parse_python_request"]

_PROBE_S = 20.0
_NAME = re.compile(r"python3(\.\d+)?")
_FULL_RELEASE = 3

_PROBE = """
import json, platform, sys, sysconfig
print(json.dumps({"version": platform.python_version(), "implementation": platform.python_implementation(),
"platform": sysconfig.get_platform(), "flags": sys.abiflags}))
"""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that is installed here. `version` is whole (`3.11.7`); `tags` are wheel tags, best first."""

    path: Path
    version: str
    platform: str
    tags: tuple[str, ...]

    @property
    def minor(self) -> str:
        """The version without its patch, as `3.11`."""
        return ".".join(self.version.split(".")[:2])

    @property
    def tag(self) -> str:
        """The short tag of CPython, as `cp311`."""
        return "cp" + self.minor.replace(".", "")


class _Answer(msgspec.Struct, frozen=True):
    version: str
    implementation: str
    platform: str
    flags: str


def parse_python_request(text: str) -> SpecifierSet:
    """The versions that `text` allows: `3.11`, `3.11.7`, `3.8.*`, `=3.11`, `>=3.10`, `>=3.9,<3.12`.

    Raises:
        RequestError: `invalid_environment`.
    """
    written = text.strip()
    if re.fullmatch(r"={0,2}\s*\d+(\.\d+)*(\.\*)?", written):
        number = written.lstrip("= ").removesuffix(".*")
        exact = number.count(".") + 1 >= _FULL_RELEASE and not written.endswith("*")
        return SpecifierSet(f"=={number}" if exact else f"=={number}.*")
    try:
        return SpecifierSet(written, prereleases=True)
    except InvalidSpecifier:
        raise RequestError(
            f"the Python version {written[:40]!r} cannot be read",
            code="invalid_environment",
            hint="write it as 3.11, 3.11.7 or >=3.10",
        ) from None


def _base_of_this_process() -> Path:
    """The interpreter under this process's virtual environment, which may be removed while an environment lives."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    base = Path(sys.base_prefix) / "bin" / name
    return base if base.exists() else Path(sys.executable)


def _probe(path: Path) -> Interpreter | None:
    """What is at `path`; None when it does not answer (asked again the next time), or is of no use here."""
    try:
        return _ask(path)
    except (OSError, subprocess.SubprocessError, msgspec.DecodeError):
        return None


@lru_cache(maxsize=64)  # remembers answers and never exceptions: a machine without memory for a moment is no answer
def _ask(path: Path) -> Interpreter | None:
    answer = subprocess.run(
        [path, "-I", "-S", "-c", _PROBE],
        env=child_environment(),
        capture_output=True,
        timeout=_PROBE_S,
        check=True,
    )
    found = msgspec.json.decode(answer.stdout, type=_Answer)
    if found.implementation != "CPython" or found.platform != sysconfig.get_platform():
        return None
    return Interpreter(path=path, version=found.version, platform=found.platform, tags=_tags(found))


def _tags(found: _Answer) -> tuple[str, ...]:
    """The wheel tags of another Python on this machine: its version and ABI, this process's platforms.

    Asking `packaging` inside that Python would need a `packaging` that still runs on it.
    """
    version = tuple(int(part) for part in found.version.split(".")[:2])
    short = "cp" + "".join(str(part) for part in version)
    platforms = list(platform_tags())
    own = cpython_tags(version, abis=[short + found.flags], platforms=platforms)
    return tuple(str(tag) for tag in (*own, *compatible_tags(version, interpreter=short, platforms=platforms)))


def own_interpreter() -> Interpreter:
    """The Python that this node runs on.

    Raises:
        ResolutionError: `python_unavailable`, it does not answer.
    """
    found = _probe(_base_of_this_process()) or _probe(Path(sys.executable))
    if found is None:
        raise ResolutionError("the node's own Python does not answer", code="python_unavailable")
    return found


def _candidates(home: Path, search: str) -> Iterator[Path]:
    folders = [Path(part) for part in search.split(os.pathsep) if part and not part.endswith("/shims")]
    folders += sorted((home / ".pyenv" / "versions").glob("3.*/bin"), reverse=True)
    folders += sorted((home / ".local" / "share" / "uv" / "python").glob("cpython-3.*/bin"), reverse=True)
    seen: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            continue
        for path in sorted(folder.iterdir(), key=lambda path: path.name, reverse=True):
            real = path.resolve()
            if _NAME.fullmatch(path.name) and real not in seen:
                seen.add(real)
                yield real


def installed_interpreters(*, home: Path | None = None, search: str | None = None) -> list[Interpreter]:
    """Every CPython that answers, this node's own first.

    Args:
        home: the user's folder, where pyenv and uv keep theirs.
        search: folders joined by `:`; the search path of child processes when not given.
    """
    where = child_environment().get("PATH", os.defpath) if search is None else search
    found = [own_interpreter()]
    for path in _candidates(home or Path.home(), where):
        interpreter = _probe(path)
        if interpreter is not None and interpreter.path != found[0].path:
            found.append(interpreter)
    return found


def find_interpreter(request: str | None) -> Interpreter:
    """The Python for `request`: this node's own when it fits (or None asks for none), else the newest that fits.

    Raises:
        RequestError: `invalid_environment`, the request cannot be read.
        ResolutionError: `python_unavailable`, naming what is there.
    """
    own = own_interpreter()
    if request is None:
        return own
    allowed = parse_python_request(request)
    if allowed.contains(own.version):
        return own
    there = installed_interpreters()
    fitting = [one for one in there if allowed.contains(one.version)]
    if fitting:
        return max(fitting, key=lambda one: Version(one.version))
    versions = ", ".join(sorted({one.version for one in there}, key=Version))
    raise ResolutionError(
        f"the node has no Python {request}",
        code="python_unavailable",
        hint=f"it has {versions}: choose one of them, or install Python {request} on the node",
        detail={"asked": request, "installed": versions},
    )
