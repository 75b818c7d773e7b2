"""Which workspace is meant. Source: contract §8.

Flags, then WHEELKEEP_URL, then WHEELKEEP_HOME, then a `config.json` in `.wheelkeep/`, `.azureml/` or the folder itself,
here or in a parent. Nothing found is an error that names `wheelkeep init`.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from wheelkeep.errors import DeniedError, RequestError
from wheelkeep.settings import ClientSettings

__all__ = [
    "CONFIG_FOLDERS",
    "CONFIG_NAME",
    "EmbeddedLocation",
    "Location",
    "ServerLocation",
    "find_location",
    "read_config",
]

CONFIG_NAME = "config.json"
CONFIG_FOLDERS = (".wheelkeep", ".azureml", ".")
DEFAULT_WORKSPACE = "default"


@dataclass(frozen=True, slots=True)
class ServerLocation:
    """A workspace of a server."""

    url: str
    workspace: str


@dataclass(frozen=True, slots=True)
class EmbeddedLocation:
    """A workspace of the server that lives in a folder (`home` is the data folder itself)."""

    home: Path
    workspace: str


Location = ServerLocation | EmbeddedLocation


def find_location(
    settings: ClientSettings,
    *,
    start: Path,
    url: str | None = None,
    home: Path | None = None,
    workspace: str | None = None,
) -> Location:
    """The workspace that is meant when a program in the folder `start` says `url`, `home`, `workspace` or nothing.

    Raises:
        RequestError: `workspace_not_found`, or `invalid_setting` for a config.json that cannot be read.
    """
    name = workspace or settings.workspace
    if url:
        return ServerLocation(url, name or DEFAULT_WORKSPACE)
    if home:
        return EmbeddedLocation(home.absolute(), name or DEFAULT_WORKSPACE)
    if settings.url:
        return ServerLocation(settings.url, name or DEFAULT_WORKSPACE)
    if settings.home:
        return EmbeddedLocation(settings.home, name or DEFAULT_WORKSPACE)
    for folder in (start.absolute(), *start.absolute().parents):
        for inside in CONFIG_FOLDERS:
            path = folder / inside / CONFIG_NAME
            if path.is_file():
                return read_config(path, workspace=name)
    raise RequestError(
        f"no workspace was named, and there is no config.json in {start} or its parents",
        code="workspace_not_found",
        hint="make one here with `wheelkeep init`, or set WHEELKEEP_URL",
    )


def read_config(path: Path, *, workspace: str | None = None) -> Location:
    """The workspace that a config.json names: `{"url":..., "workspace":...}`, `{"path":...}`, or Azure's two shapes.

    Azure's shapes name no server of ours: they open an embedded workspace beside the file, unless the file has a
    `wheelkeep` key with one of our shapes.

    Raises:
        RequestError: `invalid_setting`.
        DeniedError: `denied`: the file is another user's.
    """
    if path.stat().st_uid not in {os.geteuid(), 0}:
        raise DeniedError(
            f"{path} belongs to another user, who could have your token sent anywhere",
            code="denied",
            hint="make a config.json of your own: `wheelkeep init`, or set WHEELKEEP_URL",
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):
        config = None
    if not isinstance(config, dict):
        raise RequestError(f"{path} is no JSON object", code="invalid_setting", hint="make it anew: `wheelkeep init`")
    own = config.get("wheelkeep", config)
    if not isinstance(own, dict):
        raise RequestError(f"the wheelkeep key of {path} is no object", code="invalid_setting")
    name = workspace or str(own.get("workspace") or DEFAULT_WORKSPACE)
    if own.get("url"):
        return ServerLocation(str(own["url"]), name)
    base = path.parent.parent if path.parent.name in CONFIG_FOLDERS else path.parent
    if own.get("path"):
        return EmbeddedLocation((base / str(own["path"])).absolute(), name)
    if {"workspace_name", "Scope"} & set(config):
        return EmbeddedLocation((base / ".wheelkeep").absolute(), name)
    raise RequestError(
        f"{path} names no workspace",
        code="invalid_setting",
        hint='write {"path": ".wheelkeep"} or {"url": "https://..."}',
    )
