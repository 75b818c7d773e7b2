"""A workspace as a program sees it: the door to wheels, connections, environments and runs.

Azure's v1 names and signatures where they have a meaning here (reference/azure.md §1.6). A stored credential can be
set and used, never read.
"""

import json
from pathlib import Path

from wheelkeep.files import write_atomically
from wheelkeep.names import check_connection_name, check_workspace_name, normalize_project
from wheelkeep.sdk.api import Api, path_of
from wheelkeep.sdk.embedded import open_embedded, stop_embedded
from wheelkeep.sdk.location import CONFIG_NAME, EmbeddedLocation, Location, ServerLocation, find_location, read_config
from wheelkeep.sdk.opening import given_token, open_api
from wheelkeep.sdk.wheels import Wheels
from wheelkeep.secret import Secret
from wheelkeep.settings import ClientSettings
from wheelkeep.wire.resources import (
    BindingView,
    ConnectionBody,
    ConnectionTrialView,
    ConnectionView,
    WorkspaceBody,
    WorkspaceView,
)

__all__ = ["Workspace"]


class Workspace:
    """A workspace of a server. Make one with `from_config`, `local`, `get` or `create`."""

    def __init__(self, api: Api, name: str, *, home: Path | None = None) -> None:
        self._api = api
        self._name = name
        self._home = home

    # ways in

    @classmethod
    def from_config(cls, path: str | Path | None = None) -> "Workspace":
        """The workspace that the environment or a config.json names (contract §8).

        Args:
            path: a config.json, or the folder to begin looking in; the present folder when None.

        Raises:
            RequestError: `workspace_not_found`, `invalid_setting`.
            AuthenticationError: `token_missing`: the server is another machine's and WHEELKEEP_TOKEN is not set.
            UnreachableError: the server does not answer.
        """
        settings = ClientSettings.read()
        given = None if path is None else Path(path)
        if given is not None and given.is_file():
            return cls.at(read_config(given, workspace=settings.workspace))
        return cls.at(find_location(settings, start=given or Path.cwd()))

    @classmethod
    def local(cls, path: str | Path = ".", *, name: str = "default") -> "Workspace":
        """The embedded workspace of the folder `path`, made when new.

        Its data lies in `<path>/.wheelkeep`; a server and a worker are started when none run, leave after some idle
        minutes, and at once when the folder is gone. `from_config` and the command line find it from then on: a new
        one gets a `config.json`, as `wheelkeep init` writes it.

        Raises:
            RequestError: `invalid_name`, `network_file_system`, `missing_extra`.
            UnreachableError: `server_not_started`.
        """
        home = Path(path).absolute() / ".wheelkeep"
        opened = cls.at(EmbeddedLocation(home, name))
        if not (home / CONFIG_NAME).exists():
            opened.write_config(path)
        return opened

    @classmethod
    def get(cls, name: str = "default", *, url: str | None = None, token: str | Secret | None = None) -> "Workspace":
        """The workspace `name` of the server at `url` (WHEELKEEP_URL when None).

        Raises:
            NotFoundError: `unknown_workspace`.
            AuthenticationError: `token_missing`, `token_invalid`.
        """
        settings = ClientSettings.read()
        address = url or settings.url
        if not address:
            location = find_location(settings, start=Path.cwd(), workspace=name)
            return cls.at(location, check=True)
        return cls.at(ServerLocation(address, name), token=given_token(token), check=True)

    @classmethod
    def create(cls, name: str, *, url: str | None = None, token: str | Secret | None = None) -> "Workspace":
        """A new workspace on the server; its token must be an admin's.

        Raises:
            ConflictError: `already_exists`.
            DeniedError: `denied`.
        """
        settings = ClientSettings.read()
        address = url or settings.url
        location: Location = (
            ServerLocation(address, name) if address else find_location(settings, start=Path.cwd(), workspace=name)
        )
        made = cls.at(location, token=given_token(token))
        made.api.post(path_of("workspaces"), WorkspaceView, body=WorkspaceBody(name=name))
        return made

    @classmethod
    def at(cls, location: Location, *, token: Secret | None = None, check: bool = False) -> "Workspace":
        """The workspace at `location`; with `check`, asks the server whether it is there.

        Raises:
            RequestError: `invalid_name`, `invalid_setting` for its URL: before anything is started or asked.
            DeniedError: `token_over_http`.
        """
        check_workspace_name(location.workspace)
        home = location.home if isinstance(location, EmbeddedLocation) else None
        opened = cls(open_api(location, token), location.workspace, home=home)
        if check:
            opened.api.get(opened.path(), WorkspaceView)
        return opened

    # what it is

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def url(self) -> str:
        """The URL of its server."""
        return self._api.url

    @property
    def home(self) -> Path | None:
        """The data folder of an embedded workspace; None for another machine's."""
        return self._home

    @property
    def index_url(self) -> str:
        """Its package index, for pip and uv with the user name `__token__` and a token as the password."""
        return f"{self.url}/w/{self._name}/simple/"

    @property
    def api(self) -> Api:
        """Typed requests to its server."""
        return self._api

    def path(self, *parts: str | int) -> str:
        """The API's path of something in this workspace."""
        return path_of("workspaces", self._name, *parts)

    def __repr__(self) -> str:
        return f"Workspace(name={self._name!r}, url={self.url!r})"

    def write_config(self, path: str | Path = ".", file_name: str = CONFIG_NAME) -> Path:
        """Write `<path>/.wheelkeep/<file_name>`, which `from_config` finds; no token stands in it.

        Returns:
            The file.
        """
        folder = Path(path).absolute() / ".wheelkeep"
        if self._home is None:
            config = {"url": self.url, "workspace": self._name}
        else:
            home = self._home
            inside = home.is_relative_to(folder.parent)
            config = {"path": str(home.relative_to(folder.parent) if inside else home), "workspace": self._name}
        target = folder / file_name
        write_atomically(target, (json.dumps(config, indent=2) + "\n").encode())
        return target

    def ensure_worker(self) -> None:
        """Start the embedded server and worker again when one has gone; nothing for another machine's server."""
        if self._home is not None:
            open_embedded(self._home)

    def close(self) -> None:
        """End an embedded workspace's server and worker; for another machine's, only this client's connections."""
        self._api.close()
        if self._home is not None:
            stop_embedded(self._home)

    # wheels and connections

    @property
    def wheels(self) -> Wheels:
        """The wheels it keeps."""
        return Wheels(self._api, self._name)

    def set_connection(
        self,
        name: str,
        category: str,
        target: str,
        authType: str,  # noqa: N803 - Azure's v1 spelling, which scripts pass by name
        value: str | dict[str, str] | None = None,
    ) -> dict[str, object]:
        """Make or replace a connection; the server keeps the credential and shows it to nobody.

        Args:
            name: what it is called.
            category: PythonFeed, Git, CondaChannel, ContainerRegistry, AzureBlob, S3, GCS or Generic.
            target: base URL of what it opens.
            authType: PAT, UsernamePassword, Bearer, ... or None, as the category allows.
            value: the credential: a string; for UsernamePassword `{"username": "...", "password": "..."}`; or
                Azure's JSON string.

        Returns:
            The connection without its secret, with Azure's key names.

        Raises:
            RequestError: `invalid_name`, `invalid_connection`, `unsupported`.
        """
        path = self._connection_path(name)
        body = ConnectionBody(category=category, target=target, auth_type=authType, value=value)
        return _as_azure(self._api.put(path, ConnectionView, body=body))

    def _connection_path(self, name: str, *parts: str) -> str:
        return self.path("connections", check_connection_name(name), *parts)

    def list_connections(self, category: str | None = None, target: str | None = None) -> list[dict[str, object]]:
        """The connections without their secrets, by name; those of one category or target when given."""
        views = self._api.get(self.path("connections"), list[ConnectionView])
        return [
            _as_azure(view)
            for view in views
            if (category is None or view.category == category) and (target is None or view.target == target)
        ]

    def get_connection(self, name: str) -> dict[str, object]:
        """One connection without its secret.

        Raises:
            NotFoundError: `unknown_connection`.
        """
        return _as_azure(self._api.get(self._connection_path(name), ConnectionView))

    def delete_connection(self, name: str) -> None:
        """Forget a connection and its credential.

        Raises:
            NotFoundError: `unknown_connection`.
        """
        self._api.delete(self._connection_path(name))

    def test_connection(self, name: str) -> dict[str, object]:
        """Ask the connection's target once, with its credential, from the server.

        Returns:
            Its name, target and the status that it answered.

        Raises:
            NotFoundError: `unknown_connection`.
            UpstreamError: what the target said instead, with a hint.
        """
        view = self._api.post(self._connection_path(name, "trial"), ConnectionTrialView)
        return {"name": view.name, "target": view.target, "status": view.status}

    def list_bindings(self) -> list[BindingView]:
        """The names that belong to private origins, and so never come from the public index."""
        return self._api.get(self.path("bindings"), list[BindingView])

    def release_binding(self, project: str) -> None:
        """Let `project` come from another origin again; audited.

        Raises:
            RequestError: `invalid_project_name`.
        """
        self._api.delete(self.path("bindings", normalize_project(project)))


def _as_azure(view: ConnectionView) -> dict[str, object]:
    return {
        "name": view.name,
        "category": view.category,
        "target": view.target,
        "authType": view.auth_type,
        "username": view.username,
        "createdAt": view.created_at,
        "updatedAt": view.updated_at,
        "updatedBy": view.updated_by,
    }
