"""Brings a database to the newest form, before the server listens.

A database that is there already costs one query: alembic takes 0.3 s to import, which an embedded workspace has not.
"""

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from wheelkeep.errors import ConflictError
from wheelkeep.server.db.engine import Database

__all__ = ["NEWEST", "migrate", "present_revision"]

NEWEST = "0001"
"""The newest step in `migrations/versions`; a test holds the two together."""


def present_revision(connection: Connection) -> str | None:
    """The step that the database is at, or None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def migrate(database: Database) -> bool:
    """Bring `database` to `NEWEST`, in one transaction; whether anything was to do.

    Raises:
        ConflictError: `conflict`: the database was made by a newer release.
    """
    with database.read() as connection:
        present = present_revision(connection)
    if present == NEWEST:
        return False
    if present is not None and present > NEWEST:
        raise ConflictError(
            f"the database is at step {present}, this release knows {NEWEST}",
            hint="run the newer release that made it, or restore a backup",
        )
    from alembic import command  # noqa: PLC0415 - 0.3 s of imports that only a new or old database needs
    from alembic.config import Config  # noqa: PLC0415 - the same

    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    with database.write() as connection:
        configuration.attributes["connection"] = connection
        command.upgrade(configuration, NEWEST)
    return True
