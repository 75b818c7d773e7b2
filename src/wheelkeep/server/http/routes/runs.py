"""Runs, snapshots of their source, and what they leave."""

import asyncio

from starlette.responses import Response, StreamingResponse

from wheelkeep.clock import Clock, format_time
from wheelkeep.digest import Digest
from wheelkeep.errors import NotFoundError, RequestError
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.db.engine import Database
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.logs import LogReader
from wheelkeep.server.http.receive import receive
from wheelkeep.server.http.route import Route
from wheelkeep.server.run.record import read_output
from wheelkeep.server.run.runs import RunBook
from wheelkeep.server.run.snapshots import MOST_BYTES, has_snapshot, note_snapshot
from wheelkeep.wire.resources import LogPage, OutputFile, RunBody, RunView

__all__ = ["RunRoutes"]

_RUN = "/workspaces/{workspace}/runs/{run}"
_SNAPSHOT = "/workspaces/{workspace}/snapshots/{sha256}"


def parse_digest(text: str) -> Digest:
    """The digest that a path names.

    Raises:
        RequestError: `invalid_request`.
    """
    try:
        return Digest.parse(text)
    except ValueError:
        raise RequestError("the path names no sha256", code="invalid_request") from None


class RunRoutes:
    """The routes of runs."""

    def __init__(self, database: Database, blobs: Blobs, clock: Clock, *, runs: RunBook, logs: LogReader) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._runs = runs
        self._logs = logs

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path=_SNAPSHOT,
                summary="whether the workspace has a snapshot (200 or 404)",
                admits="read",
                endpoint=self.find_snapshot,
                answer=OutputFile,
            ),
            Route(
                method="PUT",
                path=_SNAPSHOT,
                summary="upload a snapshot (zip)",
                admits="build",
                endpoint=self.put_snapshot,
                answer=OutputFile,
                raw=True,
                status=201,
            ),
            Route(
                method="POST",
                path="/workspaces/{workspace}/experiments/{experiment}/runs",
                summary="submit a run",
                admits="build",
                endpoint=self.submit,
                body=RunBody,
                answer=RunView,
                status=202,
            ),
            Route(
                method="GET",
                path="/workspaces/{workspace}/runs",
                summary="list runs, newest first",
                admits="read",
                endpoint=self.list_runs,
                answer=list[RunView],
            ),
            Route(method="GET", path=_RUN, summary="show a run", admits="read", endpoint=self.show, answer=RunView),
            Route(
                method="GET",
                path=_RUN + "/log",
                summary="read a run's log after ?after=, waiting ?wait= seconds for more",
                admits="read",
                endpoint=self.log,
                answer=LogPage,
            ),
            Route(
                method="POST",
                path=_RUN + "/cancel",
                summary="ask a run to stop",
                admits="build",
                endpoint=self.cancel,
                answer=RunView,
            ),
            Route(
                method="GET",
                path=_RUN + "/outputs/{path:path}",
                summary="a file that the run left",
                admits="read",
                endpoint=self.output,
                raw=True,
            ),
        ]

    def find_snapshot(self, call: Call) -> OutputFile:
        """The snapshot's digest when the workspace has it."""
        digest = parse_digest(call.path("sha256"))
        with self._database.read() as connection:
            if not has_snapshot(connection, call.workspace.id, digest):
                raise NotFoundError("the workspace has no such snapshot", code="unknown_file")
        return OutputFile(path="", sha256=digest.hex, size=0)

    async def put_snapshot(self, call: Call) -> OutputFile:
        """Keep the archive."""
        digest = parse_digest(call.path("sha256"))
        too_large = RequestError(
            f"the snapshot is larger than {MOST_BYTES // 2**20} MiB",
            code="snapshot_too_large",
            hint="leave data out of the source folder, with .amlignore",
        )
        async with receive(
            call.request, self._blobs.staging, most_bytes=MOST_BYTES, too_large=too_large, announced=digest.hex
        ) as received:
            await self._blobs.put_file(received.path, received.digest)
        await asyncio.to_thread(self._note_snapshot, call.workspace.id, digest, received.size)
        return OutputFile(path="", sha256=digest.hex, size=received.size)

    def _note_snapshot(self, workspace: str, digest: Digest, size: int) -> None:
        with self._database.write() as connection:
            note_snapshot(connection, workspace, digest, size=size, at=format_time(self._clock.now()))

    def submit(self, call: Call) -> RunView:
        """A new run."""
        assert isinstance(call.body, RunBody)  # noqa: S101 - the guard decoded it by the route's type
        return self._runs.submit(call.workspace.id, call.path("experiment"), call.body)

    def list_runs(self, call: Call) -> list[RunView]:
        """The newest runs."""
        return self._runs.recent(
            call.workspace.id,
            experiment=call.text("experiment"),
            limit=min(call.integer("limit", 100) or 100, 1000),
        )

    def show(self, call: Call) -> RunView:
        """One run."""
        return self._runs.get(call.workspace.id, call.path("run"))

    async def log(self, call: Call) -> LogPage:
        """A page of its log."""
        return await self._logs.page(call, self._runs.get, call.path("run"))

    def cancel(self, call: Call) -> RunView:
        """Ask it to stop."""
        return self._runs.cancel(call.workspace.id, call.path("run"))

    async def output(self, call: Call) -> Response:
        """A file of its outputs folder."""
        found = await asyncio.to_thread(self._find_output, call.workspace.id, call.path("run"), call.path("path"))
        return StreamingResponse(
            self._blobs.stream(Digest.parse(found.sha256)),
            media_type="application/octet-stream",
            headers={"Content-Length": str(found.size), "ETag": f'"{found.sha256}"'},
        )

    def _find_output(self, workspace: str, run_id: str, path: str) -> OutputFile:
        with self._database.read() as connection:
            self._runs.check_exists(connection, workspace, run_id)
            found = read_output(connection, run_id, path)
        if found is None:
            raise NotFoundError("the run left no such file", code="unknown_file", hint="see `wheelkeep run show`")
        return found
