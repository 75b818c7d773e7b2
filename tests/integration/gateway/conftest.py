"""A gateway, a private feed with a password, a public index: all real servers on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep.secret import SafeUrl
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.limits import Limits
from wheelkeep.server.origin.public import PublicIndex
from wheelkeep.testing.feeds import Behaviour, FeedSimulator
from wheelkeep.testing.gateway_app import GatewayApp
from wheelkeep.testing.gateway_world import CANARY, World
from wheelkeep.testing.wheels import build_wheel


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    wheels = tmp_path / "wheels"
    feed = FeedSimulator(
        build_wheel(wheels, "acme", "1.0", requires=["six"]),
        build_wheel(wheels, "only-here", "1.0"),
        behaviour=Behaviour(password=CANARY),
    )
    public = FeedSimulator(build_wheel(wheels, "acme", "99.0"), build_wheel(wheels, "six", "1.17.0"))
    limits = Limits(connect_s=2, idle_s=1.5, page_s=3, page_bytes=1 << 20)
    with feed, public:
        safe = SafeUrl.parse(public.url)
        access = FeedAccess(url=safe.bare, connection=None, authorization=None, scope=safe.origin)
        with GatewayApp(tmp_path, public=PublicIndex(safe.bare, access), limits=limits) as gateway:
            gateway.connect("one", feed.base_url, CANARY)
            yield World(gateway, feed, public, tmp_path)
