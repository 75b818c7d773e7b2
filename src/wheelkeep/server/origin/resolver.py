"""Names to addresses, with the policy in between: the address that was checked is the address connected to.

A check before the connection would be a time-of-check race (DNS rebinding): the second look-up may answer otherwise.
Here the connector connects to exactly what this resolver returned.
"""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from wheelkeep.server.origin.address import AddressPolicy

__all__ = ["CheckedResolver"]


class CheckedResolver(AbstractResolver):
    """The system's resolver under an address policy.

    Args:
        policy: says which addresses may be returned.
        inner: looks names up; the system's when not given.
    """

    def __init__(self, policy: AddressPolicy, inner: AbstractResolver | None = None) -> None:
        self._policy = policy
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of `host`, all of them allowed.

        Raises:
            DeniedError: `origin_forbidden`.
            OSError: the name is unknown.
        """
        found = await self._inner.resolve(host, port, family)
        self._policy.check(host, port, (result["host"] for result in found))
        return found

    async def close(self) -> None:
        """Close the inner resolver."""
        await self._inner.close()
