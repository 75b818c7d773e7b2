"""A long poll is woken by what it waits for, and by a server that leaves."""

import asyncio
import gc
import time
import weakref

from wheelkeep.server.work.bell import Bell

_LONG_S = 30.0


async def test_a_ring_wakes_who_listened_before_it() -> None:
    bell = Bell()
    event = bell.listen("work")

    bell.ring("work")
    began = time.monotonic()
    await bell.wait(event, _LONG_S)

    assert time.monotonic() - began < _LONG_S / 2


async def test_a_ring_of_another_topic_wakes_nobody() -> None:
    bell = Bell()
    event = bell.listen("work")

    bell.ring("another")
    await bell.wait(event, 0.05)

    assert not event.is_set()


async def test_a_closed_bell_wakes_everybody_and_lets_nobody_wait() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(bell.listen(topic), _LONG_S)) for topic in ("work", "a-log")]
    await asyncio.sleep(0)

    bell.close()

    began = time.monotonic()
    await asyncio.gather(*waiting)
    await bell.wait(bell.listen("work"), _LONG_S)
    assert bell.is_closed
    assert time.monotonic() - began < _LONG_S / 2


async def test_a_topic_is_forgotten_with_its_last_listener() -> None:
    bell = Bell()
    event = bell.listen("an-ended-work")
    seen = weakref.ref(event)
    assert bell.listen("an-ended-work") is event

    del event
    gc.collect()

    assert seen() is None
