"""Who may pass on the package routes: index pages, files, uploads.

A protocol, so that these hot routes know neither tokens nor grants. The order of its refusals matters to clients:
nobody gets 401, somebody without the right (or of an unknown workspace) 403, and a 404 is for those who may know;
after a 404 uv would take the public package of that name (reference/index.md §1, finding 5).
"""

from dataclasses import dataclass
from typing import Literal, Protocol

__all__ = ["Admission", "PackageDoor", "PackageRight"]

PackageRight = Literal["read", "publish"]


@dataclass(frozen=True, slots=True)
class Admission:
    """Who passed, and into which workspace (its id)."""

    workspace_id: str
    principal_name: str


class PackageDoor(Protocol):
    """Admits the bearers of tokens and grants to a workspace's packages; cheap, it is asked for every request."""

    def admit(self, authorization: bytes | None, workspace: str, *, right: PackageRight) -> Admission:
        """Who shows `authorization` (the header's value), when that is somebody with `right` in `workspace` (a name).

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`: no such right, or no such workspace.
        """
