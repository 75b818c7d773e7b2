"""One database, SQLite or PostgreSQL, spoken to synchronously from threads.

`read()` and `write()` are the only ways in. On SQLite a writer begins with BEGIN IMMEDIATE, so that two writers queue
instead of failing half-way; WAL lets readers go on. Why sync in threads: measured 3-4 times aiosqlite
(reference/dependencies.md §10).
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, MetaData, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from wheelkeep.errors import ResourceError
from wheelkeep.secret import Secret

__all__ = ["BUSY_S", "Database", "metadata", "sqlite_url"]

BUSY_S = 5.0
"""Seconds that an SQLite writer waits for another; well below a lease, so that a heartbeat fails before it is late."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every table of the server; each domain's `sql.py` adds its own."""


def sqlite_url(path: Path) -> Secret:
    """The URL of the SQLite database at `path`."""
    return Secret(URL.create("sqlite", database=str(path)).render_as_string(hide_password=False))


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", f"busy_timeout={BUSY_S * 1000:.0f}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


_FULL = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})
_DISK_FULL_STATE = "53100"  # PostgreSQL's disk_full


@contextmanager
def _full_disk_told() -> Iterator[None]:
    """Tell the database's words for a full disk as every other part does; each other error passes as it is."""
    try:
        yield
    except DBAPIError as error:
        code, state = getattr(error.orig, "sqlite_errorcode", None), getattr(error.orig, "sqlstate", None)
        if code in _FULL or state == _DISK_FULL_STATE:
            raise ResourceError(
                "no space is left for the server's database",
                code="disk_full",
                hint="make room in the server's data folder, then try again; nothing was half done",
            ) from None
        raise


class Database:
    """Connections to the server's database.

    Args:
        url: SQLAlchemy URL; it may hold a password, so it is a secret.
    """

    def __init__(self, url: Secret) -> None:
        parsed = make_url(url.reveal())
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.engine: Engine = create_engine(
            parsed, pool_size=10, max_overflow=20, pool_pre_ping=not self.is_sqlite, hide_parameters=True
        )
        if self.is_sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; what it writes is rolled back.

        Raises:
            ResourceError: `disk_full`: even reading needs some room beside the database.
        """
        with _full_disk_told(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in one transaction: committed at the end, rolled back when an exception passes.

        Raises:
            ResourceError: `disk_full`.
        """
        with _full_disk_told(), self.engine.connect() as connection:
            if self.is_sqlite:
                connection.execute(text("BEGIN IMMEDIATE"))
            with connection.get_transaction() or connection.begin():
                yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
