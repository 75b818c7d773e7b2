"""From a build's order and the workspace's connections to origins, in the order in which they are believed.

The workspace's wheels; then the definition's feeds that a connection matches; then its other feeds; then the public
index, unless `--index-url` replaces it or `--no-index` removes it. Private before public, whatever the definition's
order, so that an open index listed first cannot take a private name. Source: contract §3.2.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wheelkeep.errors import RequestError
from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.server.connection.matching import Match, match
from wheelkeep.server.connection.model import Connection
from wheelkeep.server.connection.place import parse_place
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.address import HostPort
from wheelkeep.server.origin.public import PublicIndex

__all__ = ["PlannedFeed", "access_of", "named_hosts", "plan_feeds"]

_AuthorizationOf = Callable[[Connection], Secret | None]


@dataclass(frozen=True, slots=True)
class PlannedFeed:
    """One index that will be asked: its bare URL and the connection that it belongs to, if one matches."""

    url: str
    connection: Connection | None


def plan_feeds(order: BuildOrder, connections: Sequence[Connection]) -> tuple[PlannedFeed, ...]:
    """The definition's feeds, those with a connection first.

    Raises:
        RequestError: `invalid_option`: an index URL cannot be used.
        ConflictError: `ambiguous_connection`.
    """
    planned = [_plan_feed(url, connections) for url in order.index_urls]
    return tuple(sorted(planned, key=lambda feed: feed.connection is None))


def _plan_feed(url: str, connections: Sequence[Connection]) -> PlannedFeed:
    try:
        bare = str(parse_place(url))
    except ValueError as problem:
        raise RequestError(
            f"an index URL of the definition cannot be used: {problem}",
            code="invalid_option",
            hint="write it as https://host/path/simple/, and give its credential to a connection",
        ) from None
    found = match(url, connections)
    return PlannedFeed(bare, found.connection if isinstance(found, Match) else None)


def access_of(url: str, connections: Sequence[Connection], authorization_of: _AuthorizationOf) -> FeedAccess:
    """How to ask for `url`: with the connection that matches it, or anonymously.

    Raises:
        ConflictError: `ambiguous_connection`.
        IntegrityError: `undecryptable_secret`.
    """
    found = match(url, connections)
    if not isinstance(found, Match):
        return FeedAccess.anonymous(url)
    safe = SafeUrl.parse(url)
    return FeedAccess(
        url=safe.bare,
        connection=found.connection.name,
        authorization=authorization_of(found.connection),
        scope=safe.origin,
    )


def named_hosts(connections: Sequence[Connection], public: PublicIndex | None) -> frozenset[HostPort]:
    """The hosts that may be inside the network: those of connections, and the operator's public index."""
    places = [parse_place(connection.target) for connection in connections]
    named = {(place.host, place.port) for place in places}
    if public is not None:
        place = parse_place(public.url)
        named.add((place.host, place.port))
    return frozenset(named)
