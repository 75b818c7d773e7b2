"""Which connection a URL belongs to: pure, so that every attack is a row of a table.

The attacks: a host that merely begins like ours (`pkgs.dev.azure.com.evil.example`), our host as the user name of
another (`https://pkgs.dev.azure.com@evil.example`), a path that begins like ours but goes on inside a segment
(`/OrgEvil` against `/Org`), and paths that change meaning after decoding. Azure's documents promise only "the feed with
the matching base URL" (reference/azure.md §3.3); here it is a rule. Source: contract §3.2, "Matching".
"""

from collections.abc import Iterable
from dataclasses import dataclass

from wheelkeep.errors import ConflictError
from wheelkeep.server.connection.model import PACKAGE_CATEGORIES, Category, Connection
from wheelkeep.server.connection.place import Place, parse_place

__all__ = ["Match", "NoMatch", "match"]


@dataclass(frozen=True, slots=True)
class Match:
    """The URL lies under the connection's target."""

    connection: Connection


@dataclass(frozen=True, slots=True)
class NoMatch:
    """The URL lies under no target. `reasons` say why, a line for each connection or one for the URL itself."""

    reasons: tuple[str, ...]


def match(
    url: str, connections: Iterable[Connection], *, categories: frozenset[Category] = PACKAGE_CATEGORIES
) -> Match | NoMatch:
    """The connection whose target is the base of `url`: the longest, by whole path segments.

    Args:
        url: what is about to be asked for; absolute.
        connections: the workspace's.
        categories: those that serve this kind of request.

    Raises:
        ConflictError: `ambiguous_connection`: two connections have that same target.
    """
    try:
        place = parse_place(url)
    except ValueError as problem:
        return NoMatch((f"the URL matches no connection: {problem}",))
    candidates: list[tuple[Place, Connection]] = []
    reasons: list[str] = []
    for connection in connections:
        target = parse_place(connection.target)
        reason = _difference(target, place, connection, categories)
        if reason is None:
            candidates.append((target, connection))
        else:
            reasons.append(f"{connection.name}: {reason}")
    if not candidates:
        return NoMatch(tuple(reasons) or ("the workspace has no connections",))
    return _longest(candidates)


def _longest(candidates: list[tuple[Place, Connection]]) -> Match:
    length = max(len(target.segments) for target, _ in candidates)
    best = sorted(connection.name for target, connection in candidates if len(target.segments) == length)
    if len(best) > 1:
        raise ConflictError(
            f"the connections {' and '.join(repr(name) for name in best)} have the same target",
            code="ambiguous_connection",
            hint="delete one of them, or give them targets of different depth",
            detail={"first": best[0], "second": best[1]},
        )
    return Match(next(connection for _, connection in candidates if connection.name == best[0]))


def _difference(target: Place, place: Place, connection: Connection, categories: frozenset[Category]) -> str | None:
    if connection.category not in categories:
        return f"its category {connection.category.value} does not serve this kind of request"
    if target.host != place.host:
        return f"its host is {target.host}, not {place.host}"
    if target.scheme != place.scheme:
        return f"its scheme is {target.scheme}, not {place.scheme}"
    if target.port != place.port:
        return f"its port is {target.port}, not {place.port}"
    if not target.contains(place):
        return f"its path /{'/'.join(target.segments)} is no prefix of the URL's, segment by segment"
    return None
