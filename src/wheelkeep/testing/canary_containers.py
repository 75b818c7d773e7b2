"""Files inside files: what a search must open to say that something is not there.

Zip archives (wheels too), tar archives, gzip, bzip2, xz and zlib streams, and SQLite databases with their write-ahead
log. Each reader yields the parts of one container as `(name, stream)`; what cannot be read raises `UnreadableError`,
because a search that skips silently proves nothing.
"""

import bz2
import gzip
import io
import lzma
import shutil
import sqlite3
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO, cast

__all__ = ["SQLITE_MAGIC", "UnreadableError", "container_parts", "database_values"]

SQLITE_MAGIC = b"SQLite format 3\0"
_TAR_MAGIC_AT = 257
_LOOK_BYTES = 512

Parts = Iterator[tuple[str, IO[bytes]]]


class UnreadableError(Exception):
    """A container that looks like one and cannot be opened: damaged, or encrypted."""


def _zip_parts(stream: IO[bytes]) -> Parts:
    with zipfile.ZipFile(stream) as archive:
        for member in archive.infolist():
            if not member.is_dir():
                with archive.open(member) as inside:
                    yield member.filename, inside


def _tar_parts(stream: IO[bytes]) -> Parts:
    with tarfile.open(fileobj=stream, mode="r:") as archive:
        for member in archive:
            inside = archive.extractfile(member) if member.isfile() else None
            if inside is not None:
                with inside:
                    yield member.name, inside


def _unzlib(stream: IO[bytes]) -> Parts:
    yield "(zlib)", io.BytesIO(zlib.decompress(stream.read()))


def _decompressed(opener: Callable[[IO[bytes]], IO[bytes]], name: str) -> Callable[[IO[bytes]], Parts]:
    def parts(stream: IO[bytes]) -> Parts:
        with opener(stream) as inside:
            yield name, inside

    return parts


def _open_gzip(stream: IO[bytes]) -> IO[bytes]:
    return cast("IO[bytes]", gzip.GzipFile(fileobj=stream, mode="rb"))  # typeshed gives it no common class


_READERS: tuple[tuple[bytes, int, Callable[[IO[bytes]], Parts]], ...] = (
    (b"PK\x03\x04", 0, _zip_parts),
    (b"\x1f\x8b", 0, _decompressed(_open_gzip, "(gzip)")),
    (b"BZh", 0, _decompressed(bz2.BZ2File, "(bzip2)")),
    (b"\xfd7zXZ\0", 0, _decompressed(lzma.LZMAFile, "(xz)")),
    (b"ustar", _TAR_MAGIC_AT, _tar_parts),
)
_ZLIB_FIRST = (b"x\x01", b"x\x9c", b"x\xda")
_BROKEN = (
    OSError,
    EOFError,
    RuntimeError,  # zipfile: an encrypted member
    NotImplementedError,  # zipfile: an unknown compression
    zipfile.BadZipFile,
    tarfile.TarError,
    lzma.LZMAError,
    zlib.error,
)


def container_parts(stream: IO[bytes]) -> Parts:
    """The parts of the container that `stream` (seekable) is; none when it is a plain file.

    Raises:
        UnreadableError: it begins like a container and cannot be read to its end.
    """
    stream.seek(0)
    head = stream.read(_LOOK_BYTES)
    for magic, at, reader in _READERS:
        if head[at : at + len(magic)] == magic:
            stream.seek(0)
            try:
                yield from reader(stream)
            except _BROKEN as broken:
                raise UnreadableError(str(broken)) from broken
            return
    if head.startswith(_ZLIB_FIRST):
        stream.seek(0)
        try:
            yield from _unzlib(stream)
        except zlib.error:
            return  # two bytes are a weak sign: it was a plain file


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def _rows(connection: sqlite3.Connection) -> Iterator[tuple[str, bytes]]:
    connection.text_factory = bytes
    tables = [row[0].decode() for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        quoted = table.replace('"', '""')
        cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a table's name cannot be a parameter
        columns = [column[0] for column in cursor.description]
        for number, row in enumerate(cursor, 1):
            for column, value in zip(columns, row, strict=True):
                if value is not None:
                    yield f"{table}[{number}].{column}", _as_bytes(value)


def database_values(path: Path) -> Iterator[tuple[str, bytes]]:
    """Every value of every table of the SQLite database at `path`, its write-ahead log applied, as `(place, bytes)`.

    A long value is spread over pages, so that a search in the file's bytes alone would miss it. The database is read
    from a copy: a reader must not check-point somebody else's log.

    Raises:
        UnreadableError: it is no readable database.
    """
    with tempfile.TemporaryDirectory(prefix="canary-") as folder:
        copy = Path(folder) / "database"
        for suffix in ("", "-wal"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                shutil.copyfile(source, copy.with_name(copy.name + suffix))
        try:
            with closing(sqlite3.connect(copy)) as connection:
                yield from _rows(connection)
        except sqlite3.Error as broken:
            raise UnreadableError(str(broken)) from broken
