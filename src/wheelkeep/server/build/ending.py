"""Why a build failed, and what is let go when it ends.

What the gateway saw (a feed that refused its credential, a lost package) explains a failed resolution better than what
the resolver made of it: the resolver only saw a 502.
"""

from collections.abc import Callable

import msgspec

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
    """Closes what a piece of work had open at the gateway.

    Args:
        gateways: what the builds saw.
        has_public_index: whether the operator lets builds see the public index.
    """

    def __init__(self, gateways: Gateways, *, has_public_index: Callable[[], bool]) -> None:
        self._gateways = gateways
        self._has_public_index = has_public_index

    def explain(self, work_id: str, failure: Failure | None) -> Failure | None:
        """`failure`, or the gateway's own reason when that is the cause."""
        if failure is None or failure.code not in _EXPLAINED:
            return failure
        session = self._gateways.known(work_id)
        cause = None if session is None else session.explain()
        if cause is not None:
            return Failure.of(cause)
        if failure.code == "no_such_package" and not self._has_public_index():
            hint = f"the public index is turned off here (WHEELKEEP_PUBLIC_INDEX=none); {failure.hint}"
            return msgspec.structs.replace(failure, hint=hint)
        return failure

    async def close(self, work_id: str) -> None:
        """Forget the work's pages."""
        await self._gateways.forget(work_id)
