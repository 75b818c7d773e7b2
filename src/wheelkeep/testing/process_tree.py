"""What processes show of themselves while they run: their descendants, arguments, environment, open files.

`ProcessSampler` looks again and again from a thread, so that a short-lived child (uv, a script) is seen too.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

__all__ = ["ProcessSampler", "Seen", "descendants"]

_PARENT_FIELD = 1  # field 4 of proc(5), counted after the command's closing parenthesis
_EVERY_S = 0.005


@dataclass(frozen=True, slots=True)
class Seen:
    """One process as it showed itself: `root` is the process whose descendant it is (or itself)."""

    root: int
    pid: int
    arguments: bytes
    environment: bytes
    open_files: tuple[str, ...]


def _parents() -> dict[int, int]:
    found: dict[int, int] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            found[int(folder.name)] = int(fields[_PARENT_FIELD])
    return found


def descendants(root: int) -> list[int]:
    """`root` and every process below it, now."""
    parents = _parents()
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _look(root: int, pid: int) -> Seen | None:
    folder = Path(f"/proc/{pid}")
    try:
        arguments, environment = (folder / "cmdline").read_bytes(), (folder / "environ").read_bytes()
        links = list((folder / "fd").iterdir())
    except OSError:
        return None
    files: list[str] = []
    for link in links:
        try:
            files.append(str(link.readlink()))
        except OSError:
            continue
    return Seen(root, pid, arguments, environment, tuple(files))


class ProcessSampler:
    """Collects what the processes below `roots` show, from its entering to its leaving."""

    def __init__(self, *roots: int) -> None:
        self._roots = roots
        self._seen: set[Seen] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def seen(self) -> frozenset[Seen]:
        """Everything seen up to now."""
        return frozenset(self._seen)

    def of(self, root: int) -> list[Seen]:
        """What was seen of `root` and its descendants."""
        return [one for one in self.seen if one.root == root]

    def text(self) -> bytes:
        """Every argument, variable and open file's name that was seen, as one text to search in."""
        return b"\n".join(
            b"\0".join((one.arguments, one.environment, *(name.encode() for name in one.open_files)))
            for one in self.seen
        )

    def _sample(self) -> None:
        while not self._stop.wait(_EVERY_S):
            for root in self._roots:
                for pid in descendants(root):
                    shown = _look(root, pid)
                    if shown is not None:
                        self._seen.add(shown)
