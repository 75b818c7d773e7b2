"""Environments and their builds."""

import asyncio

from sqlalchemy import Connection
from starlette.responses import Response

from wheelkeep.definition.model import Definition
from wheelkeep.errors import ConflictError, NotFoundError
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.db.engine import Database
from wheelkeep.server.environment.admission import check_definition
from wheelkeep.server.environment.locks import read_pylock
from wheelkeep.server.environment.model import EnvironmentVersion
from wheelkeep.server.environment.versions import EnvironmentBook
from wheelkeep.server.http.call import Call, parse_integer
from wheelkeep.server.http.logs import LogReader
from wheelkeep.server.http.route import Route
from wheelkeep.server.run.uses import runs_using
from wheelkeep.server.store.wheels import WheelStore
from wheelkeep.wire.resources import BuildView, EnvironmentBody, EnvironmentView, LogPage

__all__ = ["EnvironmentRoutes"]

_ONE = "/workspaces/{workspace}/environments/{environment}"
_VERSION = _ONE + "/versions/{version}"
_BUILD = "/workspaces/{workspace}/builds/{build}"


def _view(version: EnvironmentVersion, *, created: bool = False) -> EnvironmentView:
    return EnvironmentView(
        name=version.name,
        version=version.version,
        definition=version.definition.to_json(),
        definition_digest=version.definition_digest,
        lock_digest=version.lock_digest,
        python=version.python,
        platform=version.platform,
        created_at=version.created_at,
        created_by=version.created_by,
        created=created,
    )


