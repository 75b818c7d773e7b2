"""A route of the API as data: the router, the guard and the OpenAPI document are all made from it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from wheelkeep.server.access.roles import Right
from wheelkeep.server.http.call import Call

__all__ = ["API", "Admits", "Endpoint", "Route", "Routes"]

API = "/api/v1"
"""Where the API's paths begin."""

Admits = Right | Literal["anyone", "node", "work"]
"""Who may call: the bearer of a right, anyone with a token, a node's token, or the grant of the work in the path."""

Endpoint = Callable[[Call], object] | Callable[[Call], Awaitable[object]]
"""Takes the call; gives the answer's struct, a list of structs, None (204), or a ready response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of one path below `/api/v1`.

    `body` and `answer` are msgspec types; a raw body (`None` with `raw=True`) is read by the endpoint itself.
    """

    method: str
    path: str
    summary: str
    admits: Admits
    endpoint: Endpoint
    body: type | None = None
    answer: object = None
    status: int = 200
    raw: bool = False

    @property
    def in_workspace(self) -> bool:
        """Whether the path names a workspace."""
        return "{workspace}" in self.path


class Routes(Protocol):
    """One domain's part of the API."""

    def routes(self) -> list[Route]:
        """Its routes."""
