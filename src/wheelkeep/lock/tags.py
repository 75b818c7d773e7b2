"""The wheel tags of a node, best first: of this interpreter, or of a node from what it says of itself.

A server knows a node's Python and platform, not its C library. A resolver that ran on the node has already left out
what does not fit there, so the tags made here are generous: every C library up to a ceiling, the newest first, and
musl after glibc. Source: PEP 425, PEP 600, PEP 656.
"""

import re
from collections.abc import Iterator
from functools import cache

from packaging.tags import compatible_tags, cpython_tags, mac_platforms, sys_tags

from wheelkeep.errors import RequestError

__all__ = ["node_tags", "tags_for"]

_NEWEST_GLIBC = 60
_OLDEST_GLIBC = 5
_NEWEST_MUSL = 5
_NEWEST_MACOS = (30, 0)
_LEGACY_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}


def node_tags() -> tuple[str, ...]:
    """The tags of the running interpreter, best first."""
    return tuple(str(tag) for tag in sys_tags())


@cache
def tags_for(python: str, platform: str) -> tuple[str, ...]:
    """The tags of a CPython `python` (`3.11`) on `platform` (`sysconfig.get_platform()`: `linux-x86_64`), best first.

    Raises:
        RequestError: `invalid_lock`: the Python is no minor version.
    """
    match = re.match(r"(\d+)\.(\d+)", python)
    if match is None:
        raise RequestError(f"{python[:40]!r} is no Python as 3.11", code="invalid_lock", hint="lock it anew")
    version = (int(match[1]), int(match[2]))
    interpreter = f"cp{version[0]}{version[1]}"
    platforms = list(_platform_tags(platform))
    exact = cpython_tags(python_version=version, abis=[interpreter], platforms=platforms)
    pure = compatible_tags(python_version=version, interpreter=interpreter, platforms=platforms)
    return tuple(dict.fromkeys(str(tag) for tag in (*exact, *pure)))


def _platform_tags(platform: str) -> Iterator[str]:
    system, _, machine = platform.partition("-")
    machine = re.sub(r"[-.]", "_", machine)
    if system == "linux":
        yield from _linux_tags(machine)
    elif system == "macosx":
        architecture = machine.rpartition("_")[2] if machine.endswith("arm64") else "x86_64"
        yield from mac_platforms(_NEWEST_MACOS, architecture)
    else:
        yield re.sub(r"[-.]", "_", platform)


def _linux_tags(machine: str) -> Iterator[str]:
    for minor in range(_NEWEST_GLIBC, _OLDEST_GLIBC - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in _LEGACY_MANYLINUX:
            yield f"{_LEGACY_MANYLINUX[minor]}_{machine}"
    yield f"linux_{machine}"
    for minor in range(_NEWEST_MUSL, -1, -1):
        yield f"musllinux_1_{minor}_{machine}"
