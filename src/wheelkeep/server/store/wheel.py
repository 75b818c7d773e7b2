"""A wheel that the workspace keeps, as a value."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from packaging.utils import NormalizedName
from sqlalchemy import Connection

from wheelkeep.definition.wheel_url import WorkspaceWheel
from wheelkeep.digest import Digest
from wheelkeep.server.index.model import ProjectFile

__all__ = ["LockUses", "Wheel"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One row of the store. `workspace` and `id` are ids; `deleted_at` is None while the wheel is there."""

    id: str
    workspace: str
    filename: str
    project: NormalizedName
    version: str
    digest: Digest
    content_digest: Digest
    size: int
    requires_python: str | None
    metadata_digest: Digest
    metadata_size: int
    tags: tuple[str, ...]
    uploaded_at: str
    uploaded_by: str
    yanked: bool
    yanked_reason: str
    deleted_at: str | None

    def stable_url(self, server_url: str, workspace_name: str) -> str:
        """The wheel's URL on the server at `server_url`: no secret, the same for ever (contract §3.1)."""
        named = WorkspaceWheel(workspace=workspace_name, sha256=self.digest.hex, filename=self.filename)
        return named.url(server_url)

    def project_file(self) -> ProjectFile:
        """The wheel as the workspace's index offers it, linked relative to its project page."""
        return ProjectFile(
            filename=self.filename,
            url=f"../../files/{self.digest.hex}/{quote(self.filename, safe='+!')}",
            sha256=self.digest.hex,
            size=self.size,
            requires_python=self.requires_python,
            core_metadata=self.metadata_digest.hex,
            upload_time=self.uploaded_at,
            yanked=(self.yanked_reason or True) if self.yanked else False,
        )


class LockUses(Protocol):
    """Knows which environments' locks name a file; implemented above the store, by `server/environment`."""

    def environments_naming(self, connection: Connection, workspace: str, sha256: str) -> Sequence[str]:
        """The environments of the workspace (as `name:version`) whose locks name the file with this sha256."""
