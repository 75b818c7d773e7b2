"""What a server that runs for months lets go of: the sessions of ended builds."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep.clock import SystemClock
from wheelkeep.errors import NotFoundError
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.sessions import Gateways
from wheelkeep.testing.gateway_app import WORKSPACE, GatewayApp


@pytest.fixture
def app(tmp_path: Path) -> Iterator[GatewayApp]:
    made = GatewayApp(tmp_path)
    yield made
    made.database.close()


async def test_the_sessions_of_builds_that_no_longer_go_on_are_forgotten_within_a_minute(app: GatewayApp) -> None:
    now_s = 0.0
    going_on = {"b1", "b2"}

    asked_of_all = asyncio.Event()

    async def order_of(work: str) -> BuildOrder:
        if now_s > 60.0 and work == "b2":
            asked_of_all.set()
        if work not in going_on:
            raise NotFoundError("it has ended", code="unknown_build")
        return BuildOrder(
            work=work, workspace=WORKSPACE, principal="t", index_url=None, extra_index_urls=(), no_index=True
        )

    gateways = Gateways(
        app.shop,
        connections=app.connections,
        bindings=app.bindings,
        blobs=app.blobs,
        database=app.database,
        clock=SystemClock(),
        order_of=order_of,
        monotonic=lambda: now_s,
    )
    await gateways.session("b1")
    kept = await gateways.session("b2")
    going_on.remove("b1")

    now_s = 59.0
    await gateways.session("b2")
    await asyncio.sleep(0.05)
    assert gateways.known("b1") is not None
    now_s = 61.0
    await gateways.session("b2")
    await asyncio.wait_for(asked_of_all.wait(), 10)
    await asyncio.sleep(0)  # the sweep's last step

    assert gateways.known("b1") is None

    assert gateways.known("b2") is kept
    await gateways.close()
