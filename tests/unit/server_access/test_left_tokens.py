"""Tokens that a server leaves in its data folder for those beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from wheelkeep.clock import SystemClock
from wheelkeep.secret import Secret
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.tokens import leave_token


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenBook]:
    database = Database(sqlite_url(tmp_path / "access.db"))
    metadata.create_all(database.engine)
    yield TokenBook(database, SystemClock())
    database.close()


def test_a_living_token_is_left_as_it_is(tokens: TokenBook, tmp_path: Path) -> None:
    path = tmp_path / "token"
    leave_token(path, tokens, kind="user")
    first = path.read_text(encoding="utf-8")
    leave_token(path, tokens, kind="user")

    assert path.read_text(encoding="utf-8") == first
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["user", "node"])
def test_a_revoked_token_is_replaced_by_a_living_one(
    tokens: TokenBook, tmp_path: Path, kind: Literal["user", "node"]
) -> None:
    path = tmp_path / "token"
    leave_token(path, tokens, kind=kind)
    tokens.revoke(tokens.list()[0].id)
    leave_token(path, tokens, kind=kind)

    found = tokens.find(Secret(path.read_text(encoding="utf-8")))
    assert found is not None
    assert found.kind == kind


def test_a_token_of_a_lost_database_is_replaced(tokens: TokenBook, tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("wkt_of-another-database", encoding="utf-8")
    leave_token(path, tokens, kind="user")

    assert tokens.find(Secret(path.read_text(encoding="utf-8"))) is not None
