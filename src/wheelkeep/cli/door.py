"""What the command line asks the API for beside the SDK's objects: lists and views as they cross the wire."""

from wheelkeep.errors import NotFoundError
from wheelkeep.names import check_workspace_name
from wheelkeep.sdk.api import path_of
from wheelkeep.sdk.registration import delete_environment, environment_path, fetch_lock
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.wire.resources import (
    AuditRow,
    BuildView,
    EnvironmentView,
    TokenBody,
    TokenView,
    WorkerView,
    WorkspaceBody,
    WorkspaceView,
)

__all__ = ["Door"]

_ACTIVE = ("Queued", "Running")


class Door:
    """The API of the server that keeps `workspace`, as typed calls."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._api = workspace.api
        self._here = workspace.path

    def environments(self) -> list[EnvironmentView]:
        """The latest version of every environment."""
        return self._api.get(self._here("environments"), list[EnvironmentView])

    def environment(self, name: str, version: int | None) -> EnvironmentView:
        """One version; the latest when None."""
        path = environment_path(self._workspace, name, "versions", version or "latest")
        return self._api.get(path, EnvironmentView)

    def lock(self, name: str, version: int | None) -> str:
        """The version's lock, as PEP 751 text."""
        return fetch_lock(self._workspace, name, version)

    def delete_environment(self, name: str, version: int | None) -> None:
        """Forget an environment, or one version."""
        delete_environment(self._workspace, name, version)

    def cancel_builds(self, name: str, version: int | None) -> list[BuildView]:
        """Ask the builds of an environment that go on to stop.

        Raises:
            NotFoundError: none goes on.
        """
        active = [
            view
            for view in self._api.get(self._here("builds"), list[BuildView])
            if view.environment.lower() == name.lower() and version in {None, view.version} and view.status in _ACTIVE
        ]
        if not active:
            raise NotFoundError(f"no build of {name} goes on", code="unknown_build")
        return [self._api.post(self._here("builds", view.id, "cancel"), BuildView) for view in active]

    def workspaces(self) -> list[WorkspaceView]:
        """The workspaces that the token may see."""
        return self._api.get(path_of("workspaces"), list[WorkspaceView])

    def create_workspace(self, name: str) -> WorkspaceView:
        """A new workspace."""
        return self._api.post(path_of("workspaces"), WorkspaceView, body=WorkspaceBody(name=check_workspace_name(name)))

    def tokens(self) -> list[TokenView]:
        """Every token, without its text."""
        return self._api.get(path_of("tokens"), list[TokenView])

    def create_token(self, body: TokenBody) -> TokenView:
        """A new token, its text included this once."""
        return self._api.post(path_of("tokens"), TokenView, body=body)

    def revoke_token(self, identifier: str) -> None:
        """Let nobody in by this token any more."""
        self._api.delete(path_of("tokens", identifier))

    def workers(self) -> list[WorkerView]:
        """The workers that were heard of lately."""
        return self._api.get(path_of("workers"), list[WorkerView])

    def audit(self) -> list[AuditRow]:
        """The newest rows (at most 1,000) of the workspace's audit, oldest first."""
        rows = self._api.get(self._here("audit"), list[AuditRow], query={"newest": "true"})
        return rows[::-1]
