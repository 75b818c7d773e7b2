"""The gateways of builds that go on, by their work's id.

A session lives in memory: what it was shown is made again from the build's plan after a restart, by asking the origins
anew, and the lock is checked against that. It ends with its work: when the node says so, when the server ends work
that no node came back to, and, for work that ended elsewhere, by a look at all sessions once a minute.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from wheelkeep.clock import Clock
from wheelkeep.errors import NotFoundError
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

_LOG = logging.getLogger(__name__)
_SWEEP_EVERY_S = 60.0


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
        monotonic: seconds, for the sweeps.
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
        monotonic: Callable[[], float] = time.monotonic,
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
        self._monotonic = monotonic
        self._swept_at = monotonic()
        self._sweep: asyncio.Task[None] | None = None

    async def session(self, work: str) -> BuildGateway:
        """The gateway of the build `work`, made when it is new or was forgotten by a restart.

        Raises:
            NotFoundError: no such build goes on.
            RequestError: `invalid_option`: an index URL of its definition cannot be used.
            ConflictError: `ambiguous_connection`.
        """
        if self._monotonic() - self._swept_at >= _SWEEP_EVERY_S:
            self._swept_at = self._monotonic()
            self._sweep = asyncio.create_task(self._forget_ended())  # beside the answer
        return await self._sessions.get(work, lambda: self._open(work))

    async def _forget_ended(self) -> None:
        for work in self._sessions.keys():  # noqa: SIM118 - a list of them, no dict: they change meanwhile
            try:
                await self._order_of(work)
            except NotFoundError:
                await self.forget(work)
            except Exception:  # noqa: BLE001 - logged; what cannot be asked now is asked at the next sweep
                _LOG.exception("whether work %s goes on could not be asked", work)

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
        if self._sweep is not None:
            self._sweep.cancel()
            await asyncio.gather(self._sweep, return_exceptions=True)
        for session in self._sessions.forget_all():
            await session.close()
        await self._sessions.close()
        await self._shop.close()
