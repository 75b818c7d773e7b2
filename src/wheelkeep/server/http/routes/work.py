"""What every node says about every kind of work: lease, heartbeat, step, log, end. Source: `wire/work.py`."""

import asyncio
import re

import msgspec
from starlette.responses import Response

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import RequestError
from wheelkeep.server.access.door import Door
from wheelkeep.server.access.grants import GrantBook
from wheelkeep.server.build.ending import Endings
from wheelkeep.server.db.engine import Database
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.leasing import LeaseDesk
from wheelkeep.server.http.route import Route
from wheelkeep.server.run.record import add_metrics
from wheelkeep.server.work import lease, queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.server.work.model import Ended
from wheelkeep.server.work.roster import Roster
from wheelkeep.wire.resources import WorkerView
from wheelkeep.wire.work import (
    EndBody,
    FenceBody,
    HeartbeatBody,
    HeartbeatView,
    LeaseBody,
    LeaseView,
    LogBody,
    StepBody,
)

__all__ = ["WorkRoutes"]

_LONGEST_WAIT_S = 30.0
_STEP_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


class WorkRoutes:
    """The routes of leases."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bell: Bell,
        *,
        desk: LeaseDesk,
        door: Door,
        roster: Roster,
        grants: GrantBook,
        endings: Endings,
    ) -> None:
        self._database = database
        self._clock = clock
        self._bell = bell
        self._desk = desk
        self._door = door
        self._roster = roster
        self._grants = grants
        self._endings = endings

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="POST",
                path="/work/lease",
                summary="lease the next work, waiting for it",
                admits="node",
                endpoint=self.lease,
                body=LeaseBody,
                answer=LeaseView,
            ),
            Route(
                method="POST",
                path="/work/{work}/heartbeat",
                summary="renew the lease",
                admits="work",
                endpoint=self.heartbeat,
                body=HeartbeatBody,
                answer=HeartbeatView,
            ),
            Route(
                method="POST",
                path="/work/{work}/step",
                summary="journal a finished step",
                admits="work",
                endpoint=self.step,
                body=StepBody,
            ),
            Route(
                method="POST",
                path="/work/{work}/log",
                summary="append to the log",
                admits="work",
                endpoint=self.log,
                body=LogBody,
            ),
            Route(
                method="POST",
                path="/work/{work}/end",
                summary="the work is over",
                admits="work",
                endpoint=self.end,
                body=EndBody,
            ),
            Route(
                method="POST",
                path="/work/{work}/release",
                summary="hand the work back",
                admits="work",
                endpoint=self.release,
                body=FenceBody,
            ),
        ]

    async def lease(self, call: Call) -> LeaseView | Response:
        """Work, or 204."""
        body = call.body
        assert isinstance(body, LeaseBody)  # noqa: S101 - the guard decoded it by the route's type
        seen = WorkerView(
            name=body.worker,
            python=body.python,
            platform=body.platform,
            slots=body.slots,
            busy=body.busy,
            seen_at=format_time(self._clock.now()),
        )
        self._roster.note(seen)
        if body.busy >= body.slots:
            return Response(status_code=204)
        found = await self._desk.wait(
            body.worker,
            min(body.wait_s, _LONGEST_WAIT_S),
            workspace=call.principal.workspace,
            is_gone=lambda: self._is_gone(call),
        )
        return Response(status_code=204) if found is None else found

    async def _is_gone(self, call: Call) -> bool:
        """Whether the node hung up.

        Raises:
            AuthenticationError: `token_invalid`: its token was revoked, or expired, while it waited.
        """
        header = call.request.headers.get("authorization", "").encode("latin-1") or None
        await asyncio.to_thread(self._door.admit_node, header)
        return await call.request.is_disconnected()

    def heartbeat(self, call: Call) -> HeartbeatView:
        """Whether to stop."""
        body = call.body
        assert isinstance(body, HeartbeatBody)  # noqa: S101 - the guard decoded it by the route's type
        with self._database.write() as connection:
            cancel = lease.note_progress(
                connection, call.holder.work, body.fence, stage=body.stage, done=body.done, total=body.total
            )
        return HeartbeatView(cancel=cancel)

    def step(self, call: Call) -> None:
        """Journal it. The server's own notes lie in the same journal under names that no node may write."""
        body = call.body
        assert isinstance(body, StepBody)  # noqa: S101 - the guard decoded it by the route's type
        if not _STEP_NAME.fullmatch(body.name):
            raise RequestError(f"{body.name[:80]!r} is no step", code="invalid_request")
        with self._database.write() as connection:
            lease.record_step(
                connection, call.holder.work, body.fence, name=body.name, output=msgspec.json.encode(body.output)
            )

    def log(self, call: Call) -> None:
        """Append text and metrics, once."""
        body = call.body
        assert isinstance(body, LogBody)  # noqa: S101 - the guard decoded it by the route's type
        work = call.holder.work
        with self._database.write() as connection:
            at = format_time(self._clock.now())
            fresh = lease.record_log(connection, work, body.fence, sequence=body.sequence, pieces=body.pieces, at=at)
            if fresh:
                add_metrics(connection, work, body.fence, body.metrics)
        self._bell.ring(work)

    async def end(self, call: Call) -> None:
        """Write down how it ended; what the gateway saw explains a failure better than the resolver does."""
        body = call.body
        assert isinstance(body, EndBody)  # noqa: S101 - the guard decoded it by the route's type
        work = call.holder.work
        failure = self._endings.explain(work, body.failure)
        output = msgspec.json.encode(body.output) if body.output else None
        ended = Ended(state=body.state, failure=failure, output=output)
        await asyncio.to_thread(self._write_end, work, body.fence, ended)
        await self._endings.close(work)

    def _write_end(self, work: str, fence: int, ended: Ended) -> None:
        with self._database.write() as connection:
            lease.check_held(connection, work, fence)
            queue.end(connection, work, ended, at=format_time(self._clock.now()))
        self._grants.forget(work)
        self._bell.ring(work, "work")

    def release(self, call: Call) -> None:
        """Back to the queue."""
        body = call.body
        assert isinstance(body, FenceBody)  # noqa: S101 - the guard decoded it by the route's type
        with self._database.write() as connection:
            lease.hand_back(connection, call.holder.work, body.fence)
        self._grants.forget(call.holder.work)
        self._bell.ring("work")
