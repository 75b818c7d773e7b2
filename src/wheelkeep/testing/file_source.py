"""A source of held files that lies, breaks and loses as it is told, for tests of a node."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wheelkeep.errors import NotFoundError, UnreachableError
from wheelkeep.node.door import Download

__all__ = ["MemoryFiles"]

_PIECE_BYTES = 100


class MemoryFiles:
    """A `FileSource` in memory.

    Attributes:
        files: (filename, bytes) by sha256 hex.
        starts: where each answer began.
        break_after: pieces of 100 bytes after which the connection breaks once.
        lie_once: answer other bytes of the same length, once.
        lie_always: the same, every time.
    """

    def __init__(self, *, workspace: str = "default") -> None:
        self._workspace = workspace
        self.files: dict[str, tuple[str, bytes]] = {}
        self.starts: list[int] = []
        self.break_after: int | None = None
        self.lie_once = False
        self.lie_always = False

    def add(self, path: Path) -> str:
        """Hold the file at `path`; its sha256."""
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        self.files[sha256] = (path.name, data)
        return sha256

    @contextmanager
    def open_file(self, workspace: str, sha256: str, *, filename: str, start: int = 0) -> Iterator[Download]:
        """The bytes from `start` on; see `node.door.FileSource`."""
        name, data = (
            self.files.get(sha256.removeprefix("sha256:"), ("", b"")) if workspace == self._workspace else ("", b"")
        )
        if name != filename:
            raise NotFoundError("no such file", code="unknown_file")
        self.starts.append(start)
        if self.lie_once or self.lie_always:
            self.lie_once = False
            data = bytes(len(data))
        yield Download(start, self._chunks(data[start:]))

    def _chunks(self, data: bytes) -> Iterator[bytes]:
        for number, position in enumerate(range(0, len(data), _PIECE_BYTES)):
            if self.break_after is not None and number >= self.break_after:
                self.break_after = None
                raise UnreachableError("the wire broke", code="server_unreachable")
            yield data[position : position + _PIECE_BYTES]
