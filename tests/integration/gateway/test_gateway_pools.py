"""Pools of connections that make room for others."""

import gc
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.server.store.workspace_index import WorkspaceIndex
from wheelkeep.testing.audit import MemoryAudit
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.gateway_app import WORKSPACE, GatewayApp

pytestmark = [pytest.mark.servers]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[GatewayApp]:
    made = GatewayApp(tmp_path)
    yield made
    made.database.close()


async def test_a_pool_that_makes_room_closes_its_connections_and_may_still_be_used(app: GatewayApp) -> None:
    shop = OriginShop(
        app.connections,
        wheels_of=lambda workspace: WorkspaceIndex(app.store, workspace),
        blobs=app.blobs,
        public=lambda: None,
        trail=MemoryAudit(),
        most_pools=1,
    )
    with FeedSimulator() as first, FeedSimulator() as second, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always", ResourceWarning)
        app.connect("one", first.base_url, None)
        connections = app.connections.list(WORKSPACE)
        order = BuildOrder(
            work="b1",
            workspace=WORKSPACE,
            principal="t",
            index_url=None,
            extra_index_urls=(first.url,),
            no_index=False,
        )
        feed = (await shop.origins(order, connections)).believed[1]
        await feed.page(canonicalize_name("nowhere"))
        app.connect("two", second.base_url, None)
        [other] = [one for one in app.connections.list(WORKSPACE) if one.name == "two"]
        await shop.trial(other, principal="t")

        await feed.page(canonicalize_name("nowhere-else"))
        await shop.close()
        del feed
        gc.collect()

    assert [seen.path for seen in first.seen][-1].endswith("/nowhere-else/")
    assert [str(one.message) for one in warned if "Unclosed" in str(one.message)] == []
