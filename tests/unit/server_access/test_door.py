"""Who is admitted: tokens, grants, rights, and what is said to the others."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wheelkeep.errors import AuthenticationError, DeniedError
from wheelkeep.server.access.door import Door, parse_authorization
from wheelkeep.server.access.grants import GrantBook
from wheelkeep.server.access.principal import Principal, WorkPrincipal
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.db.engine import Database, metadata, sqlite_url


class MovableClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def tokens(tmp_path: Path, clock: MovableClock) -> Iterator[TokenBook]:
    database = Database(sqlite_url(tmp_path / "access.db"))
    metadata.create_all(database.engine)
    yield TokenBook(database, clock)
    database.close()


ALIVE = {("b1", 1)}
WORK = WorkPrincipal(work="b1", fence=1, workspace="w1", worker="n1")


@pytest.fixture
def grants() -> GrantBook:
    return GrantBook([b"k" * 32], lambda work, fence: (work, fence) in ALIVE)


@pytest.fixture
def door(tokens: TokenBook, grants: GrantBook) -> Door:
    return Door(tokens, grants)


def bearer(text: str) -> bytes:
    return f"Bearer {text}".encode()


def basic(password: str) -> bytes:
    return b"Basic " + base64.b64encode(f"__token__:{password}".encode())


def test_a_token_is_admitted_as_bearer_and_as_basic_password(door: Door, tokens: TokenBook) -> None:
    _, text = tokens.create("ci", role="reader")

    for header in (bearer(text.reveal()), basic(text.reveal())):
        assert door.admit(header, "read", workspace="w1").name == "ci"


def test_the_text_of_a_token_is_stored_nowhere(tokens: TokenBook, tmp_path: Path) -> None:
    _, text = tokens.create("ci", role="reader")

    for path in tmp_path.iterdir():
        assert text.reveal().encode() not in path.read_bytes()


@pytest.mark.parametrize("header", [None, b"", b"Bearer", b"Basic", b"Basic !!!", b"Digest abc", b"Basic Og=="])
def test_a_request_without_a_token_is_told_so(header: bytes | None) -> None:
    with pytest.raises(AuthenticationError) as caught:
        parse_authorization(header)

    assert caught.value.code == "token_missing"


def test_an_unknown_token_is_nobody(door: Door) -> None:
    with pytest.raises(AuthenticationError) as caught:
        door.identify(bearer("wkt_unknown"))

    assert caught.value.code == "token_invalid"


def test_an_expired_token_is_nobody(door: Door, tokens: TokenBook, clock: MovableClock) -> None:
    _, text = tokens.create("ci", role="reader", expires_in_s=60)
    clock.moment += timedelta(seconds=61)

    with pytest.raises(AuthenticationError):
        door.identify(bearer(text.reveal()))


def test_a_revoked_token_is_nobody(door: Door, tokens: TokenBook) -> None:
    token, text = tokens.create("ci", role="reader")
    door.identify(bearer(text.reveal()))
    tokens.revoke(token.id)
    door.forget()

    with pytest.raises(AuthenticationError):
        door.identify(bearer(text.reveal()))


def test_a_role_gives_its_rights_and_no_others(door: Door, tokens: TokenBook) -> None:
    _, text = tokens.create("ci", role="contributor")

    door.admit(bearer(text.reveal()), "build", workspace="w1")
    for right in ("publish", "admin"):
        with pytest.raises(DeniedError):
            door.admit(bearer(text.reveal()), right, workspace="w1")


def test_a_token_of_one_workspace_enters_no_other(door: Door, tokens: TokenBook) -> None:
    _, text = tokens.create("ci", role="admin", workspace="w1")

    door.admit(bearer(text.reveal()), "admin", workspace="w1")
    for workspace in ("w2", None):
        with pytest.raises(DeniedError):
            door.admit(bearer(text.reveal()), "read", workspace=workspace)


def test_a_grant_tells_whose_work_it_is(door: Door, grants: GrantBook) -> None:
    assert door.identify(basic(grants.create(WORK).reveal())) == WORK


def test_a_grant_dies_with_its_work(door: Door, grants: GrantBook) -> None:
    text = grants.create(WORK).reveal()
    door.identify(bearer(text))
    ALIVE.discard(("b1", 1))
    grants.forget("b1")
    try:
        with pytest.raises(AuthenticationError):
            door.identify(bearer(text))
    finally:
        ALIVE.add(("b1", 1))


def test_a_forged_grant_is_nobody(door: Door, grants: GrantBook) -> None:
    text = grants.create(WORK).reveal()
    other = GrantBook([b"x" * 32], lambda _work, _fence: True).create(WORK).reveal()
    payload, _, signature = text.partition(".")

    for forged in (other, f"{payload}x.{signature}", f"{payload}.", "wkg_", "wkg_.", text[:-2]):
        with pytest.raises(AuthenticationError):
            door.identify(bearer(forged))


def test_a_grant_of_before_a_key_rotation_is_still_believed(grants: GrantBook) -> None:
    text = grants.create(WORK).reveal()
    rotated = GrantBook([b"n" * 32, b"k" * 32], lambda _work, _fence: True)

    assert rotated.check(text) == WORK
    assert rotated.create(WORK).reveal() != text


def test_a_grant_neither_publishes_nor_asks_for_another_work(door: Door, grants: GrantBook) -> None:
    header = bearer(grants.create(WORK).reveal())

    with pytest.raises(DeniedError):
        door.admit(header, "publish", workspace="w1")
    with pytest.raises(DeniedError):
        door.admit_work(header, "b2")
    with pytest.raises(DeniedError):
        door.admit_node(header)
    assert door.admit_work(header, "b1") == WORK


def test_only_a_nodes_token_leases_work(door: Door, tokens: TokenBook) -> None:
    _, user = tokens.create("me", role="admin")
    _, node = tokens.create("n1", role="reader", kind="node")

    with pytest.raises(DeniedError):
        door.admit_node(bearer(user.reveal()))
    assert isinstance(door.admit_node(bearer(node.reveal())), Principal)
    with pytest.raises(DeniedError):
        door.admit(bearer(node.reveal()), "read", workspace="w1")
