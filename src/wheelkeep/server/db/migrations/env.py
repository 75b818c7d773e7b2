"""What alembic runs to migrate: our connection, in our transaction, with SQLite's batch mode."""

from alembic import context

from wheelkeep.server.db.engine import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
context.run_migrations()
