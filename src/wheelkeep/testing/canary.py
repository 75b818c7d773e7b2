"""The search that proves that a secret stands nowhere: in files, archives, databases, processes.

Plant a token that exists nowhere else, do the work, then `search(token, [folders])`. It looks into every regular file,
its name, the target of every link, every archive inside (wheels, tar, gzip and so on, nested), every value of every
SQLite database, and the environment and arguments of processes; for the token as it is and in the encodings of
`canary_forms`. What it could not read is told, so that silence is never taken for absence.
"""

import io
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from wheelkeep.testing.canary_containers import SQLITE_MAGIC, UnreadableError, container_parts, database_values
from wheelkeep.testing.canary_forms import forms

__all__ = ["Findings", "Hit", "inspect", "search"]

_CHUNK_BYTES = 4 << 20
_IN_MEMORY_BYTES = 64 << 20
_DEEPEST = 6


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """One place where the secret stands. `place` is a path, with `!part` for each container inside it."""

    place: str
    form: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found, how much it looked at, and what it could not look at."""

    hits: tuple[Hit, ...]
    files: int
    """Regular files that were read."""
    parts: int
    """Members of archives and values of databases that were read."""
    size_bytes: int
    """Bytes that were looked at, those of the parts included."""
    unreadable: tuple[str, ...]
    """Places that could not be read; an honest proof has none."""


class _Search:
    """One search: the patterns, and the counts so far."""

    def __init__(self, token: str) -> None:
        self.patterns = forms(token)
        self.overlap = max(map(len, self.patterns)) - 1
        self.seen: set[tuple[int, int]] = set()
        self.hits: set[Hit] = set()
        self.unreadable: list[str] = []
        self.files = self.parts = self.size_bytes = 0

    def look(self, data: bytes, place: str) -> None:
        """Look for every pattern in `data`."""
        self.hits.update(Hit(place, form) for pattern, form in self.patterns.items() if pattern in data)

    def plain(self, stream: IO[bytes], place: str) -> None:
        """Look at a stream's bytes as they are, in pieces that overlap so that no cut hides a pattern."""
        rest = b""
        while chunk := stream.read(_CHUNK_BYTES):
            self.size_bytes += len(chunk)
            self.look(rest + chunk, place)
            rest = chunk[-self.overlap :] if len(chunk) >= self.overlap else (rest + chunk)[-self.overlap :]

    def container(self, stream: IO[bytes], place: str, depth: int) -> None:
        """Look at a seekable stream and, when it is a container, at its parts."""
        self.plain(stream, place)
        if depth == _DEEPEST:
            self.unreadable.append(f"{place}: nested too deep")
            return
        try:
            for name, inside in container_parts(stream):
                self.parts += 1
                self.part(inside, f"{place}!{name}", depth)
        except UnreadableError as broken:
            self.unreadable.append(f"{place}: {broken}")

    def part(self, inside: IO[bytes], place: str, depth: int) -> None:
        """Look at one part of a container, its name included."""
        self.look(place.encode("utf-8", "surrogateescape"), place)
        with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
            while chunk := inside.read(_CHUNK_BYTES):
                copy.write(chunk)
            copy.seek(0)
            self.container(copy, place, depth + 1)

    def database(self, path: Path) -> None:
        """Look at every value of a SQLite database."""
        try:
            for name, value in database_values(path):
                self.parts += 1
                self.container(io.BytesIO(value), f"{path}!{name}", 1)
        except UnreadableError as broken:
            self.unreadable.append(f"{path}: {broken}")

    def file(self, path: Path) -> None:
        """Look at one entry of a folder: its name, then its content; other hard links of it are not read again."""
        self.look(os.fsencode(path), str(path))
        try:
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                self.look(os.fsencode(path.readlink()), str(path))
            if not stat.S_ISREG(status.st_mode) or (status.st_dev, status.st_ino) in self.seen:
                return
            self.seen.add((status.st_dev, status.st_ino))
            with path.open("rb") as stream:
                is_database = stream.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
                stream.seek(0)
                self.container(stream, str(path), 0)
            if is_database:
                self.database(path)
            self.files += 1
        except FileNotFoundError:
            return  # somebody removed it meanwhile: it holds nothing any more
        except OSError as broken:
            self.unreadable.append(f"{path}: {broken.strerror}")

    def process(self, pid: int) -> None:
        """Look at a process's environment and arguments; one that is gone holds nothing."""
        for name in ("environ", "cmdline"):
            path = Path(f"/proc/{pid}/{name}")
            try:
                self.look(path.read_bytes(), str(path))
            except (FileNotFoundError, ProcessLookupError):
                continue
            except OSError as broken:
                self.unreadable.append(f"{path}: {broken.strerror}")


def _files(root: Path, unreadable: list[str]) -> Iterator[Path]:
    if not root.is_dir():
        yield root
        return

    def note(broken: OSError) -> None:
        if not isinstance(broken, FileNotFoundError):
            unreadable.append(f"{broken.filename}: {broken.strerror}")

    for folder, folders, names in os.walk(root, onerror=note):
        for name in (*folders, *names):
            yield Path(folder, name)


def inspect(token: str, roots: Iterable[Path], *, pids: Iterable[int] = ()) -> Findings:
    """What a search for `token` under `roots` and in the processes `pids` finds, and how much it saw.

    Args:
        token: the secret, at least 8 characters, made up for this purpose.
        roots: folders (searched whole, links not followed) or files; each must exist.
        pids: processes whose environment and arguments are searched.

    Raises:
        FileNotFoundError: a root is not there: a search in nothing would prove nothing.
        ValueError: the token is too short.
    """
    found = _Search(token)
    for root in roots:
        if not root.exists():
            raise FileNotFoundError(f"there is no {root} to search")
        for path in _files(root.resolve(), found.unreadable):
            found.file(path)
    for pid in pids:
        found.process(pid)
    return Findings(
        hits=tuple(sorted(found.hits)),
        files=found.files,
        parts=found.parts,
        size_bytes=found.size_bytes,
        unreadable=tuple(found.unreadable),
    )


def search(token: str, roots: Iterable[Path], *, pids: Iterable[int] = ()) -> list[Hit]:
    """The places where `token` stands, as `inspect` finds them; for tests that expect none.

    Raises:
        FileNotFoundError: a root is not there.
        PermissionError: something could not be read, so that "none" would be a guess.
        ValueError: the token is too short.
    """
    findings = inspect(token, roots, pids=pids)
    if findings.unreadable:
        raise PermissionError("could not be searched: " + "; ".join(findings.unreadable[:5]))
    return list(findings.hits)
