"""The wheels that a workspace keeps: added, listed, yanked, deleted. Source: contract §3.1."""

from pathlib import Path

from wheelkeep.digest import digest_of_file
from wheelkeep.errors import NotFoundError
from wheelkeep.names import check_file_name
from wheelkeep.sdk.api import Api, path_of
from wheelkeep.wire.resources import WheelView, YankBody

__all__ = ["Wheels"]


class Wheels:
    """The wheels of one workspace."""

    def __init__(self, api: Api, workspace: str) -> None:
        self._api = api
        self._workspace = workspace

    def _path(self, *filename: str) -> str:
        return path_of("workspaces", self._workspace, "wheels", *map(check_file_name, filename))

    def add(self, file_path: str | Path) -> WheelView:
        """Upload a wheel; the server checks it. The same name and members give the same wheel, always.

        Raises:
            NotFoundError: `file_not_found`, also for a folder.
            WheelError: what is wrong with it, and the legal name.
            ConflictError: `wheel_exists`: other content under that name.
        """
        path = Path(file_path)
        if path.is_dir():
            raise NotFoundError(
                f"{path} is a folder", code="file_not_found", hint=f"name the wheels in it, as {path / '*.whl'}"
            )
        if not path.is_file():
            raise NotFoundError(
                f"there is no file {path}", code="file_not_found", hint="build it first, as with `uv build --wheel`"
            )
        headers = {"Content-Type": "application/octet-stream", "X-Wheelkeep-Sha256": digest_of_file(path).hex}
        return self._api.send_file("PUT", self._path(path.name), path, answer=WheelView, headers=headers)

    def list(self) -> list[WheelView]:
        """Every wheel that is not deleted, by name and version."""
        return self._api.get(self._path(), list[WheelView])

    def get(self, filename: str) -> WheelView:
        """One wheel, with the environments whose locks name it.

        Raises:
            RequestError: `invalid_name`: it is no file's name.
            NotFoundError: `unknown_wheel`.
        """
        return self._api.get(self._path(filename), WheelView)

    def yank(self, filename: str, reason: str = "", *, undo: bool = False) -> WheelView:
        """Take a wheel out of new resolutions (PEP 592), or put it back with `undo`. Locks keep working.

        Raises:
            RequestError: `invalid_name`: it is no file's name.
            NotFoundError: `unknown_wheel`.
        """
        body = YankBody(yanked=not undo, reason=reason)
        return self._api.post(self._path(filename) + "/yank", WheelView, body=body)

    def delete(self, filename: str, *, force: bool = False) -> None:
        """Delete a wheel; its name stays taken.

        Raises:
            RequestError: `invalid_name`: it is no file's name.
            NotFoundError: `unknown_wheel`.
            ConflictError: `wheel_in_use`, naming the environments, unless `force`.
        """
        self._api.delete(self._path(filename), query={"force": "true" if force else None})
