"""Brings a database to the newest form, before the server listens.

A new database, or one that is there already, costs a query or two: alembic takes 0.3 s to import, which an embedded
workspace has not.
"""

from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, insert, inspect, select

from wheelkeep.errors import ConflictError
from wheelkeep.server.db.engine import Database, metadata
from wheelkeep.server.db.turns import take_turn

__all__ = ["NEWEST", "migrate", "present_revision", "run_steps"]

_revision = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))
"""Alembic's own table; not among ours, because alembic makes it."""

NEWEST = "0001"
"""The newest step in `migrations/versions`; a test holds the two together."""


def present_revision(connection: Connection) -> str | None:
    """The step that the database is at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(select(_revision.c.version_num)).scalar()


def migrate(database: Database) -> bool:
    """Bring `database` to `NEWEST`, in one transaction; whether anything was to do.

    An empty database is made from the tables themselves, in their newest form; one that is older is migrated. A test
    holds that both ways end in the same tables. Servers that begin at once take turns. Every domain's `sql.py` must
    have been imported.

    Raises:
        ConflictError: `conflict`: the database was made by a newer release.
    """
    with database.read() as connection:
        if _is_newest(present_revision(connection)):
            return False
    with database.write() as connection:
        take_turn(connection, "migrate")
        present = present_revision(connection)  # once more: another server that began with us may have been first
        if _is_newest(present):
            return False
        if present is None:
            _make(connection)
        else:
            _run_steps(connection)
    return True


def _is_newest(present: str | None) -> bool:
    """Whether there is nothing to do for a database at `present`.

    Raises:
        ConflictError: `conflict`: the database was made by a newer release.
    """
    if present is not None and present > NEWEST:
        raise ConflictError(
            f"the database is at step {present}, this release knows {NEWEST}",
            hint="run the newer release that made it, or restore a backup",
        )
    return present == NEWEST


def _make(connection: Connection) -> None:
    """Make every table, and write down which step that is."""
    metadata.create_all(connection)
    _revision.create(connection, checkfirst=True)
    if connection.execute(select(_revision.c.version_num)).first() is None:
        connection.execute(insert(_revision).values(version_num=NEWEST))


def _run_steps(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - 0.3 s of imports that only an old database needs
    from alembic.config import Config  # noqa: PLC0415 - the same

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, NEWEST)


def run_steps(database: Database) -> None:
    """Bring an empty database to `NEWEST` by the steps alone: for the test that holds the two ways together."""
    with database.write() as connection:
        _run_steps(connection)
