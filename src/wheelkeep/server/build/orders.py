"""What each build asks of the gateway, from its definition: given to the gateway, which knows no definitions."""

import asyncio

from wheelkeep.definition.resolution import plan_resolution
from wheelkeep.errors import NotFoundError
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.db.engine import Database
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.work import queue

__all__ = ["BuildOrders"]


class BuildOrders:
    """The orders of the builds that go on."""

    def __init__(self, database: Database, builds: BuildBook) -> None:
        self._database = database
        self._builds = builds

    async def order(self, work_id: str) -> BuildOrder:
        """The order of that build.

        Raises:
            NotFoundError: `unknown_build`: it does not go on; `unknown_environment`.
            RequestError: `unsupported`: a part of its definition.
        """
        return await asyncio.to_thread(self._order, work_id)

    def _order(self, work_id: str) -> BuildOrder:
        with self._database.read() as connection:
            work = queue.find(connection, work_id)
            if work is None or work.kind != "build" or work.state != "Running":
                raise NotFoundError("there is no such build, or it has ended", code="unknown_build")
            environment = self._builds.environment_of(connection, work)
        plan = plan_resolution(environment.definition)
        return BuildOrder(
            work=work_id,
            workspace=environment.workspace,
            principal=f"work:{work_id}",
            index_url=plan.index_url,
            extra_index_urls=plan.extra_index_urls,
            no_index=plan.no_index,
        )
