"""The names that belong to private origins, kept. Synchronous, for a thread."""

from packaging.utils import NormalizedName
from sqlalchemy.exc import IntegrityError as DuplicateRow

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import NotFoundError
from wheelkeep.server.db.engine import Database
from wheelkeep.server.gateway.decision import Bind, Binding, Keep, Unbind
from wheelkeep.server.gateway.sql import delete_binding, find_binding, list_bindings, write_binding

__all__ = ["BindingBook"]


class BindingBook:
    """Keeps bound names.

    Args:
        database: where the rows are.
        clock: for when a name was bound.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(self, workspace: str, project: NormalizedName) -> Binding | None:
        """To what `project` is bound in the workspace (its id), or None."""
        with self._database.read() as connection:
            return find_binding(connection, workspace, project)

    def list(self, workspace: str) -> list[Binding]:
        """The workspace's bound names, sorted."""
        with self._database.read() as connection:
            return list_bindings(connection, workspace)

    def apply(self, workspace: str, project: NormalizedName, change: Bind | Unbind | Keep) -> None:
        """Make `change` durable."""
        if isinstance(change, Keep):
            return
        if isinstance(change, Unbind):
            with self._database.write() as connection:
                delete_binding(connection, workspace, project)
            return
        binding = Binding(project=project, origin=change.origin, provisional=change.provisional)
        try:
            self._write(workspace, binding)
        except DuplicateRow:  # on PostgreSQL another server inserted between our update and our insert
            self._write(workspace, binding)

    def _write(self, workspace: str, binding: Binding) -> None:
        with self._database.write() as connection:
            write_binding(connection, workspace, binding, at=format_time(self._clock.now()))

    def release(self, workspace: str, project: NormalizedName) -> None:
        """Let the name come from wherever it is again; the caller audits it.

        Raises:
            NotFoundError: `not_found`: it is not bound.
        """
        with self._database.write() as connection:
            if not delete_binding(connection, workspace, project):
                raise NotFoundError(f"the name {project} is not bound in this workspace", code="not_found")
