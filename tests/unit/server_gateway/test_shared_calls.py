"""Callers share a call; its owner may close it under them."""

import asyncio

import pytest

from wheelkeep.errors import ConflictError
from wheelkeep.server.gateway.shared_calls import SharedCalls


async def _never() -> str:
    await asyncio.Event().wait()
    return "never"


async def test_callers_of_calls_that_were_closed_get_an_error_not_a_cancellation() -> None:
    calls: SharedCalls[str, str] = SharedCalls(remember=True)
    waiting = asyncio.create_task(calls.get("page", _never))
    await asyncio.sleep(0)

    await calls.close()

    with pytest.raises(ConflictError) as caught:
        await waiting
    assert caught.value.code == "lost_lease"


async def test_a_caller_that_goes_away_is_cancelled_and_leaves_the_call_to_the_others() -> None:
    calls: SharedCalls[str, str] = SharedCalls(remember=True)
    answer = asyncio.Event()

    async def ask() -> str:
        await answer.wait()
        return "page"

    first, second = (asyncio.create_task(calls.get("page", ask)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    answer.set()

    with pytest.raises(asyncio.CancelledError):
        await first
    assert await second == "page"
