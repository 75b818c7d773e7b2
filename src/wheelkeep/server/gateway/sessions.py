"""The gateways of builds that go on, by their work's id.

A session lives in memory: what it was shown is made again from the build's plan after a restart, by asking the origins
anew, and the lock is checked against that. It ends with its work.
"""

import asyncio
from collections.abc import Awaitable, Callable

from wheelkeep.clock import Clock
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.db.engine import Database
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.keeper import Keeper
from wheelkeep.server.gateway.merged import MergedIndex
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.server.gateway.session import BuildGateway
from wheelkeep.server.gateway.shared_calls import SharedCalls

__all__ = ["Gateways"]


class Gateways:
    """The sessions of this server.

    Args:
        shop: gives origins.
        connections: the workspaces' connections.
        bindings: the names that belong to private origins.
        blobs: for held files.
        database: for their rows.
        clock: for their times.
        order_of: the order of a work that goes on; it raises NotFoundError for any other.
    """

    def __init__(
        self,
        shop: OriginShop,
        *,
        connections: ConnectionBook,
        bindings: BindingBook,
        blobs: Blobs,
        database: Database,
        clock: Clock,
        order_of: Callable[[str], Awaitable[BuildOrder]],
    ) -> None:
        self._shop = shop
        self._connections = connections
        self._bindings = bindings
        self._blobs = blobs
        self._database = database
        self._clock = clock
        self._order_of = order_of
        self._keeper = Keeper(blobs)
        self._sessions: SharedCalls[str, BuildGateway] = SharedCalls(remember=True)

    async def session(self, work: str) -> BuildGateway:
        """The gateway of the build `work`, made when it is new or was forgotten by a restart.

        Raises:
            NotFoundError: no such build goes on.
            RequestError: `invalid_option`: an index URL of its definition cannot be used.
            ConflictError: `ambiguous_connection`.
        """
        return await self._sessions.get(work, lambda: self._open(work))

    def known(self, work: str) -> BuildGateway | None:
        """The gateway of `work` when this process has it: to explain a failure without asking anew."""
        return self._sessions.remembered(work)

    async def _open(self, work: str) -> BuildGateway:
        order = await self._order_of(work)
        connections = await asyncio.to_thread(self._connections.list, order.workspace)
        origins = await self._shop.origins(order, connections)
        index = MergedIndex(order.workspace, origins.believed, public=origins.public, bindings=self._bindings)
        return BuildGateway(
            order, index, keeper=self._keeper, blobs=self._blobs, database=self._database, clock=self._clock
        )

    async def forget(self, work: str) -> None:
        """End the session of `work`: the work has ended."""
        session = self._sessions.forget(work)
        if session is not None:
            await session.close()

    async def close(self) -> None:
        """End every session and every connection to an origin."""
        for session in self._sessions.forget_all():
            await session.close()
        await self._sessions.close()
        await self._shop.close()
