"""Follows the log of a piece of work: long polls that can be left and taken up again."""

import asyncio
import time
from collections.abc import Callable

from wheelkeep.server.db.engine import Database
from wheelkeep.server.http.call import Call
from wheelkeep.server.work import queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.server.work.log import read_log
from wheelkeep.server.work.model import ENDED
from wheelkeep.wire.resources import LogPage

__all__ = ["LogReader"]

_LONGEST_WAIT_S = 30
_LOOK_EVERY_S = 1.0


class LogReader:
    """Answers `?after=N&wait=S`."""

    def __init__(self, database: Database, bell: Bell) -> None:
        self._database = database
        self._bell = bell

    async def page(self, call: Call, check: Callable[[str, str], object], work_id: str) -> LogPage:
        """The log after `after`, waiting up to `wait` seconds while there is nothing new and the work goes on.

        Args:
            call: the request.
            check: raises when the workspace has no such work.
            work_id: whose log.
        """
        await asyncio.to_thread(check, call.workspace.id, work_id)
        after = call.integer("after", 0) or 0
        deadline = time.monotonic() + min(call.integer("wait", 0) or 0, _LONGEST_WAIT_S)
        while True:
            event = self._bell.listen(work_id)
            page = await asyncio.to_thread(self._look, work_id, after)
            left_s = deadline - time.monotonic()
            if page.lines or page.ended or left_s <= 0 or self._bell.is_closed:
                return page
            if await call.request.is_disconnected():
                return page
            await self._bell.wait(event, min(left_s, _LOOK_EVERY_S))

    def _look(self, work_id: str, after: int) -> LogPage:
        with self._database.read() as connection:
            work = queue.find(connection, work_id)  # before the log: what is logged first is never missed
            lines = read_log(connection, work_id, after=after)
        ended = not lines and (work is None or work.state in ENDED)
        return LogPage(lines=lines, ended=ended)
