"""The server's tables and leased work on a real PostgreSQL."""

import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

import wheelkeep.server.compose  # noqa: F401 - brings every table into the metadata
from wheelkeep.errors import ConflictError
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.db.migrate import migrate, present_revision, run_steps
from wheelkeep.server.work import lease, queue
from wheelkeep.testing.postgresql import find_postgresql, run_postgresql

pytestmark = [pytest.mark.servers]
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
