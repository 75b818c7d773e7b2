"""Leased work on SQLite: claiming, fencing, steps, what waits for what (on PostgreSQL: tests/integration)."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from wheelkeep.errors import ConflictError
from wheelkeep.server.db.engine import BUSY_S, Database, metadata, sqlite_url
from wheelkeep.server.work import lease, queue
from wheelkeep.server.work.log import read_log
from wheelkeep.server.work.model import Claim, Ended
from wheelkeep.server.work.sql import work_table
from wheelkeep.wire.problem import Failure
from wheelkeep.wire.work import LogPiece

AT = "2026-11-22T08:00:00.000000Z"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(tmp_path / "work.db"))
    metadata.create_all(opened.engine)
    yield opened
    opened.close()


def put(database: Database, *, key: str | None = None, after: str | None = None) -> str:
    with database.write() as connection:
        work_id, _ = queue.enqueue(
            connection, kind="build", workspace="w", arguments=b"{}", at=AT, key=key, after=after
        )
    return work_id


def claim(database: Database, worker: str = "n1") -> Claim | None:
    with database.write() as connection:
        return queue.claim(connection, worker=worker, at=AT)


def must_claim(database: Database, worker: str = "n1") -> Claim:
    found = claim(database, worker)
    assert found is not None
    return found


def end(database: Database, work_id: str, ended: Ended) -> None:
    with database.write() as connection:
        queue.end(connection, work_id, ended, at=AT)


def state(database: Database, work_id: str) -> str:
    with database.read() as connection:
        found = queue.find(connection, work_id)
    assert found is not None
    return found.state


def let_lease_die(database: Database, work_id: str) -> None:
    with database.write() as connection:
        connection.execute(update(work_table).where(work_table.c.id == work_id).values(lease_until=0.0))


def test_work_is_claimed_in_the_order_in_which_it_came(database: Database) -> None:
    first, second = put(database), put(database)

    assert [must_claim(database).work.id, must_claim(database).work.id] == [first, second]
    assert claim(database) is None


def test_an_equal_request_joins_the_work_that_goes_on(database: Database) -> None:
    assert put(database, key="k") == put(database, key="k")


def test_an_equal_request_after_the_end_is_new_work(database: Database) -> None:
    first = put(database, key="k")
    end(database, first, Ended(state="Succeeded"))

    assert put(database, key="k") != first


def test_a_dead_lease_goes_to_another_with_the_steps_that_were_journalled(database: Database) -> None:
    work_id = put(database)
    held = must_claim(database, "n1")
    with database.write() as connection:
        lease.record_step(connection, work_id, held.work.fence, name="lock", output=b'{"x":1}')
    let_lease_die(database, work_id)

    again = must_claim(database, "n2")

    assert again.work.id == work_id
    assert again.work.fence == held.work.fence + 1
    assert again.steps == {"lock": b'{"x":1}'}


def test_a_late_word_of_a_node_that_lost_its_lease_changes_nothing(database: Database) -> None:
    work_id = put(database)
    late = must_claim(database, "n1").work.fence
    let_lease_die(database, work_id)
    must_claim(database, "n2")

    with pytest.raises(ConflictError) as caught, database.write() as connection:
        lease.record_log(connection, work_id, late, sequence=1, pieces=[LogPiece(stream="build", text="late")], at=AT)

    assert caught.value.code == "lost_lease"
    with database.read() as connection:
        assert read_log(connection, work_id, after=0) == []


def test_a_heartbeat_keeps_the_lease_and_tells_of_a_cancel(database: Database) -> None:
    work_id = put(database)
    fence = must_claim(database).work.fence
    with database.write() as connection:
        queue.request_cancel(connection, work_id, at=AT)

    with database.write() as connection:
        assert lease.note_progress(connection, work_id, fence, stage="lock", done=1, total=2)


def test_work_that_nobody_holds_is_canceled_at_once(database: Database) -> None:
    work_id = put(database)
    with database.write() as connection:
        queue.request_cancel(connection, work_id, at=AT)

    assert state(database, work_id) == "Canceled"
    assert claim(database) is None


def test_canceled_work_of_a_dead_node_is_not_begun_again(database: Database) -> None:
    work_id = put(database)
    must_claim(database)
    with database.write() as connection:
        queue.request_cancel(connection, work_id, at=AT)
    let_lease_die(database, work_id)

    assert claim(database) is None
    assert state(database, work_id) == "Canceled"


def test_work_that_ends_every_node_fails_after_three_crashes(database: Database) -> None:
    work_id = put(database)
    for _ in range(4):
        must_claim(database)
        let_lease_die(database, work_id)

    assert claim(database) is None
    with database.read() as connection:
        found = queue.find(connection, work_id)
    assert found is not None
    assert found.failure is not None
    assert (found.state, found.failure.code) == ("Failed", "too_many_crashes")


def test_work_waits_for_what_it_needs(database: Database) -> None:
    needed = put(database)
    waiting = put(database, after=needed)

    assert must_claim(database).work.id == needed
    assert claim(database) is None
    end(database, needed, Ended(state="Succeeded"))
    assert must_claim(database).work.id == waiting


def test_what_waits_for_failed_work_fails_with_its_reason(database: Database) -> None:
    needed = put(database)
    waiting = put(database, after=needed)
    last = put(database, after=waiting)
    failure = Failure(code="no_such_package", message="no origin has it")
    end(database, needed, Ended(state="Failed", failure=failure))

    with database.read() as connection:
        found = queue.find(connection, last)
    assert found is not None
    assert (found.state, found.failure) == ("Failed", failure)


def test_a_log_sent_twice_stands_once(database: Database) -> None:
    work_id = put(database)
    fence = must_claim(database).work.fence
    for sequence in (1, 1, 2, 1):
        with database.write() as connection:
            lease.record_log(
                connection,
                work_id,
                fence,
                sequence=sequence,
                pieces=[LogPiece(stream="build", text=f"{sequence}\n")],
                at=AT,
            )

    with database.read() as connection:
        assert [line.text for line in read_log(connection, work_id, after=0)] == ["1\n", "2\n"]


def test_work_handed_back_is_no_crash(database: Database) -> None:
    work_id = put(database)
    for _ in range(6):
        held = must_claim(database)
        with database.write() as connection:
            lease.hand_back(connection, work_id, held.work.fence)

    assert must_claim(database).work.id == work_id


def test_a_lease_is_alive_only_under_its_own_fence(database: Database) -> None:
    work_id = put(database)
    fence = must_claim(database).work.fence

    with database.read() as connection:
        assert queue.is_alive(connection, work_id, fence)
        assert not queue.is_alive(connection, work_id, fence + 1)
    let_lease_die(database, work_id)
    with database.read() as connection:
        assert not queue.is_alive(connection, work_id, fence)


def test_a_heartbeat_that_waits_for_the_database_is_not_later_than_its_lease() -> None:
    assert BUSY_S * 2 <= queue.LEASE_S


def test_work_that_ends_without_a_node_is_told(database: Database) -> None:
    work_id = put(database)
    must_claim(database)
    with database.write() as connection:
        queue.request_cancel(connection, work_id, at=AT)
    let_lease_die(database, work_id)
    ended: list[str] = []

    with database.write() as connection:
        assert queue.claim(connection, worker="n2", at=AT, on_end=ended.append) is None

    assert (ended, state(database, work_id)) == ([work_id], "Canceled")
