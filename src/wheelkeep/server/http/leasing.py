"""Hands out leases: the next work, what the node must be told of it, and its grant."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import NotFoundError
from wheelkeep.server.access.grants import GrantBook
from wheelkeep.server.access.principal import WorkPrincipal
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.build.ending import Endings
from wheelkeep.server.db.engine import Database
from wheelkeep.server.run.record import forget_earlier_attempts
from wheelkeep.server.run.runs import RunBook
from wheelkeep.server.work import queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.server.work.model import Claim, Ended
from wheelkeep.wire.problem import Failure
from wheelkeep.wire.work import BuildWork, LeaseView, RunWork

__all__ = ["LeaseDesk"]

_LOOK_EVERY_S = 1.0


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look found: a lease, and the work that ended without a node to say so."""

    lease: LeaseView | None = None
    ended: list[str] = field(default_factory=list)


class LeaseDesk:
    """Where nodes ask for work."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bell: Bell,
        *,
        workspaces: WorkspaceBook,
        builds: BuildBook,
        runs: RunBook,
        grants: GrantBook,
        endings: Endings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._bell = bell
        self._workspaces = workspaces
        self._builds = builds
        self._runs = runs
        self._grants = grants
        self._endings = endings

    async def wait(
        self,
        worker: str,
        wait_s: float,
        *,
        workspace: str | None,
        is_gone: Callable[[], Awaitable[bool]],
    ) -> LeaseView | None:
        """The next work for `worker`, waiting up to `wait_s` seconds.

        `is_gone` is asked just before each look: nothing is leased to a worker that is gone. What it raises (the
        worker's token was revoked meanwhile) ends the wait.
        """
        deadline = time.monotonic() + wait_s
        while True:
            event = self._bell.listen("work")
            if await is_gone():
                return None
            found = await asyncio.to_thread(self._claim, worker, workspace)
            for work in found.ended:
                self._bell.ring(work, "work")
                await self._endings.close(work)
            left_s = deadline - time.monotonic()
            if found.lease is not None or left_s <= 0 or self._bell.is_closed:
                return found.lease
            await self._bell.wait(event, min(left_s, _LOOK_EVERY_S))

    def _claim(self, worker: str, workspace: str | None) -> _Found:
        """The next work for `worker` now; of one workspace alone when its token is for that one."""
        ended: list[str] = []
        names = {one.id: one.name for one in self._workspaces.list()}
        with self._database.read() as connection:
            if not queue.is_waiting(connection, workspace=workspace):
                return _Found()
        while True:
            at = format_time(self._clock.now())
            with self._database.write() as connection:
                claim = queue.claim(connection, worker=worker, at=at, of_workspace=workspace, on_end=ended.append)
                if claim is None:
                    return _Found(ended=ended)
                try:
                    told = self._told(connection, claim, names)
                except NotFoundError as error:
                    queue.end(connection, claim.work.id, Ended(state="Failed", failure=Failure.of(error)), at=at)
                    ended.append(claim.work.id)
                    continue
            return _Found(self._lease(claim, told), ended)

    def _told(self, connection: Connection, claim: Claim, names: dict[str, str]) -> BuildWork | RunWork:
        work = claim.work
        name = names.get(work.workspace)
        if name is None:
            raise NotFoundError("the workspace was deleted", code="unknown_workspace")
        if work.kind == "build":
            return self._builds.work_of(connection, work, workspace_name=name)
        if "script" not in claim.steps:
            forget_earlier_attempts(connection, work.id, work.fence)
        return self._runs.work_of(connection, work.id, workspace_name=name)

    def _lease(self, claim: Claim, told: BuildWork | RunWork) -> LeaseView:
        work = claim.work
        principal = WorkPrincipal(
            work=work.id, fence=work.fence, workspace=work.workspace, worker=work.worker or "unknown"
        )
        return LeaseView(
            id=work.id,
            fence=work.fence,
            lease_s=queue.LEASE_S,
            grant=self._grants.create(principal).reveal(),
            work=told,
            steps={name: msgspec.json.decode(output, type=dict[str, object]) for name, output in claim.steps.items()},
        )
