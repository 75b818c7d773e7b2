"""Wakes the long polls of this process when something happened.

Only a quicker wake-up: a poll also looks by itself every second, so another server's events are seen too.
"""

import asyncio
import contextlib
import weakref

__all__ = ["Bell"]


class Bell:
    """Rings topics (`work`, or a work's id); safe to ring from any thread."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        # weak: a topic is forgotten with its last listener, so ended works leave nothing behind
        self._events: weakref.WeakValueDictionary[str, asyncio.Event] = weakref.WeakValueDictionary()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether the server leaves: a long poll answers now what it knows."""
        return self._is_closed

    def close(self) -> None:
        """Wake everybody, and let nobody wait any more. From the event loop's thread."""
        self._is_closed = True
        self._wake(tuple(self._events))

    def listen(self, topic: str) -> asyncio.Event:
        """The event that the next ring of `topic` sets. Listen first, then look, then wait: nothing is missed.

        The bell holds the event only while a listener does.
        """
        self._loop = asyncio.get_running_loop()
        return self._events.setdefault(topic, asyncio.Event())

    async def wait(self, event: asyncio.Event, timeout_s: float) -> None:
        """Return when `event` is set, or after `timeout_s` seconds; at once when the bell is closed."""
        if self._is_closed:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(event.wait(), timeout_s)

    def ring(self, *topics: str) -> None:
        """Wake all who wait for one of `topics`."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):  # the loop closes while a thread rings: nobody waits any more
                loop.call_soon_threadsafe(self._wake, topics)

    def _wake(self, topics: tuple[str, ...]) -> None:
        for topic in topics:
            event = self._events.pop(topic, None)
            if event is not None:
                event.set()
