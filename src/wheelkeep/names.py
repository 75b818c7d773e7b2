"""The names that people give to things, and which of them are legal.

Sources: PEP 503 and PEP 508 for projects; the OCI distribution specification's path component for workspaces
(contract §6); `reference/azure.md` §1 for environments and experiments.
"""

import re

from packaging.utils import NormalizedName, canonicalize_name

from wheelkeep.errors import RequestError

__all__ = [
    "check_connection_name",
    "check_environment_name",
    "check_experiment_name",
    "check_file_name",
    "check_workspace_name",
    "normalize_project",
]

_PROJECT = re.compile(r"([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])", re.IGNORECASE | re.ASCII)
_WORKSPACE = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_CONNECTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_ENVIRONMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,254}")
_EXPERIMENT = re.compile(r"[A-Za-z0-9][\w-]{0,254}", re.ASCII)
_FILE = re.compile(r"(?!\.{1,2}$)[^/\\\x00-\x1f\x7f]{1,255}")
_WORKSPACE_LENGTH = 64


def normalize_project(name: str) -> NormalizedName:
    """The PEP 503 form of a project's name, checked by PEP 508 before it is normalised.

    Raises:
        RequestError: `invalid_project_name`.
    """
    if not _PROJECT.fullmatch(name):
        raise RequestError(
            f"{name[:80]!r} is no project name",
            code="invalid_project_name",
            hint="use letters, digits, '.', '_' and '-', beginning and ending with a letter or digit",
        )
    return canonicalize_name(name)


def _check(name: str, pattern: re.Pattern[str], kind: str, rule: str) -> str:
    if not pattern.fullmatch(name):
        raise RequestError(f"{name[:80]!r} is no {kind} name", code="invalid_name", hint=rule)
    return name


def check_workspace_name(name: str) -> str:
    """`name`, when it is a legal workspace name: a lower-case OCI path component of at most 64 characters.

    Raises:
        RequestError: `invalid_name`.
    """
    if len(name) > _WORKSPACE_LENGTH:
        raise RequestError("the workspace name is too long", code="invalid_name", hint="use at most 64 characters")
    return _check(name, _WORKSPACE, "workspace", "use lower-case letters and digits, joined by '-', '_' or '.'")


def check_connection_name(name: str) -> str:
    """`name`, when it is a legal connection name.

    Raises:
        RequestError: `invalid_name`.
    """
    return _check(name, _CONNECTION, "connection", "use letters, digits, '-', '_' and '.', at most 128")


def check_environment_name(name: str) -> str:
    """`name`, when it is a legal environment name: at most 255 characters, not beginning with Microsoft or AzureML.

    Raises:
        RequestError: `invalid_name`.
    """
    if name.lower().startswith(("microsoft", "azureml")):
        raise RequestError(
            f"{name[:80]!r} begins with a reserved word",
            code="invalid_name",
            hint="names of curated environments are Azure's; choose another",
        )
    return _check(name, _ENVIRONMENT, "environment", "use letters, digits, '-', '_' and '.', at most 255")


def check_experiment_name(name: str) -> str:
    """`name`, when it is a legal experiment name: 1 to 255 of letters, digits, '-' and '_'.

    Raises:
        RequestError: `invalid_name`.
    """
    return _check(name, _EXPERIMENT, "experiment", "use letters, digits, '-' and '_', at most 255")


def check_file_name(name: str) -> str:
    """`name`, when it names a file in a folder: no path, not `.` or `..`, at most 255 characters.

    Raises:
        RequestError: `invalid_name`.
    """
    return _check(name, _FILE, "file", "give the file's name alone, without a folder")
