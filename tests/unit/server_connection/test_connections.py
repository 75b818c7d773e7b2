"""The book of connections: an upsert that gives nothing secret back, and keeps nothing readable."""

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep.clock import SystemClock
from wheelkeep.errors import IntegrityError, NotFoundError, RequestError
from wheelkeep.server.access.keyring import KeyRing
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.connection.sql import connection_table
from wheelkeep.server.connection.vault import Vault
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.wire.resources import ConnectionBody

CANARY = "c4nary-pat-0123456789"


def body(value: str = CANARY, *, target: str = "https://feed.example") -> ConnectionBody:
    return ConnectionBody(category="PythonFeed", target=target, auth_type="PAT", value=value)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = Database(sqlite_url(tmp_path / "w.sqlite"))
    metadata.create_all(database.engine, tables=[connection_table])
    yield database
    database.close()


@pytest.fixture
def book(database: Database, tmp_path: Path) -> ConnectionBook:
    return ConnectionBook(database, Vault(KeyRing.open(tmp_path / "keys")), SystemClock())


def test_what_is_set_is_described_without_its_secret(book: ConnectionBook) -> None:
    made = book.set("w", "one", body(), by="ann")
    assert made == book.get("w", "one")
    assert [made] == book.list("w")
    assert CANARY not in repr(made)
    assert made.view().name == "one"


def test_setting_again_rotates_the_secret_and_keeps_the_identity(book: ConnectionBook) -> None:
    first = book.set("w", "one", body("old-token"), by="ann")
    second = book.set("w", "one", body("new-token"), by="bob")
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert second.updated_by == "bob"
    header = book.authorization_for(second)
    assert header is not None
    assert base64.b64decode(header.reveal().removeprefix("Basic ")) == b"__token__:new-token"
    assert len(book.list("w")) == 1


def test_the_database_file_holds_no_secret(book: ConnectionBook, tmp_path: Path) -> None:
    book.set("w", "one", body(), by="ann")
    for path in tmp_path.glob("w.sqlite*"):
        assert CANARY.encode() not in path.read_bytes()


def test_a_ciphertext_copied_to_an_attackers_connection_does_not_open(book: ConnectionBook, tmp_path: Path) -> None:
    book.set("w", "one", body(), by="ann")
    stolen = book.set("w", "evil", body("x", target="https://evil.example"), by="eve")
    with sqlite3.connect(tmp_path / "w.sqlite") as raw:
        raw.execute("update connection set sealed = (select sealed from connection where name = 'one')")
    raw.close()
    with pytest.raises(IntegrityError):
        book.authorization_for(stolen)


def test_workspaces_do_not_see_each_others_connections(book: ConnectionBook) -> None:
    book.set("w", "one", body(), by="ann")
    assert book.list("v") == []
    with pytest.raises(NotFoundError, match="no connection 'one'"):
        book.get("v", "one")
    with pytest.raises(NotFoundError):
        book.delete("v", "one")


def test_a_deleted_connection_is_gone(book: ConnectionBook) -> None:
    made = book.set("w", "one", body(), by="ann")
    book.delete("w", "one")
    assert book.list("w") == []
    assert book.authorization_for(made) is None


def test_an_illegal_name_is_refused(book: ConnectionBook) -> None:
    with pytest.raises(RequestError, match="no connection name"):
        book.set("w", "a b", body(), by="ann")


def test_rewrapping_keeps_every_secret_readable_by_the_new_key_alone(database: Database, tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    book = ConnectionBook(database, Vault(ring), SystemClock())
    made = book.set("w", "one", body(), by="ann")
    newest = ring.rotate()
    assert book.rewrap("w") == 1
    fresh = ConnectionBook(database, Vault(KeyRing(ring.folder, (newest,))), SystemClock())
    assert fresh.authorization_for(made) == book.authorization_for(made)
