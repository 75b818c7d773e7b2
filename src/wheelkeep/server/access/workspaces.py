"""The tenants. Everything else belongs to one of them, by its id; its name is only what people call it."""

import secrets
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError as DuplicateRow

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import ConflictError, NotFoundError
from wheelkeep.names import check_workspace_name
from wheelkeep.server.access.sql import workspace_table
from wheelkeep.server.db.engine import Database

__all__ = ["DEFAULT_WORKSPACE", "Workspace", "WorkspaceBook"]

DEFAULT_WORKSPACE = "default"
"""The workspace that a new server has (contract §8)."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """One tenant."""

    id: str
    name: str
    created_at: str


class WorkspaceBook:
    """The workspaces of this server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._by_name: dict[str, Workspace] = {}

    def create(self, name: str) -> Workspace:
        """A new workspace.

        Raises:
            RequestError: `invalid_name`.
            ConflictError: `already_exists`.
        """
        made = Workspace(secrets.token_hex(8), check_workspace_name(name), format_time(self._clock.now()))
        try:
            with self._database.write() as connection:
                connection.execute(
                    insert(workspace_table).values(id=made.id, name=made.name, created_at=made.created_at)
                )
        except DuplicateRow:
            raise ConflictError(
                f"a workspace {name!r} exists", code="already_exists", hint="choose another name, or use that one"
            ) from None
        return made

    def ensure_default(self) -> Workspace:
        """The workspace `default`, made when the server is new."""
        try:
            return self.get(DEFAULT_WORKSPACE)
        except NotFoundError:
            with suppress(ConflictError):  # another server that began at the same time made it
                return self.create(DEFAULT_WORKSPACE)
            return self.get(DEFAULT_WORKSPACE)

    def get(self, name: str) -> Workspace:
        """The workspace called `name`.

        Raises:
            NotFoundError: `unknown_workspace`.
        """
        known = self._by_name.get(name)
        if known is not None:
            return known
        with self._database.read() as connection:
            row = connection.execute(select(workspace_table).where(workspace_table.c.name == name)).first()
        if row is None:
            raise NotFoundError(
                f"there is no workspace {name[:80]!r}",
                code="unknown_workspace",
                hint="see `wheelkeep workspace list`, or make it with `wheelkeep workspace create`",
            )
        found = Workspace(row.id, row.name, row.created_at)
        self._by_name[name] = found
        return found

    def name_of(self, workspace_id: str) -> str:
        """The name of the workspace with that id.

        Raises:
            NotFoundError: `unknown_workspace`.
        """
        with self._database.read() as connection:
            name = connection.execute(
                select(workspace_table.c.name).where(workspace_table.c.id == workspace_id)
            ).scalar()
        if name is None:
            raise NotFoundError("the workspace was deleted", code="unknown_workspace")
        return str(name)

    def list(self) -> list[Workspace]:
        """Every workspace, by name."""
        with self._database.read() as connection:
            rows = connection.execute(select(workspace_table).order_by(workspace_table.c.name)).all()
        return [Workspace(row.id, row.name, row.created_at) for row in rows]
