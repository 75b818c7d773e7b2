"""A request as its endpoint sees it: who asks, in which workspace, with which body."""

from dataclasses import dataclass

from starlette.requests import Request

from wheelkeep.errors import RequestError
from wheelkeep.server.access.principal import Principal, WorkPrincipal
from wheelkeep.server.access.workspaces import Workspace

__all__ = ["Call", "parse_integer"]

_MOST_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request. `body` is of the type that the route declares."""

    request: Request
    asker: Principal | WorkPrincipal
    named: Workspace | None
    body: object

    @property
    def workspace(self) -> Workspace:
        """The workspace in the path."""
        if self.named is None:
            raise TypeError("the route has no workspace in its path")
        return self.named

    @property
    def principal(self) -> Principal:
        """Who asks, on a route for tokens."""
        if not isinstance(self.asker, Principal):
            raise TypeError("the route is not for tokens")
        return self.asker

    @property
    def holder(self) -> WorkPrincipal:
        """The holder of the lease, on a route of some work."""
        if not isinstance(self.asker, WorkPrincipal):
            raise TypeError("the route is not for grants")
        return self.asker

    def path(self, name: str) -> str:
        """A part of the path."""
        return str(self.request.path_params[name])

    def integer(self, name: str, default: int | None = None) -> int | None:
        """A whole number of the query, or `default`.

        Raises:
            RequestError: `invalid_request`.
        """
        text = self.request.query_params.get(name)
        return default if text is None else parse_integer(text, name)

    def flag(self, name: str) -> bool:
        """Whether the query says `name=true` (or 1)."""
        return self.request.query_params.get(name, "").lower() in {"1", "true", "yes"}

    def text(self, name: str) -> str | None:
        """A text of the query, or None."""
        return self.request.query_params.get(name)


def parse_integer(text: str, name: str) -> int:
    """The whole number that `text` writes, from 0 to 2**31 - 1: what fits a database's integer.

    Raises:
        RequestError: `invalid_request`.
    """
    if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS or int(text) >= 1 << 31:
        raise RequestError(f"{name} is no whole number from 0 to 2147483647", code="invalid_request")
    return int(text)
