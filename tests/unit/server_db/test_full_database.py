"""A database without room says so as every other part does."""

from pathlib import Path

import pytest
from sqlalchemy import text

from wheelkeep.errors import ResourceError
from wheelkeep.server.db.engine import Database, sqlite_url


def _write_too_much(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("PRAGMA max_page_count=4"))
        connection.execute(text("INSERT INTO notes VALUES (hex(zeroblob(1000000)))"))


def test_a_database_that_cannot_grow_is_told_as_a_full_disk_and_keeps_what_it_had(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "small.db"))
    with database.write() as connection:
        connection.execute(text("CREATE TABLE notes (text TEXT)"))
        connection.execute(text("INSERT INTO notes VALUES ('first')"))

    with pytest.raises(ResourceError) as caught:
        _write_too_much(database)

    assert (caught.value.code, bool(caught.value.hint)) == ("disk_full", True)
    with database.read() as connection:
        assert connection.execute(text("SELECT text FROM notes")).scalars().all() == ["first"]
    database.close()
