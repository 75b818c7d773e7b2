"""The package routes' doors: tokens and grants behind the small protocols that those hot routes know."""

from wheelkeep.errors import DeniedError, NotFoundError
from wheelkeep.server.access.door import Door
from wheelkeep.server.access.principal import WorkPrincipal
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.http.package_door import Admission, PackageRight

__all__ = ["GrantDoor", "TokenDoor"]


class TokenDoor:
    """A `PackageDoor` for tokens and grants; a grant only reads, and only in its workspace."""

    def __init__(self, door: Door, workspaces: WorkspaceBook) -> None:
        self._door = door
        self._workspaces = workspaces

    def admit(self, authorization: bytes | None, workspace: str, *, right: PackageRight) -> Admission:
        """Who shows `authorization`, when it may `right` in `workspace`.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`: no such right, or no such workspace.
        """
        asker = self._door.identify(authorization)
        try:
            found = self._workspaces.get(workspace)
        except NotFoundError:
            raise DeniedError(
                "the token may not enter that workspace, or there is none",
                code="denied",
                hint="see `wheelkeep workspace list`",
            ) from None
        if isinstance(asker, WorkPrincipal):
            if right == "read" and asker.workspace == found.id:
                return Admission(found.id, asker.name)
            raise DeniedError("the grant may not do this", code="denied")
        principal = self._door.admit(authorization, right, workspace=found.id)
        return Admission(found.id, principal.name)


class GrantDoor:
    """A build's door: its own grant opens it, nothing else does."""

    def __init__(self, door: Door, workspaces: WorkspaceBook) -> None:
        self._door = door
        self._workspaces = workspaces

    def admit_grant(self, authorization: bytes | None, workspace: str, work: str) -> None:
        """Nothing, when `authorization` is the living grant of `work` in the workspace of that name.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`.
        """
        asker = self._door.identify(authorization)
        if isinstance(asker, WorkPrincipal) and asker.work == work:
            try:
                if self._workspaces.get(workspace).id == asker.workspace:
                    return
            except NotFoundError:
                pass
        raise DeniedError("this index is for the grant of its build alone", code="denied")
