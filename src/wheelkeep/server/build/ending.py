"""Why a build failed, and what is let go when it ends.

What the gateway saw (a feed that refused its credential, a lost package) explains a failed resolution better than what
the resolver made of it: the resolver only saw a 502.
"""

from wheelkeep.server.gateway.sessions import Gateways
from wheelkeep.wire.problem import Failure

__all__ = ["Endings"]

_EXPLAINED = frozenset(
    {
        "resolution_failed",
        "no_such_package",
        "no_matching_version",
        "feed_failed",
        "feed_unreachable",
        "feed_authentication_failed",
        "feed_forbidden",
        "feed_timeout",
        "server_unreachable",
        "denied",
        "build_failed",
    }
)
"""The codes of a node that an incident of the gateway may be the cause of."""


class Endings:
    """Closes what a piece of work had open at the gateway."""

    def __init__(self, gateways: Gateways) -> None:
        self._gateways = gateways

    def explain(self, work_id: str, failure: Failure | None) -> Failure | None:
        """`failure`, or the gateway's own reason when that is the cause."""
        if failure is None or failure.code not in _EXPLAINED:
            return failure
        session = self._gateways.known(work_id)
        cause = None if session is None else session.explain()
        return failure if cause is None else Failure.of(cause)

    async def close(self, work_id: str) -> None:
        """Forget the work's pages."""
        await self._gateways.forget(work_id)
