"""A build as a program sees it. Source: contract §4; Azure's `ImageBuildDetails`, but waiting raises on failure."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from wheelkeep.errors import BuildError, CanceledError
from wheelkeep.sdk.follow import follow_log, print_line, read_log
from wheelkeep.wire.resources import BuildView, LogLine

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

    def follow(self) -> Iterator[LogLine]:
        """Its log, from the beginning, live, until it ends."""
        return follow_log(self._workspace.api, self._path() + "/log", ensure_worker=self._workspace.ensure_worker)

    def get_log(self) -> str:
        """Its log up to now."""
        return read_log(self._workspace.api, self._path() + "/log")

    def cancel(self) -> None:
        """Ask it to stop."""
        self._view = self._workspace.api.post(self._path() + "/cancel", BuildView)

    def wait_for_completion(self, show_output: bool = True, *, raise_on_error: bool = True) -> "Build":  # noqa: FBT001, FBT002 - Azure's signature
        """Wait for its end.

        Args:
            show_output: print its log as it comes.
            raise_on_error: raise when it did not succeed (Azure's call never does).

        Raises:
            WheelkeepError: why it failed, with a hint: `ResolutionError`, `UpstreamError`, `BuildError`, ...
            CanceledError: somebody canceled it.
        """
        for line in self.follow():
            if show_output:
                print_line(line)
        view = self.refresh()
        if raise_on_error and view.status == "Canceled":
            raise CanceledError(f"the build {view.id} was canceled")
        if raise_on_error and view.status == "Failed":
            raise view.failure.error() if view.failure else BuildError(f"the build {view.id} failed")
        return self
