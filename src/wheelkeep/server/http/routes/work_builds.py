"""What a node asks while it locks an environment. Source: `wire/work.py`."""

from wheelkeep.server.access.principal import WorkPrincipal
from wheelkeep.server.build.locking import Locking
from wheelkeep.server.db.engine import Database
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.route import Route
from wheelkeep.server.run.runs import RunBook
from wheelkeep.server.work import lease, queue
from wheelkeep.wire.work import FenceBody, HoldBody, HoldView, LockBody, LockView, ResolutionView

__all__ = ["WorkBuildRoutes"]


class WorkBuildRoutes:
    """The routes of a build's holder."""

    def __init__(self, database: Database, locking: Locking, runs: RunBook) -> None:
        self._database = database
        self._locking = locking
        self._runs = runs

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path="/work/{work}/resolution",
                summary="what the resolver is to be told",
                admits="work",
                endpoint=self.resolution,
                answer=ResolutionView,
            ),
            Route(
                method="PUT",
                path="/work/{work}/lock",
                summary="send the resolver's lock (PEP 751) to be checked",
                admits="work",
                endpoint=self.propose,
                body=LockBody,
                answer=LockView,
            ),
            Route(
                method="POST",
                path="/work/{work}/hold",
                summary="fetch, verify and keep one file of the lock",
                admits="work",
                endpoint=self.hold,
                body=HoldBody,
                answer=HoldView,
            ),
            Route(
                method="POST",
                path="/work/{work}/seal",
                summary="every file is held: the lock",
                admits="work",
                endpoint=self.seal,
                body=FenceBody,
                answer=LockView,
            ),
            Route(
                method="GET",
                path="/work/{work}/lock",
                summary="the sealed lock of the work's environment",
                admits="work",
                endpoint=self.lock,
                answer=LockView,
            ),
        ]

    def resolution(self, call: Call) -> ResolutionView:
        """What to tell the resolver."""
        return self._locking.resolution(call.holder.work, call.holder.fence)

    async def propose(self, call: Call) -> LockView:
        """Check the lock."""
        body = call.body
        assert isinstance(body, LockBody)  # noqa: S101 - the guard decoded it by the route's type
        return await self._locking.propose(call.holder.work, body)

    async def hold(self, call: Call) -> HoldView:
        """Hold one file."""
        body = call.body
        assert isinstance(body, HoldBody)  # noqa: S101 - the guard decoded it by the route's type
        return await self._locking.hold(call.holder.work, body.fence, body.filename)

    def seal(self, call: Call) -> LockView:
        """Seal the lock."""
        body = call.body
        assert isinstance(body, FenceBody)  # noqa: S101 - the guard decoded it by the route's type
        return self._locking.seal(call.holder.work, body.fence)

    def lock(self, call: Call) -> LockView:
        """The lock of a build's version, or of a run's environment."""
        kind, workspace = self._kind(call.holder)
        if kind == "build":
            return self._locking.lock_of_build(call.holder.work)
        with self._database.read() as connection:
            told = self._runs.work_of(connection, call.holder.work, workspace_name="")
        return self._locking.lock_of(workspace, told.lock_digest)

    def _kind(self, holder: WorkPrincipal) -> tuple[str, str]:
        with self._database.write() as connection:
            lease.check_held(connection, holder.work, holder.fence)
            work = queue.find(connection, holder.work)
        return ("build" if work is None else work.kind), holder.workspace
