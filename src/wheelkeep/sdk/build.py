"""A build as a program sees it. Source: contract §4; Azure's `ImageBuildDetails`, but waiting raises on failure."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from wheelkeep.errors import BuildError, CanceledError
from wheelkeep.sdk.follow import follow_log, print_line, read_log, say, told_when_interrupted
from wheelkeep.sdk.waiting import told_once, waiting_words
from wheelkeep.wire.resources import FAILURE_STREAM, BuildView, LogLine

if TYPE_CHECKING:
    from wheelkeep.sdk.workspace import Workspace

__all__ = ["Build"]


class Build:
    """Durable work that locks an environment's version and makes it on a node."""

    def __init__(self, workspace: "Workspace", view: BuildView) -> None:
        self._workspace = workspace
        self._view = view

    @classmethod
    def get(cls, workspace: "Workspace", build_id: str) -> "Build":
        """The build of that id.

        Raises:
            NotFoundError: `unknown_build`.
        """
        return cls(workspace, workspace.api.get(workspace.path("builds", build_id), BuildView))

    @classmethod
    def list(cls, workspace: "Workspace") -> "list[Build]":
        """The newest builds, newest first."""
        return [cls(workspace, view) for view in workspace.api.get(workspace.path("builds"), list[BuildView])]

    @property
    def id(self) -> str:
        """Its id."""
        return self._view.id

    @property
    def view(self) -> BuildView:
        """What is known of it, as of the last request."""
        return self._view

    @property
    def status(self) -> str:
        """Queued, Running, Succeeded, Failed or Canceled: asked of the server now."""
        return self.refresh().status

    def refresh(self) -> BuildView:
        """What the server knows of it now."""
        self._view = self._workspace.api.get(self._path(), BuildView)
        return self._view

    def _path(self) -> str:
        return self._workspace.path("builds", self._view.id)

    def __repr__(self) -> str:
        return f"Build(id={self.id!r}, environment='{self._view.environment}:{self._view.version}')"

    def follow(self, *, on_quiet: Callable[[], None] = lambda: None) -> Iterator[LogLine]:
        """Its log, from the beginning, live, until it ends; `on_quiet` is called every 3 s until the first word."""
        return follow_log(
            self._workspace.api,
            self._path() + "/log",
            ensure_worker=self._workspace.ensure_worker,
            on_quiet=on_quiet,
        )

    def waiting(self) -> str | None:
        """What it waits for, in words, while no worker has taken it; None after. Asked of the server now."""
        view = self.refresh()
        return waiting_words(self._workspace, view) if view.status == "Queued" else None

    def get_log(self) -> str:
        """Its log up to now."""
        return read_log(self._workspace.api, self._path() + "/log")

    def cancel(self) -> None:
        """Ask it to stop."""
        self._view = self._workspace.api.post(self._path() + "/cancel", BuildView)

    def wait_for_completion(self, show_output: bool = True, *, raise_on_error: bool = True) -> "Build":  # noqa: FBT001, FBT002 - Azure's signature
        """Wait for its end.

        Args:
            show_output: print its log as it comes, and say when it waits for a worker. Ctrl-C ends the waiting alone.
            raise_on_error: raise when it did not succeed (Azure's call never does).

        Raises:
            WheelkeepError: why it failed, with a hint: `ResolutionError`, `UpstreamError`, `BuildError`, ...
            CanceledError: somebody canceled it.
        """
        note = f"the build {self.id} goes on; build.cancel() stops it" if show_output else None
        with told_when_interrupted(note):
            for line in self.follow(on_quiet=told_once(self.waiting, say) if show_output else lambda: None):
                if show_output and not (raise_on_error and line.stream == FAILURE_STREAM):
                    print_line(line)
        self.refresh()
        if raise_on_error:
            self.check_succeeded()
        return self

    def check_succeeded(self) -> None:
        """Return when it has not failed and was not canceled, as of the last request.

        Raises:
            WheelkeepError: why it failed, with a hint.
            CanceledError: somebody canceled it.
        """
        view = self._view
        if view.status == "Canceled":
            raise CanceledError(f"the build {view.id} was canceled")
        if view.status == "Failed":
            raise view.failure.error() if view.failure else BuildError(f"the build {view.id} failed")
