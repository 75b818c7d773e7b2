"""Callers that want the same thing at the same time share one call.

A caller that goes away (a client that hangs up) does not take the call from the others; a failure is told to all who
waited and remembered by nobody.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from wheelkeep.errors import ConflictError

__all__ = ["SharedCalls"]

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


class SharedCalls(Generic[_Key, _Value]):
    """One call a key.

    Args:
        remember: whether a success is kept and given to later callers too.
    """

    def __init__(self, *, remember: bool) -> None:
        self._remember = remember
        self._tasks: dict[_Key, asyncio.Task[_Value]] = {}

    async def get(self, key: _Key, start: Callable[[], Coroutine[Any, Any, _Value]]) -> _Value:
        """What `start()` gives, or what the call for `key` that goes on, or is remembered, gives.

        Raises:
            ConflictError: `lost_lease`: whoever owns the calls closed them meanwhile.
        """
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(start())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._settle(key, done))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if task.cancelled() and caller is not None and not caller.cancelling():
                raise ConflictError("the work that asked has ended", code="lost_lease") from None
            raise

    def _settle(self, key: _Key, task: "asyncio.Task[_Value]") -> None:
        failed = task.cancelled() or task.exception() is not None
        if (failed or not self._remember) and self._tasks.get(key) is task:
            del self._tasks[key]

    def remembered(self, key: _Key) -> _Value | None:
        """The success that is kept for `key`, or None."""
        task = self._tasks.get(key)
        return task.result() if task is not None and task.done() else None

    def keys(self) -> list[_Key]:
        """What is kept or goes on."""
        return list(self._tasks)

    def forget(self, key: _Key) -> _Value | None:
        """Keep it no longer; what was kept, if anything was."""
        found = self.remembered(key)
        self._tasks.pop(key, None)
        return found

    def forget_all(self) -> list[_Value]:
        """Keep nothing any longer; what was kept."""
        return [found for key in list(self._tasks) if self._tasks[key].done() and (found := self.forget(key))]

    async def close(self) -> None:
        """End the calls that go on."""
        tasks = [task for task in self._tasks.values() if not task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
