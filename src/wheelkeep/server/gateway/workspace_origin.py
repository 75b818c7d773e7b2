"""The workspace's own wheels as an origin: private, first, and in need of no fetching."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from packaging.utils import NormalizedName

from wheelkeep.digest import Digest
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.index.protocol import Index
from wheelkeep.server.origin.upstream import Body
from wheelkeep.server.store.workspace_index import WORKSPACE_ORIGIN

__all__ = ["WorkspaceOrigin"]


class WorkspaceOrigin:
    """An `Origin` over the store's index.

    Args:
        index: the workspace's wheels.
        blobs: their bytes.
    """

    def __init__(self, index: Index, blobs: Blobs) -> None:
        self._index = index
        self._blobs = blobs

    @property
    def label(self) -> str:
        """`workspace`."""
        return WORKSPACE_ORIGIN

    @property
    def is_private(self) -> bool:
        """True."""
        return True

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """The workspace's wheels of that name, or None."""
        return await self._index.page(project)

    async def metadata(self, file: ProjectFile) -> bytes | None:
        """The METADATA, which the store keeps as an object of its own."""
        if not isinstance(file.core_metadata, str):
            return None
        return await self._blobs.read(Digest(file.core_metadata))

    @asynccontextmanager
    async def open_file(self, file: ProjectFile) -> AsyncIterator[Body | None]:
        """The wheel's bytes."""
        if file.sha256 is None:
            yield None
            return
        yield Body(file.size, self._blobs.stream(Digest(file.sha256)))
