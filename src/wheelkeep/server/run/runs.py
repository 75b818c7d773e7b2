"""The runs of a workspace: submitted in one transaction with the work that carries them out."""

import secrets
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select

from wheelkeep.clock import Clock, format_time
from wheelkeep.digest import Digest
from wheelkeep.errors import NotFoundError, RequestError
from wheelkeep.names import check_experiment_name
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.db.engine import Database
from wheelkeep.server.db.turns import take_turn
from wheelkeep.server.environment.versions import EnvironmentBook
from wheelkeep.server.run.record import read_metrics, read_outputs
from wheelkeep.server.run.snapshots import check_snapshot
from wheelkeep.server.run.sql import run_table
from wheelkeep.server.run.view import run_view
from wheelkeep.server.work import queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.wire.resources import RunBody, RunView
from wheelkeep.wire.work import RunWork

__all__ = ["RunBook"]

_TARGETS = frozenset({"local"})


class RunBook:
    """The runs of this server's workspaces."""

    def __init__(
        self, database: Database, clock: Clock, bell: Bell, environments: EnvironmentBook, builds: BuildBook
    ) -> None:
        self._database = database
        self._clock = clock
        self._bell = bell
        self._environments = environments
        self._builds = builds

    def submit(self, workspace: str, experiment: str, body: RunBody) -> RunView:
        """A new run, queued; when its environment has no lock yet, behind the build that it asks for.

        Raises:
            RequestError: `invalid_name`, or `unsupported` for a target that does not exist yet.
            NotFoundError: `unknown_environment`; `unknown_file` when the snapshot was not uploaded.
        """
        check_experiment_name(experiment)
        snapshot = _parse_snapshot(body.snapshot)
        if body.target not in _TARGETS:
            raise RequestError(
                f"there is no target {body.target[:40]!r} yet", code="unsupported", hint="use the target 'local'"
            )
        run_id = f"{experiment[:40]}-{secrets.token_hex(6)}"
        at = format_time(self._clock.now())
        with self._database.write() as connection:
            take_turn(connection, "environment", workspace, body.environment.lower())
            take_turn(connection, "run", workspace, experiment)
            check_snapshot(connection, workspace, snapshot)
            environment = self._environments.find(connection, workspace, body.environment, body.version)
            build = None
            if environment.lock_digest is None:
                build = self._builds.request_inside(connection, environment)
            number = connection.execute(
                select(func.coalesce(func.max(run_table.c.number), 0) + 1).where(
                    run_table.c.workspace == workspace, run_table.c.experiment == experiment
                )
            ).scalar_one()
            connection.execute(
                insert(run_table).values(
                    id=run_id,
                    workspace=workspace,
                    experiment=experiment,
                    number=number,
                    environment=environment.name,
                    version=environment.version,
                    build=build,
                    snapshot=str(snapshot),
                    target=body.target,
                    script=body.script,
                    arguments=msgspec.json.encode(body.arguments),
                    environment_variables=msgspec.json.encode(body.environment_variables),
                    tags=msgspec.json.encode(body.tags),
                )
            )
            queue.enqueue(
                connection, kind="run", workspace=workspace, arguments=b"{}", at=at, after=build, work_id=run_id
            )
            view = self._view(connection, workspace, run_id)
        self._bell.ring("work")
        return view

    def work_of(self, connection: Connection, run_id: str, *, workspace_name: str) -> RunWork:
        """What the node that leased the run is told.

        Raises:
            NotFoundError: `unknown_run` or `unknown_environment`.
        """
        row = self._row(connection, None, run_id)
        environment = self._environments.find(connection, row.workspace, row.environment, row.version)
        if environment.lock_digest is None:
            raise NotFoundError(f"{environment.label} has no lock", code="environment_not_built")
        return RunWork(
            workspace=workspace_name,
            run=run_id,
            experiment=row.experiment,
            environment=environment.name,
            version=environment.version,
            lock_digest=environment.lock_digest,
            snapshot=row.snapshot,
            script=row.script,
            arguments=msgspec.json.decode(row.arguments, type=list[str]),
            environment_variables=msgspec.json.decode(row.environment_variables, type=dict[str, str]),
        )

    def snapshot_of(self, run_id: str) -> str:
        """The digest of the run's source archive.

        Raises:
            NotFoundError: `unknown_run`.
        """
        with self._database.read() as connection:
            return str(self._row(connection, None, run_id).snapshot)

    def get(self, workspace: str, run_id: str) -> RunView:
        """The run as it stands.

        Raises:
            NotFoundError: `unknown_run`.
        """
        with self._database.read() as connection:
            return self._view(connection, workspace, run_id)

    def recent(self, workspace: str, *, experiment: str | None = None, limit: int = 100) -> list[RunView]:
        """The newest runs of a workspace (or of one experiment in it), newest first.

        A list says what each run is and how it stands; the metrics and outputs are empty in it: `get` has them.
        """
        query = select(run_table).where(run_table.c.workspace == workspace)
        if experiment is not None:
            query = query.where(run_table.c.experiment == experiment)
        with self._database.read() as connection:
            rows = connection.execute(queue.newest_first(query, run_table.c.id).limit(limit)).all()
            works = queue.find_all(connection, [row.id for row in rows])
            labels = {(row.environment, row.version) for row in rows}
            digests = self._environments.lock_digests_of(connection, workspace, labels)
        return [
            run_view(row, works[row.id], lock_digest=digests.get((row.environment.lower(), row.version)))
            for row in rows
        ]

    def cancel(self, workspace: str, run_id: str) -> RunView:
        """Ask the run to stop; the run as it then stands.

        Raises:
            NotFoundError: `unknown_run`.
        """
        with self._database.write() as connection:
            self._row(connection, workspace, run_id)
            queue.request_cancel(connection, run_id, at=format_time(self._clock.now()))
            view = self._view(connection, workspace, run_id)
        self._bell.ring(run_id)
        return view

    def check_exists(self, connection: Connection, workspace: str, run_id: str) -> None:
        """Nothing, when the workspace has that run.

        Raises:
            NotFoundError: `unknown_run`.
        """
        self._row(connection, workspace, run_id)

    def _row(self, connection: Connection, workspace: str | None, run_id: str) -> Row[Any]:
        row = connection.execute(select(run_table).where(run_table.c.id == run_id)).first()
        if row is None or (workspace is not None and row.workspace != workspace):
            raise NotFoundError(f"there is no run {run_id[:80]!r}", code="unknown_run", hint="see `wheelkeep run list`")
        return row

    def _view(self, connection: Connection, workspace: str, run_id: str) -> RunView:
        row = self._row(connection, workspace, run_id)
        work = queue.find(connection, run_id)
        if work is None:
            raise NotFoundError(f"there is no run {run_id[:80]!r}", code="unknown_run")
        return run_view(
            row,
            work,
            lock_digest=self._environments.lock_digest_of(connection, workspace, row.environment, row.version),
            metrics=read_metrics(connection, run_id),
            outputs=read_outputs(connection, run_id),
        )


def _parse_snapshot(text: str) -> Digest:
    try:
        return Digest.parse(text)
    except ValueError:
        raise RequestError("the snapshot is no sha256 digest", code="invalid_request") from None