class EnvironmentRoutes:
    """The routes of environments and builds."""

    def __init__(
        self,
        database: Database,
        environments: EnvironmentBook,
        store: WheelStore,
        *,
        builds: BuildBook,
        logs: LogReader,
    ) -> None:
        self._database = database
        self._environments = environments
        self._store = store
        self._builds = builds
        self._logs = logs

    def routes(self) -> list[Route]:
        """Its routes."""
        return [*self._environment_routes(), *self._build_routes()]

    def _environment_routes(self) -> list[Route]:
        everything = "/workspaces/{workspace}/environments"
        views = list[EnvironmentView]
        return [
            Route(
                method="GET",
                path=everything,
                summary="list environments, the latest version of each",
                admits="read",
                endpoint=self.list_environments,
                answer=views,
            ),
            Route(
                method="POST",
                path=_ONE,
                summary="register a definition",
                admits="build",
                endpoint=self.register,
                body=EnvironmentBody,
                answer=EnvironmentView,
            ),
            Route(
                method="GET",
                path=_ONE,
                summary="show the latest version",
                admits="read",
                endpoint=self.show,
                answer=EnvironmentView,
            ),
            Route(
                method="GET",
                path=_ONE + "/versions",
                summary="list the versions",
                admits="read",
                endpoint=self.versions,
                answer=views,
            ),
            Route(
                method="GET",
                path=_VERSION,
                summary="show one version",
                admits="read",
                endpoint=self.show,
                answer=EnvironmentView,
            ),
            Route(
                method="GET",
                path=_VERSION + "/lock",
                summary="the version's lock (PEP 751)",
                admits="read",
                endpoint=self.lock,
                raw=True,
            ),
            Route(
                method="DELETE",
                path=_ONE,
                summary="delete an environment, or one version with ?version=",
                admits="build",
                endpoint=self.delete,
            ),
        ]

    def _build_routes(self) -> list[Route]:
        return [
            Route(
                method="POST",
                path=_VERSION + "/builds",
                summary="build a version, or join the build that goes on",
                admits="build",
                endpoint=self.build,
                answer=BuildView,
                status=202,
            ),
            Route(
                method="GET",
                path="/workspaces/{workspace}/builds",
                summary="list builds, newest first",
                admits="read",
                endpoint=self.list_builds,
                answer=list[BuildView],
            ),
            Route(
                method="GET",
                path=_BUILD,
                summary="show a build",
                admits="read",
                endpoint=self.show_build,
                answer=BuildView,
            ),
            Route(
                method="GET",
                path=_BUILD + "/log",
                summary="read a build's log after ?after=, waiting ?wait= seconds for more",
                admits="read",
                endpoint=self.build_log,
                answer=LogPage,
            ),
            Route(
                method="POST",
                path=_BUILD + "/cancel",
                summary="ask a build to stop",
                admits="build",
                endpoint=self.cancel_build,
                answer=BuildView,
            ),
        ]

    def _version(self, call: Call) -> int | None:
        text = call.request.path_params.get("version")
        return None if text in {None, "latest"} else parse_integer(str(text), "version")

    def list_environments(self, call: Call) -> list[EnvironmentView]:
        """The latest version of each."""
        return [_view(one) for one in self._environments.latest(call.workspace.id)]

    async def register(self, call: Call) -> EnvironmentView:
        """The version that has the definition."""
        assert isinstance(call.body, EnvironmentBody)  # noqa: S101 - the guard decoded it by the route's type
        definition = Definition.from_json(call.body.definition)
        await check_definition(definition, call.workspace, self._store)
        version, created = await asyncio.to_thread(
            self._environments.register,
            call.workspace.id,
            call.path("environment"),
            definition,
            by=call.principal.name,
        )
        return _view(version, created=created)

    def show(self, call: Call) -> EnvironmentView:
        """One version, or the latest."""
        return _view(self._environments.get(call.workspace.id, call.path("environment"), self._version(call)))

    def versions(self, call: Call) -> list[EnvironmentView]:
        """Every version, newest first."""
        return [_view(one) for one in self._environments.versions(call.workspace.id, call.path("environment"))]

    def lock(self, call: Call) -> Response:
        """The version's lock as PEP 751 text."""
        found = self._environments.get(call.workspace.id, call.path("environment"), self._version(call))
        if found.lock_digest is None:
            raise NotFoundError(
                f"{found.label} has no lock yet", code="environment_not_built", hint="build it: `wheelkeep env build`"
            )
        with self._database.read() as connection:
            text = read_pylock(connection, call.workspace.id, found.lock_digest)
        return Response(text, media_type="application/toml")

    def delete(self, call: Call) -> None:
        """Forget an environment or one version of it, that no build and no run uses."""
        workspace, name, version = call.workspace.id, call.path("environment"), call.integer("version")

        def check_unused(connection: Connection) -> None:
            label = name if version is None else f"{name}:{version}"
            builds = self._builds.using(connection, workspace, name, version=version)
            if builds:
                raise ConflictError(
                    f"{label} is being built ({builds[0]})",
                    code="environment_in_use",
                    hint="wait for the build, or cancel it: `wheelkeep env build NAME --cancel`",
                )
            runs = runs_using(connection, workspace, name, version=version)
            if runs:
                raise ConflictError(
                    f"the run {runs[0]} uses {label}",
                    code="environment_in_use",
                    hint=f"wait for the run, or cancel it: `wheelkeep run cancel {runs[0]}`",
                )

        self._environments.delete(workspace, name, version, check_unused=check_unused)

    def build(self, call: Call) -> BuildView:
        """A build of the version."""
        return self._builds.request(call.workspace.id, call.path("environment"), self._version(call))

    def list_builds(self, call: Call) -> list[BuildView]:
        """The newest builds."""
        return self._builds.recent(call.workspace.id, limit=min(call.integer("limit", 100) or 100, 1000))

    def show_build(self, call: Call) -> BuildView:
        """One build."""
        return self._builds.get(call.workspace.id, call.path("build"))

    async def build_log(self, call: Call) -> LogPage:
        """A page of its log."""
        return await self._logs.page(call, self._builds.get, call.path("build"))

    def cancel_build(self, call: Call) -> BuildView:
        """Ask it to stop."""
        return self._builds.cancel(call.workspace.id, call.path("build"))
