"""What a node needs and leaves while it runs a script: the snapshot, the outputs."""

import asyncio

from starlette.responses import Response, StreamingResponse

from wheelkeep.digest import Digest
from wheelkeep.errors import ConflictError, NotFoundError, RequestError
from wheelkeep.server.access.principal import WorkPrincipal
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.db.engine import Database
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.receive import receive
from wheelkeep.server.http.route import Route
from wheelkeep.server.run.record import note_output
from wheelkeep.server.run.runs import RunBook
from wheelkeep.server.work import lease
from wheelkeep.wire.resources import OutputFile

__all__ = ["WorkRunRoutes"]

_MOST_OUTPUT_BYTES = 50 * 1024**3


class WorkRunRoutes:
    """The routes of a run's holder."""

    def __init__(self, database: Database, blobs: Blobs, runs: RunBook) -> None:
        self._database = database
        self._blobs = blobs
        self._runs = runs

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path="/work/{work}/snapshot",
                summary="the run's source archive (zip)",
                admits="work",
                endpoint=self.snapshot,
                raw=True,
            ),
            Route(
                method="PUT",
                path="/work/{work}/outputs/{path:path}",
                summary="upload a file that the run left",
                admits="work",
                endpoint=self.put_output,
                answer=OutputFile,
                raw=True,
                status=201,
            ),
        ]

    async def snapshot(self, call: Call) -> Response:
        """The archive's bytes."""
        await asyncio.to_thread(self._check_held, call.holder)
        digest = Digest.parse(await asyncio.to_thread(self._runs.snapshot_of, call.holder.work))
        size = await self._blobs.size(digest)
        if size is None:
            raise NotFoundError("the snapshot is gone", code="unknown_file", hint="submit the run again")
        return StreamingResponse(
            self._blobs.stream(digest), media_type="application/zip", headers={"Content-Length": str(size)}
        )

    async def put_output(self, call: Call) -> OutputFile:
        """Keep the file: bytes first, then the row, so that kill -9 leaves no row without bytes."""
        holder = call.holder
        if call.integer("fence") != holder.fence:
            raise ConflictError("the fence is of another lease", code="lost_lease", hint="stop working on it")
        await asyncio.to_thread(self._check_held, holder)
        path = call.path("path")
        if not path or path.startswith("/") or ".." in path.split("/") or "\0" in path:
            raise RequestError("an output's path is relative, without '..'", code="invalid_request")
        too_large = RequestError("the output is larger than 50 GiB", code="snapshot_too_large")
        async with receive(
            call.request,
            self._blobs.staging,
            most_bytes=_MOST_OUTPUT_BYTES,
            too_large=too_large,
            announced=call.request.headers.get("x-wheelkeep-sha256"),
        ) as received:
            await self._blobs.put_file(received.path, received.digest)
        output = OutputFile(path=path, sha256=received.digest.hex, size=received.size)
        await asyncio.to_thread(self._note, holder, output)
        return output

    def _check_held(self, holder: WorkPrincipal) -> None:
        """Nothing, when the asker holds the lease of a run.

        Raises:
            ConflictError: `lost_lease`.
            NotFoundError: `unknown_run`: a build leaves no outputs and has no snapshot.
        """
        with self._database.write() as connection:
            lease.check_held(connection, holder.work, holder.fence)
        self._runs.snapshot_of(holder.work)

    def _note(self, holder: WorkPrincipal, output: OutputFile) -> None:
        with self._database.write() as connection:
            lease.check_held(connection, holder.work, holder.fence)
            note_output(connection, holder.work, output)
