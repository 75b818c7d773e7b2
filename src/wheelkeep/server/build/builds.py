"""The builds of a workspace: asked for, shown, canceled."""

import msgspec
from sqlalchemy import Connection

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import NotFoundError
from wheelkeep.server.build.view import build_arguments, build_view
from wheelkeep.server.db.engine import Database
from wheelkeep.server.db.turns import take_turn
from wheelkeep.server.environment.model import EnvironmentVersion
from wheelkeep.server.environment.versions import EnvironmentBook
from wheelkeep.server.work import queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.server.work.model import Work
from wheelkeep.wire.resources import BuildView
from wheelkeep.wire.work import BuildWork

__all__ = ["BuildBook"]


class BuildBook:
    """The builds of this server's workspaces."""

    def __init__(self, database: Database, clock: Clock, bell: Bell, environments: EnvironmentBook) -> None:
        self._database = database
        self._clock = clock
        self._bell = bell
        self._environments = environments

    def request(self, workspace: str, name: str, version: int | None) -> BuildView:
        """A build of that version (the latest when None): a new one, or the one that goes on already.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        with self._database.write() as connection:
            take_turn(connection, "environment", workspace, name.lower())
            environment = self._environments.find(connection, workspace, name, version)
            build = self.request_inside(connection, environment)
            view = self._view(connection, self._find(connection, workspace, build))
        self._bell.ring("work")
        return view

    def request_inside(self, connection: Connection, environment: EnvironmentVersion) -> str:
        """The id of a build of `environment`, put in by the caller's transaction or joined."""
        build, _ = queue.enqueue(
            connection,
            kind="build",
            workspace=environment.workspace,
            arguments=msgspec.json.encode(
                BuildWork(
                    workspace=environment.workspace,
                    environment=environment.name,
                    version=environment.version,
                    lock_digest=environment.lock_digest,
                )
            ),
            at=format_time(self._clock.now()),
            key=f"build:{environment.workspace}:{environment.name.lower()}:{environment.version}",
        )
        return build

    def work_of(self, connection: Connection, work: Work, *, workspace_name: str) -> BuildWork:
        """What the node that leased the build is told: the lock digest as it is now.

        Raises:
            NotFoundError: `unknown_environment`: it was deleted meanwhile.
        """
        environment = self.environment_of(connection, work)
        return BuildWork(
            workspace=workspace_name,
            environment=environment.name,
            version=environment.version,
            lock_digest=environment.lock_digest,
        )

    def environment_of(self, connection: Connection, work: Work) -> EnvironmentVersion:
        """The version that the build makes.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        asked = build_arguments(work)
        return self._environments.find(connection, work.workspace, asked.environment, asked.version)

    def get(self, workspace: str, build: str) -> BuildView:
        """The build as it stands.

        Raises:
            NotFoundError: `unknown_build`.
        """
        with self._database.read() as connection:
            return self._view(connection, self._find(connection, workspace, build))

    def recent(self, workspace: str, *, limit: int = 100) -> list[BuildView]:
        """The newest builds of a workspace, newest first."""
        with self._database.read() as connection:
            works = queue.latest(connection, kind="build", workspace=workspace, limit=limit)
            return [self._view(connection, work) for work in works]

    def using(self, connection: Connection, workspace: str, name: str, *, version: int | None) -> list[str]:
        """The ids of the builds of that version (of any when None) that have not ended, oldest first."""
        asked = [
            (work.id, build_arguments(work)) for work in queue.unended(connection, kind="build", workspace=workspace)
        ]
        return [
            build for build, one in asked if one.environment.lower() == name.lower() and version in {None, one.version}
        ]

    def cancel(self, workspace: str, build: str) -> BuildView:
        """Ask the build to stop; the build as it then stands. What waits for it is canceled with it.

        Raises:
            NotFoundError: `unknown_build`.
        """
        with self._database.write() as connection:
            self._find(connection, workspace, build)
            queue.request_cancel(connection, build, at=format_time(self._clock.now()))
            view = self._view(connection, self._find(connection, workspace, build))
        self._bell.ring(build)
        return view

    def _find(self, connection: Connection, workspace: str, build: str) -> Work:
        work = queue.find(connection, build)
        if work is None or work.kind != "build" or work.workspace != workspace:
            raise NotFoundError(
                f"there is no build {build[:80]!r}", code="unknown_build", hint="see `wheelkeep env list`"
            )
        return work

    def _view(self, connection: Connection, work: Work) -> BuildView:
        asked = build_arguments(work)
        digest = self._environments.lock_digest_of(connection, work.workspace, asked.environment, asked.version)
        return build_view(work, lock_digest=digest)
