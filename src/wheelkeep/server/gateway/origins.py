"""The origins of a build or of a workspace, ready to be asked: doors out, credentials, audit put together.

One pool of connections for each set of hosts that connections name, so that a workspace without internal feeds shares
its pool with every other such workspace, and never uses one that may reach inside. Read `sources.py` for the order.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.connection.model import Connection
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.sources import PlannedFeed, access_of, named_hosts, plan_feeds
from wheelkeep.server.gateway.workspace_origin import WorkspaceOrigin
from wheelkeep.server.index.protocol import Index
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.address import AddressPolicy, HostPort
from wheelkeep.server.origin.audit_trail import AuditTrail, UpstreamNotes
from wheelkeep.server.origin.feed import FeedIndex
from wheelkeep.server.origin.limits import Limits
from wheelkeep.server.origin.protocol import Origin
from wheelkeep.server.origin.proxies import Proxies
from wheelkeep.server.origin.public import PUBLIC_ORIGIN, PublicIndex
from wheelkeep.server.origin.upstream import Upstream

__all__ = ["OriginShop", "Origins"]

_MOST_POOLS = 64
"""Pools that keep their connections; one more lets the one go that was not used for the longest time."""


@dataclass(frozen=True, slots=True)
class Origins:
    """Origins in the order in which they are believed, and the public index, which may be only listened to."""

    believed: tuple[Origin, ...]
    public: Origin | None


class OriginShop:
    """Gives origins.

    Args:
        connections: for the credentials.
        wheels_of: the index of a workspace's (its id's) own wheels.
        blobs: their bytes.
        public: gives the public index, or None when the operator wants none; asked at the first use, not at the start.
        trail: where the use of credentials is noted.
        proxies: the operator's.
        limits: time and size of requests.
        most_pools: how many pools keep their connections.
    """

    def __init__(
        self,
        connections: ConnectionBook,
        *,
        wheels_of: Callable[[str], Index],
        blobs: Blobs,
        public: Callable[[], PublicIndex | None],
        trail: AuditTrail,
        proxies: Proxies | None = None,
        limits: Limits | None = None,
        most_pools: int = _MOST_POOLS,
    ) -> None:
        self._connections = connections
        self._wheels_of = wheels_of
        self._blobs = blobs
        self._public = public
        self._trail = trail
        self._proxies = proxies
        self._limits = limits
        self._most_pools = most_pools
        self._pools: dict[frozenset[HostPort], Upstream] = {}

    async def origins(self, order: BuildOrder, connections: Sequence[Connection]) -> Origins:
        """The origins of a build: the workspace's wheels, its definition's feeds, the public index.

        Raises:
            RequestError: `invalid_option`.
            ConflictError: `ambiguous_connection`.
            IntegrityError: `undecryptable_secret`.
        """
        planned = plan_feeds(order, connections)
        notes = UpstreamNotes(
            trail=self._trail, principal=order.principal, workspace=order.workspace, work=order.work or None
        )
        upstream = await self._pool(named_hosts(connections, self._public()))
        feeds = [await self._feed(feed, connections, upstream, notes) for feed in planned]
        public = None if order.no_index else self._public_origin(upstream, notes)
        wheels = WorkspaceOrigin(self._wheels_of(order.workspace), self._blobs)
        believed: list[Origin] = [wheels, *feeds]
        if public is not None and order.index_url is None:
            believed.append(public)
        return Origins(tuple(believed), public)

    async def trial(self, connection: Connection, *, principal: str) -> int:
        """Ask the connection's target once with its credential; the status that says that it was admitted.

        404 is such an answer: the base URL of a feed need not be a page. Noted in the audit as any use is.

        Raises:
            UpstreamError: it was refused, or does not answer; the error says why and what to do.
            DeniedError: `origin_forbidden`.
            IntegrityError: `undecryptable_secret`.
        """
        notes = UpstreamNotes(trail=self._trail, principal=principal, workspace=connection.workspace)
        access = await asyncio.to_thread(
            access_of, connection.target, [connection], self._connections.authorization_for
        )
        upstream = await self._pool(named_hosts([connection], self._public()))
        answer = await upstream.fetch(f"{connection.target}/", access, notes, kind="page")
        return HTTPStatus.NOT_FOUND if answer is None else answer.status

    async def _feed(
        self, planned: PlannedFeed, connections: Sequence[Connection], upstream: Upstream, notes: UpstreamNotes
    ) -> FeedIndex:
        access = await asyncio.to_thread(access_of, planned.url, connections, self._connections.authorization_for)
        return FeedIndex(
            planned.url,
            access,
            upstream=upstream,
            notes=notes,
            staging=self._blobs.staging,
            access_for=FeedAccess.anonymous if planned.connection is None else self._access_for(connections),
        )

    def _public_origin(self, upstream: Upstream, notes: UpstreamNotes) -> FeedIndex | None:
        """The public index: whatever file it lists elsewhere is asked for without a credential."""
        public = self._public()
        if public is None:
            return None
        return FeedIndex(
            public.url,
            public.access,
            upstream=upstream,
            notes=notes,
            staging=self._blobs.staging,
            label=PUBLIC_ORIGIN,
        )

    def _access_for(self, connections: Sequence[Connection]) -> Callable[[str], FeedAccess]:
        return lambda url: access_of(url, connections, self._connections.authorization_for)

    async def _pool(self, named: frozenset[HostPort]) -> Upstream:
        """The pool of those hosts, which is now the one that was used last."""
        pool = self._pools.pop(named, None) or Upstream(AddressPolicy(named), self._limits, proxies=self._proxies)
        self._pools[named] = pool
        if len(self._pools) > self._most_pools:
            await self._pools.pop(next(iter(self._pools))).retire()  # a build that has it may go on with it
        return pool

    async def close(self) -> None:
        """Close every pool."""
        pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            await pool.close()
