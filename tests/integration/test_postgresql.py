"""The server's tables and leased work on a real PostgreSQL."""

import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import wheelkeep.server.compose  # noqa: F401 - brings every table into the metadata
from wheelkeep.clock import SystemClock
from wheelkeep.definition.model import Definition
from wheelkeep.digest import Digest
from wheelkeep.errors import ConflictError
from wheelkeep.secret import Secret
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.db.migrate import migrate, present_revision, run_steps
from wheelkeep.server.environment.versions import EnvironmentBook
from wheelkeep.server.run.runs import RunBook
from wheelkeep.server.run.snapshots import note_snapshot
from wheelkeep.server.work import lease, queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.server.work.model import Ended
from wheelkeep.testing.postgresql import find_postgresql, run_postgresql
from wheelkeep.wire.resources import RunBody

pytestmark = [pytest.mark.servers]
_Got = TypeVar("_Got")
AT = "2026-11-22T08:00:00.000000Z"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Database]:
    programs = find_postgresql()
    if programs is None:
        if "postgresql" in os.environ.get("WHEELKEEP_TESTS_REQUIRE", ""):
            pytest.fail("PostgreSQL is not found, and .ci/run says that it is there")
        pytest.skip("PostgreSQL's server is not installed (apt-get install postgresql)")
    folder = Path(tempfile.mkdtemp(prefix="wheelkeep-postgresql-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with run_postgresql(programs, folder / "cluster") as url:
            database = Database(url)
            run_steps(database)
            yield database
            database.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite by the steps", "sqlite at once", "postgresql by the steps"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "postgresql by the steps":
        yield request.getfixturevalue("postgresql")
        return
    opened = Database(sqlite_url(tmp_path / "wheelkeep.db"))
    if request.param == "sqlite at once":
        migrate(opened)
    else:
        run_steps(opened)
    yield opened
    opened.close()


def test_the_migrations_give_what_the_tables_say(database: Database) -> None:
    with database.read() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), metadata)

    assert difference == []


def test_migrating_twice_does_nothing_the_second_time(database: Database) -> None:
    assert not migrate(database)
    with database.read() as connection:
        assert present_revision(connection) == "0001"


def test_many_claimers_never_get_the_same_work(database: Database) -> None:
    with database.write() as connection:
        put = {queue.enqueue(connection, kind="build", workspace="w", arguments=b"{}", at=AT)[0] for _ in range(60)}
    got: list[str] = []

    def drain(worker: str) -> None:
        while True:
            with database.write() as connection:
                claim = queue.claim(connection, worker=worker, at=AT)
            if claim is None:
                return
            got.append(claim.work.id)

    threads = [threading.Thread(target=drain, args=(f"n{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(got) == sorted(put)


def test_a_lease_runs_by_the_databases_clock(database: Database) -> None:
    with database.write() as connection:
        work_id, _ = queue.enqueue(connection, kind="build", workspace="w", arguments=b"{}", at=AT)
        claim = queue.claim(connection, worker="n1", at=AT)
    assert claim is not None

    with database.read() as connection:
        assert queue.is_alive(connection, work_id, claim.work.fence)
    with database.write() as connection:
        assert not lease.check_held(connection, work_id, claim.work.fence)
    with pytest.raises(ConflictError), database.write() as connection:
        lease.check_held(connection, work_id, claim.work.fence + 1)


def test_a_database_made_at_once_is_what_the_steps_make(tmp_path: Path) -> None:
    forms = []
    for name, make in (("steps", run_steps), ("once", migrate)):
        database = Database(sqlite_url(tmp_path / f"{name}.db"))
        make(database)
        with database.read() as connection:
            query = "SELECT name, type, tbl_name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY name"
            forms.append(connection.exec_driver_sql(query).all())
        database.close()

    assert forms[0] == forms[1]


@pytest.fixture
def empty(postgresql: Database) -> Iterator[Database]:
    """A database of the same server without a table."""
    name = f"empty_{secrets.token_hex(4)}"
    with postgresql.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = postgresql.engine.url.set(database=name, drivername="postgresql")
    opened = Database(Secret(url.render_as_string(hide_password=False)))
    yield opened
    opened.close()


def at_once(count: int, work: Callable[[int], _Got]) -> list[_Got]:
    """What `count` threads that begin at the same moment get; the first error is raised."""
    gate = threading.Barrier(count)

    def begin(number: int) -> _Got:
        gate.wait(10)
        return work(number)

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(begin, number) for number in range(count)]]


def test_servers_that_begin_at_once_make_one_database_and_one_default_workspace(empty: Database) -> None:
    def begin(_number: int) -> tuple[bool, str]:
        made = migrate(empty)
        return made, WorkspaceBook(empty, SystemClock()).ensure_default().id

    begun = at_once(6, begin)

    assert sorted(made for made, _ in begun) == [False] * 5 + [True]
    assert len({workspace for _, workspace in begun}) == 1


@pytest.fixture
def books(empty: Database) -> tuple[EnvironmentBook, BuildBook, RunBook]:
    migrate(empty)
    clock, bell = SystemClock(), Bell()
    environments = EnvironmentBook(empty, clock)
    builds = BuildBook(empty, clock, bell, environments)
    return environments, builds, RunBook(empty, clock, bell, environments, builds)


def test_equal_requests_at_once_are_one_and_different_ones_get_different_numbers(
    empty: Database, books: tuple[EnvironmentBook, BuildBook, RunBook]
) -> None:
    environments, builds, runs = books
    snapshot = Digest.of(b"snapshot")

    def keep(_number: int) -> None:
        with empty.write() as connection:
            note_snapshot(connection, "w", snapshot, size=8, at=AT)

    equal = Definition.from_json({"requirements": ["idna"]})
    same = at_once(8, lambda _: environments.register("w", "same", equal, by="t"))
    different = at_once(
        8,
        lambda number: environments.register("w", "e", Definition.from_json({"requirements": [f"p{number}"]}), by="t"),
    )
    asked = at_once(8, lambda _: builds.request("w", "same", 1).id)
    at_once(8, keep)
    body = RunBody(environment="same", snapshot=str(snapshot), script="train.py")
    submitted = at_once(8, lambda _: runs.submit("w", "x", body).number)

    assert [version.version for version, _ in same] == [1] * 8
    assert sorted(created for _, created in same) == [False] * 7 + [True]
    assert sorted(version.version for version, _ in different) == list(range(1, 9))
    assert len(set(asked)) == 1
    assert sorted(submitted) == list(range(1, 9))


def test_a_run_never_waits_for_a_build_that_has_just_ended(
    empty: Database, books: tuple[EnvironmentBook, BuildBook, RunBook]
) -> None:
    environments, builds, runs = books
    snapshot = Digest.of(b"snapshot")
    with empty.write() as connection:
        note_snapshot(connection, "w", snapshot, size=8, at=AT)
    environments.register("w", "e", Definition.from_json({"requirements": ["idna"]}), by="t")
    body = RunBody(environment="e", snapshot=str(snapshot), script="train.py")

    def end_or_submit(number: int) -> None:
        if number:
            runs.submit("w", "x", body)
            return
        with empty.write() as connection:
            queue.end(connection, build, Ended(state="Canceled"), at=AT)

    for _ in range(10):
        build = builds.request("w", "e", 1).id
        at_once(4, end_or_submit)
        with empty.read() as connection:
            waiting = queue.unended(connection, kind="run", workspace="w")
            for work in waiting:
                assert work.after is not None
                awaited = queue.find(connection, work.after)
                assert awaited is not None
                assert awaited.state == "Queued"
