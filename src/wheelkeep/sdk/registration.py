"""What a server does with environments, on behalf of `Environment`: register, find, list, build, delete."""

from wheelkeep.definition.model import Definition
from wheelkeep.errors import RequestError
from wheelkeep.names import check_environment_name
from wheelkeep.sdk.build import Build
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.wire.resources import BuildView, EnvironmentBody, EnvironmentView

__all__ = [
    "delete_environment",
    "environment_path",
    "fetch_environment",
    "fetch_environments",
    "fetch_lock",
    "parse_version",
    "register_definition",
    "request_build",
]


def parse_version(version: int | str) -> int:
    """The number of a version that a script may write as a text.

    Raises:
        RequestError: `invalid_request`.
    """
    try:
        return int(version)
    except ValueError:
        raise RequestError(
            f"{str(version)[:40]!r} is no version", code="invalid_request", hint="versions are whole numbers"
        ) from None


def environment_path(workspace: Workspace, name: str, *parts: str | int) -> str:
    """The API's path of something of the environment `name`, whose name is checked before it is part of a path.

    Raises:
        RequestError: `invalid_name`.
    """
    return workspace.path("environments", check_environment_name(name), *parts)


def register_definition(workspace: Workspace, name: str, definition: Definition) -> EnvironmentView:
    """The version that has `definition`: a new one, or the latest that has an equal one.

    Raises:
        RequestError: `invalid_name`, `secret_in_definition`, ...
    """
    body = EnvironmentBody(definition=definition.to_json())
    return workspace.api.post(environment_path(workspace, name), EnvironmentView, body=body)


def fetch_environment(workspace: Workspace, name: str, version: int | None = None) -> EnvironmentView:
    """That version, or the latest.

    Raises:
        NotFoundError: `unknown_environment`.
    """
    parts = () if version is None else ("versions", version)
    return workspace.api.get(environment_path(workspace, name, *parts), EnvironmentView)


def fetch_environments(workspace: Workspace) -> list[EnvironmentView]:
    """The latest version of each environment, by name."""
    return workspace.api.get(workspace.path("environments"), list[EnvironmentView])


def fetch_lock(workspace: Workspace, name: str, version: int | None = None) -> str:
    """The version's lock as PEP 751 text.

    Raises:
        NotFoundError: `unknown_environment`, `environment_not_built`.
    """
    return workspace.api.get_bytes(environment_path(workspace, name, "versions", version or "latest", "lock")).decode()


def request_build(workspace: Workspace, name: str, version: int | None = None) -> Build:
    """A build of that version (or of the latest), or the one that goes on already.

    Raises:
        NotFoundError: `unknown_environment`.
    """
    path = environment_path(workspace, name, "versions", version or "latest", "builds")
    return Build(workspace, workspace.api.post(path, BuildView))


def delete_environment(workspace: Workspace, name: str, version: int | None = None) -> None:
    """Forget one version, or all. Their numbers are never given again.

    Raises:
        NotFoundError: `unknown_environment`.
        ConflictError: `environment_in_use`.
    """
    workspace.api.delete(environment_path(workspace, name), query={"version": version})
