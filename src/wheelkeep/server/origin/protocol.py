"""What an origin of packages can do: an `Index` whose files can be read."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from wheelkeep.server.index.model import ProjectFile
from wheelkeep.server.index.protocol import Index
from wheelkeep.server.origin.upstream import Body

__all__ = ["Origin"]


class Origin(Index, Protocol):
    """A place that packages come from."""

    @property
    def label(self) -> str:
        """What `ProjectPage.origin` of its pages says: `connection:<name>`, `index:<bare URL>` or `public`."""

    @property
    def is_private(self) -> bool:
        """Whether it is reached through a connection: its names are bound, and it goes before public ones."""

    async def metadata(self, file: ProjectFile) -> bytes | None:
        """The METADATA of the wheel `file`, of one of this origin's pages; None when it has none.

        Raises:
            UpstreamError: the origin cannot say.
            IntegrityError: `hash_mismatch`: the bytes are not those that the page announced.
        """

    def open_file(self, file: ProjectFile) -> AbstractAsyncContextManager[Body | None]:
        """The bytes of `file` as they come, unverified; None when it is not there.

        Raises:
            UpstreamError: the origin failed, now or in the middle.
        """
