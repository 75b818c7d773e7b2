"""A run as a program sees it, and as the script inside it does. Source: contract §5; reference/azure.md §1.8."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from wheelkeep.errors import CanceledError, IntegrityError, RequestError, RunError, WheelkeepError, error_from
from wheelkeep.files import write_atomically
from wheelkeep.sdk.build import Build
from wheelkeep.sdk.follow import follow_log, print_line, read_log, say, told_when_interrupted
from wheelkeep.sdk.waiting import told_once, waiting_words
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.wire.resources import FAILURE_STREAM, LogLine, RunView

__all__ = ["Run", "is_inside"]


class Run:
    """A script that was executed in an environment, or waits to be."""

    def __init__(self, workspace: Workspace, view: RunView) -> None:
        self._workspace = workspace
        self._view = view

    @classmethod
    def get(cls, workspace: Workspace, run_id: str) -> "Run":
        """The run of that id.

        Raises:
            NotFoundError: `unknown_run`.
        """
        return cls(workspace, workspace.api.get(workspace.path("runs", run_id), RunView))

    @classmethod
    def list(cls, workspace: Workspace, *, experiment: str | None = None) -> "list[Run]":
        """The newest runs, newest first."""
        views = workspace.api.get(workspace.path("runs"), list[RunView], query={"experiment": experiment})
        return [cls(workspace, view) for view in views]

    @property
    def id(self) -> str:
        """Its id."""
        return self._view.id

    @property
    def number(self) -> int:
        """Its number in the experiment."""
        return self._view.number

    @property
    def view(self) -> RunView:
        """What is known of it, as of the last request."""
        return self._view

    def __repr__(self) -> str:
        return f"Run(id={self.id!r}, experiment={self._view.experiment!r})"

    def _path(self) -> str:
        return self._workspace.path("runs", self.id)

    def refresh(self) -> RunView:
        """What the server knows of it now."""
        self._view = self._workspace.api.get(self._path(), RunView)
        return self._view

    def get_status(self) -> str:
        """One of the contract's words, asked of the server now."""
        return self.refresh().status

    def get_details(self) -> dict[str, object]:
        """The record, with Azure's key names: ids, times, environment and snapshot digests, exit code, metrics."""
        view = self.refresh()
        return {
            "runId": view.id,
            "target": view.target,
            "status": view.status,
            "startTimeUtc": view.started_at,
            "endTimeUtc": view.ended_at,
            "exitCode": view.exit_code,
            "properties": {
                "ContentSnapshotId": view.snapshot,
                "environment": f"{view.environment}:{view.version}",
                "lockDigest": view.lock_digest,
                "buildId": view.build,
                "node": view.worker,
            },
            "runDefinition": {"script": view.script, "arguments": view.arguments},
            "metrics": self.get_metrics(),
            "outputs": [output.path for output in view.outputs],
            "tags": view.tags,
            "error": None if view.failure is None else {"code": view.failure.code, "message": view.failure.message},
        }

    def get_metrics(self) -> dict[str, object]:
        """What the script logged: a value for a name logged once, else the list of its values."""
        values: dict[str, list[object]] = {}
        for point in self.refresh().metrics:
            values.setdefault(point.name, []).append(point.value)
        return {name: found[0] if len(found) == 1 else found for name, found in values.items()}

    def follow(self, *, on_quiet: Callable[[], None] = lambda: None) -> Iterator[LogLine]:
        """Its log, from the beginning, live, until it ends; while its environment is built, the build's log first.

        `on_quiet` is called every 3 s until the first word of each.
        """
        if self._view.build is not None:
            yield from self._follow(self._workspace.path("builds", self._view.build, "log"), on_quiet)
        yield from self._follow(self._path() + "/log", on_quiet)

    def _follow(self, path: str, on_quiet: Callable[[], None]) -> Iterator[LogLine]:
        ensure_worker = self._workspace.ensure_worker
        return follow_log(self._workspace.api, path, ensure_worker=ensure_worker, on_quiet=on_quiet)

    def waiting(self) -> str | None:
        """What it (or its environment's build) waits for, in words, while no worker has taken it; None after."""
        view = self.refresh()
        words = None if view.build is None else Build.get(self._workspace, view.build).waiting()
        if words is None and view.status == "Queued":
            words = waiting_words(self._workspace, view)
        return words

    def get_all_logs(self) -> str:
        """Its log up to now."""
        return read_log(self._workspace.api, self._path() + "/log")

    def cancel(self) -> None:
        """Ask it to stop: the script gets SIGTERM, and SIGKILL some seconds later."""
        self._view = self._workspace.api.post(self._path() + "/cancel", RunView)

    def wait_for_completion(self, show_output: bool = False, *, raise_on_error: bool = True) -> dict[str, object]:  # noqa: FBT001, FBT002 - Azure's signature
        """Wait for its end.

        Args:
            show_output: print the log as it comes, and say when it waits for a worker. Ctrl-C ends the waiting alone.
            raise_on_error: raise when it did not complete.

        Returns:
            `get_details()`.

        Raises:
            RunError: the script failed, with its exit code and last words.
            WheelkeepError: why its environment could not be built.
            CanceledError: somebody canceled it.
        """
        note = f"the run {self.id} goes on; run.cancel() stops it" if show_output else None
        with told_when_interrupted(note):
            for line in self.follow(on_quiet=told_once(self.waiting, say) if show_output else lambda: None):
                if show_output and not (raise_on_error and line.stream == FAILURE_STREAM):
                    print_line(line)
        details = self.get_details()
        if raise_on_error:
            self.check_completed(log_shown=show_output)
        return details

    def check_completed(self, *, log_shown: bool = False) -> None:
        """Return when it has not failed and was not canceled, as of the last request.

        Args:
            log_shown: whether the reader has just seen the log: the error then does not repeat its last words.

        Raises:
            RunError: the script failed.
            WheelkeepError: why its environment could not be built.
            CanceledError: somebody canceled it.
        """
        view = self._view
        if view.status == "Canceled":
            raise CanceledError(f"the run {view.id} was canceled")
        if view.status == "Failed":
            raise self._failure(log_shown=log_shown)

    def _failure(self, *, log_shown: bool) -> WheelkeepError:
        failure = self._view.failure
        if failure is None:
            return RunError(f"the run {self.id} failed")
        if log_shown and failure.code == "run_failed":
            hint = f"its last words stand above; `wheelkeep run logs {self.id}` shows them again"
            return error_from(failure.code, failure.message, hint=hint, detail=failure.detail)
        return failure.error()

    def download_file(self, name: str, output_file_path: str | Path | None = None) -> Path:
        """Fetch one file that the run left, such as `outputs/model.joblib`; where it was written.

        Raises:
            RequestError: `invalid_name`: the name leads out of the run.
            NotFoundError: `unknown_file`.
        """
        if not is_inside(name):
            raise RequestError(
                f"{name[:80]!r} is no file of a run", code="invalid_name", hint="see `wheelkeep run show` for its files"
            )
        data = self._workspace.api.get_bytes(self._workspace.path("runs", self.id, "outputs") + "/" + quote(name))
        target = Path(output_file_path or Path(name).name)
        write_atomically(target, data)
        return target

    def download_outputs(self, folder: str | Path) -> Sequence[Path]:
        """Fetch every file that the run left into `folder`; where they were written.

        Raises:
            IntegrityError: `damaged_object`: the record names a place outside of the folder; nothing is written then.
        """
        base = Path(folder)
        outputs = self.refresh().outputs
        for output in outputs:
            if not is_inside(output.path):
                raise IntegrityError(f"the run's record names {output.path[:80]!r}", code="damaged_object")
        return [self.download_file(output.path, base / output.path) for output in outputs]


def is_inside(path: str) -> bool:
    """Whether `path`, which another machine wrote, stays below the folder that it is put into."""
    return bool(path) and not path.startswith("/") and not {".", "..", ""} & set(path.split("/"))
