"""What a story about the gateway needs: a gateway, a private feed with a password, a public index, and a client."""

from dataclasses import dataclass
from pathlib import Path

import urllib3

from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.gateway_app import GRANT, GatewayApp

__all__ = ["CANARY", "Answered", "World"]

CANARY = "c4nary-pat-0123456789abcdef"
"""The private feed's password, searched for where it must not be."""


@dataclass(frozen=True)
class Answered:
    """An answer; header names are lower-case."""

    status: int
    headers: dict[str, str]
    data: bytes


@dataclass(frozen=True)
class World:
    """Everything that a story needs. The feed has acme 1.0 and only-here 1.0, the public index acme 99.0 and six."""

    gateway: GatewayApp
    feed: FeedSimulator
    public: FeedSimulator
    folder: Path
    canary: str = CANARY

    def get(
        self, url: str, *, password: str | None = GRANT, accept: str = "application/vnd.pypi.simple.v1+json"
    ) -> Answered:
        """GET `url` as a client with that password."""
        headers = {"Accept": accept}
        if password is not None:
            headers |= urllib3.make_headers(basic_auth=f"__token__:{password}")
        with urllib3.PoolManager() as pool:
            response = pool.request("GET", url, headers=headers, retries=False, redirect=False, timeout=30)
            return Answered(
                response.status, {name.lower(): value for name, value in response.headers.items()}, response.data
            )

    def build(self, work: str = "b1") -> str:
        """The index of a build that names the feed."""
        return self.gateway.build(work, self.feed.url)
