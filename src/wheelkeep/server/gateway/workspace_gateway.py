"""The workspace's own index: its wheels, then the public index, with the same protection as a build's.

What `pip install --index-url https://.../w/<workspace>/simple/` sees. A name that is bound to a feed does not come from
the public index here either. Public files are linked to `/w/<workspace>/proxy/<project>/<filename>`, so that a client
needs to reach nobody else. Pages are believed for some seconds; the workspace's own wheels never wait for that.
"""

import asyncio
import time
from dataclasses import dataclass

from packaging.utils import NormalizedName

from wheelkeep.digest import Digest
from wheelkeep.errors import NotFoundError, WheelkeepError
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.keeper import Keeper, Kept
from wheelkeep.server.gateway.linked import link_page
from wheelkeep.server.gateway.merged import Decided, MergedIndex
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.server.gateway.shared_calls import SharedCalls
from wheelkeep.server.index.rendered import Rendered, render_project
from wheelkeep.server.store.pages import StorePages
from wheelkeep.server.store.workspace_index import WORKSPACE_ORIGIN

__all__ = ["WorkspaceGateway"]

_BELIEVED_S = 60.0
_KEPT_MOST = 256


@dataclass(frozen=True, slots=True)
class _Page:
    until: float
    decided: Decided | None
    rendered: Rendered | None


class WorkspaceGateway:
    """Every workspace's own index.

    Args:
        pages: the workspace's own pages, rendered.
        shop: gives the public origin.
        connections: whose hosts may be inside the network.
        bindings: the names that belong to private origins.
        blobs: where fetched files are kept.
    """

    def __init__(
        self,
        pages: StorePages,
        shop: OriginShop,
        *,
        connections: ConnectionBook,
        bindings: BindingBook,
        blobs: Blobs,
    ) -> None:
        self._pages = pages
        self._shop = shop
        self._connections = connections
        self._bindings = bindings
        self._blobs = blobs
        self._keeper = Keeper(blobs)
        self._kept: dict[tuple[str, NormalizedName], _Page] = {}
        self._asking: SharedCalls[tuple[str, NormalizedName], _Page] = SharedCalls(remember=False)
        self._looked_up: set[tuple[str, NormalizedName]] = set()
        self._binding: set[asyncio.Task[None]] = set()

    async def page(self, workspace_id: str, project: NormalizedName) -> Rendered | None:
        """The page of `project`: the workspace's own wheels, else what is public; None when neither has it.

        Raises:
            UpstreamError: the public index cannot say, or the name is bound to a feed.
        """
        own = await self._pages.project(workspace_id, project)
        if own is not None:
            if (workspace_id, project) not in self._looked_up:
                self._bind_soon(workspace_id, project)
            return own
        return (await self._public_page(workspace_id, project)).rendered

    def _bind_soon(self, workspace_id: str, project: NormalizedName) -> None:
        """Learn, beside the answer, whether an own name is to be bound: once a name in a process.

        Else a name that was only ever installed from here could be taken by the public index after its wheels are
        deleted.
        """
        self._looked_up.add((workspace_id, project))
        task = asyncio.create_task(self._bind(workspace_id, project))
        self._binding.add(task)
        task.add_done_callback(self._binding.discard)

    async def _bind(self, workspace_id: str, project: NormalizedName) -> None:
        try:
            await self._ask(workspace_id, project)
        except WheelkeepError:
            self._looked_up.discard((workspace_id, project))

    async def close(self) -> None:
        """End what goes on beside answers."""
        for task in self._binding:
            task.cancel()
        await asyncio.gather(*self._binding, return_exceptions=True)
        await self._asking.close()

    async def metadata(self, workspace_id: str, project: NormalizedName, filename: str) -> bytes:
        """The METADATA of a public wheel.

        Raises:
            NotFoundError: `unknown_file`.
            UpstreamError: its origin failed.
        """
        decided = await self._decided(workspace_id, project, filename)
        file = decided.page.file(filename)
        found = None if file is None else await decided.origin.metadata(file)
        if found is None:
            raise _unknown(filename)
        return found

    async def fetch(self, workspace_id: str, project: NormalizedName, filename: str) -> Kept:
        """A public file, verified and among the blobs.

        Raises:
            NotFoundError: `unknown_file`.
            UpstreamError: its origin failed.
            IntegrityError: `hash_mismatch`.
            ResourceError: `disk_full`.
        """
        decided = await self._decided(workspace_id, project, filename)
        file = decided.page.file(filename)
        if file is None:
            raise _unknown(filename)
        if file.sha256 is not None:
            size = await self._blobs.size(Digest(file.sha256))
            if size is not None:
                return Kept(Digest(file.sha256), size)
        return await self._keeper.keep(workspace_id, decided.origin, file)

    async def _decided(self, workspace_id: str, project: NormalizedName, filename: str) -> Decided:
        decided = (await self._public_page(workspace_id, project)).decided
        if decided is None or decided.page.origin == WORKSPACE_ORIGIN:
            raise _unknown(filename)
        return decided

    async def _public_page(self, workspace_id: str, project: NormalizedName) -> _Page:
        key = (workspace_id, project)
        kept = self._kept.get(key)
        if kept is None or kept.until < time.monotonic():
            kept = await self._asking.get(key, lambda: self._ask(workspace_id, project))
            if len(self._kept) >= _KEPT_MOST:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = kept
        return kept

    async def _ask(self, workspace_id: str, project: NormalizedName) -> _Page:
        order = BuildOrder(work="", workspace=workspace_id, principal="index")
        connections = await asyncio.to_thread(self._connections.list, workspace_id)
        origins = await self._shop.origins(order, connections)
        index = MergedIndex(workspace_id, origins.believed, public=origins.public, bindings=self._bindings)
        decided = await index.find(project)
        rendered = None
        if decided is not None and decided.page.origin != WORKSPACE_ORIGIN:
            rendered = render_project(link_page(decided.page, lambda _, name: f"../../proxy/{project}/{name}"))
        return _Page(time.monotonic() + _BELIEVED_S, decided, rendered)


def _unknown(filename: str) -> NotFoundError:
    return NotFoundError(f"there is no file {filename[:200]} here", code="unknown_file")
