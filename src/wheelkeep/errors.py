"""Every error that a user can meet, in one shallow tree, branched by who must act.

    WheelkeepError
    |- RequestError            the caller: what was asked is malformed
    |  `- WheelError           ... an uploaded wheel is
    |- NotFoundError           the caller: no such thing (or none that you may know of)
    |- ConflictError           the caller: it disagrees with what is there
    |- AuthenticationError     the caller: who are you
    |- DeniedError             the caller: you may not
    |- UnreachableError        the caller: the Wheelkeep server is not there
    |- UpstreamError           the other side: a feed, store or index failed (`retryable` says whether to try again)
    |- IntegrityError          the content: bytes are not what they should be
    |- ResolutionError         the content: the requirements have no solution here
    |- BuildError              the content: an environment could not be made
    |- RunError                the content: a run did not succeed
    |- CanceledError           somebody asked to stop
    |- ResourceError           the machine: disk, memory, limits
    `- InternalError           us

Each error has a stable `code` (one of its class's `codes`), a message without a secret, an optional `hint` that says
what to do, and typed `detail`. `server/http/problem.py` turns one into problem+json (RFC 9457), `error_from` back.
Programmer mistakes stay TypeError and ValueError.
"""

from collections.abc import Mapping
from typing import ClassVar

__all__ = [
    "AuthenticationError",
    "BuildError",
    "CanceledError",
    "ConflictError",
    "DeniedError",
    "IntegrityError",
    "InternalError",
    "NotFoundError",
    "RequestError",
    "ResolutionError",
    "ResourceError",
    "RunError",
    "UnreachableError",
    "UpstreamError",
    "WheelError",
    "WheelkeepError",
    "error_classes",
    "error_from",
]


class WheelkeepError(Exception):
    """What every error of Wheelkeep has: a message, a stable code, a hint, details.

    Args:
        message: what happened and where, a lower-case sentence without a secret.
        code: one of the class's `codes`; the first when not given.
        hint: what to do about it.
        detail: values a program may use (JSON scalars), without a secret.
    """

    codes: ClassVar[Mapping[str, str]] = {}
    """Each code of the class and what it means, for the reference page."""

    def __init__(
        self, message: str, *, code: str = "", hint: str = "", detail: Mapping[str, str | int | bool] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or next(iter(self.codes))
        self.hint = hint
        self.detail = dict(detail or {})
        if self.code not in self.codes:
            raise ValueError(f"{type(self).__name__} has no code {self.code!r}")
        if hint:
            self.add_note(f"hint: {hint}")

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without a change."""
        return False


class RequestError(WheelkeepError):
    """What was asked is malformed: the caller must change it."""

    codes: ClassVar[Mapping[str, str]] = {
        "invalid_request": "the request's body or parameters cannot be read",
        "invalid_name": "a workspace, environment, experiment, connection or file name is not legal",
        "invalid_project_name": "a project name breaks PEP 508",
        "invalid_requirement": "a requirement cannot be read (PEP 508)",
        "invalid_option": "a pip option is unknown or malformed",
        "invalid_conda_file": "a conda file is no environment specification",
        "invalid_environment": "an environment definition cannot be used",
        "invalid_connection": "a connection's category, target, auth type or value is wrong",
        "secret_in_definition": "a definition carries a credential; a connection must hold it",
        "unsupported": "a part of the definition is not supported yet",
        "invalid_lock": "a lock file cannot be read (PEP 751)",
        "invalid_setting": "a setting has an impossible value",
        "workspace_not_found": "no workspace was named and no config.json was found",
        "script_not_found": "the script is not in the source folder",
        "snapshot_too_large": "the source folder exceeds the limits of a snapshot",
        "invalid_snapshot": "a snapshot archive is malformed",
        "network_file_system": "an embedded workspace cannot live on a network file system",
        "missing_extra": "this needs an optional part of Wheelkeep that is not installed",
    }


class WheelError(RequestError):
    """An uploaded file is no wheel that may be kept."""

    codes: ClassVar[Mapping[str, str]] = {
        "invalid_wheel_filename": "the file name breaks PEP 427",
        "not_a_wheel": "the file is no readable zip archive",
        "invalid_wheel_metadata": "METADATA or WHEEL is missing or malformed",
        "wheel_name_mismatch": "METADATA names another project or version than the file name",
        "invalid_wheel_record": "RECORD is missing or disagrees with the members",
        "wheel_member_escapes": "a member would be written outside the environment",
        "wheel_bomb": "the archive expands beyond the limits",
        "wheel_too_large": "the file exceeds the upload limit",
        "upload_digest_mismatch": "the bytes that arrived are not those that were announced",
    }


class NotFoundError(WheelkeepError):
    """There is no such thing."""

    codes: ClassVar[Mapping[str, str]] = {
        "not_found": "there is no such thing",
        "unknown_workspace": "there is no workspace of that name",
        "unknown_environment": "there is no environment of that name or version",
        "unknown_wheel": "there is no wheel of that name",
        "unknown_connection": "there is no connection of that name",
        "unknown_build": "there is no such build",
        "unknown_run": "there is no such run",
        "unknown_file": "the workspace holds no such file",
        "environment_not_built": "the environment's version has no lock yet",
        "file_not_found": "a local file or folder is not there",
    }


class ConflictError(WheelkeepError):
    """It disagrees with what is there."""

    codes: ClassVar[Mapping[str, str]] = {
        "conflict": "the request disagrees with the present state",
        "already_exists": "something of that name exists",
        "wheel_exists": "a wheel of that name with other content exists or existed",
        "wheel_in_use": "a lock names the wheel",
        "environment_in_use": "a run or build uses the environment",
        "lost_lease": "another node has taken the work over",
        "ambiguous_connection": "two connections match a URL equally well",
    }


class AuthenticationError(WheelkeepError):
    """Who is asking is not known."""

    codes: ClassVar[Mapping[str, str]] = {
        "token_missing": "the request carries no token",
        "token_invalid": "the token is unknown, expired or revoked",
    }


class DeniedError(WheelkeepError):
    """Who is asking may not do this."""

    codes: ClassVar[Mapping[str, str]] = {
        "denied": "the token lacks the right",
        "token_over_http": "a token is not sent over plain http to another machine",
        "origin_forbidden": "no connection, policy or definition names that host, or its address is forbidden",
    }


class UnreachableError(WheelkeepError):
    """The Wheelkeep server is not there."""

    codes: ClassVar[Mapping[str, str]] = {
        "server_unreachable": "the Wheelkeep server does not answer",
        "server_not_started": "the embedded server or worker did not start",
    }

    @property
    def retryable(self) -> bool:
        """True: it may come back."""
        return True


class UpstreamError(WheelkeepError):
    """A feed, an index or a store failed. Nothing falls through to another origin."""

    codes: ClassVar[Mapping[str, str]] = {
        "feed_unreachable": "the origin cannot be connected to",
        "feed_timeout": "the origin did not answer in time",
        "feed_authentication_failed": "the origin refused the connection's credential (401)",
        "feed_forbidden": "the origin forbids the credential to read (403)",
        "feed_failed": "the origin answered with an error",
        "feed_malformed": "the origin's answer is no package index page",
        "feed_too_large": "the origin's answer exceeds the limit",
        "feed_redirect_refused": "the origin redirects to a place that is not allowed",
        "feed_lost_package": "a bound name is no longer served by its origin",
        "objects_failed": "the object store failed",
    }

    _RETRYABLE = frozenset({"feed_unreachable", "feed_timeout", "feed_failed", "objects_failed"})

    @property
    def retryable(self) -> bool:
        """Whether the origin may answer later."""
        return self.code in self._RETRYABLE


class IntegrityError(WheelkeepError):
    """Bytes are not what they should be."""

    codes: ClassVar[Mapping[str, str]] = {
        "hash_mismatch": "a file's sha256 is not the announced one",
        "lock_mismatch": "a lock names a file that its origin did not offer",
        "damaged_object": "a stored object is damaged",
        "undecryptable_secret": "a stored secret cannot be decrypted with the key ring",
    }


class ResolutionError(WheelkeepError):
    """The requirements have no solution here."""

    codes: ClassVar[Mapping[str, str]] = {
        "resolution_failed": "the resolver found no solution",
        "no_such_package": "no origin has a package of that name",
        "no_matching_version": "no version satisfies the requirement",
        "conflicting_requirements": "two requirements exclude each other",
        "wrong_python": "the package needs another Python",
        "wrong_platform": "no wheel fits the Python or platform",
        "source_only": "only a source distribution exists",
        "python_unavailable": "the node has no such Python",
    }


class BuildError(WheelkeepError):
    """An environment could not be made."""

    codes: ClassVar[Mapping[str, str]] = {
        "build_failed": "the build did not succeed",
        "install_failed": "the environment could not be made from the held files",
        "too_many_crashes": "the work ended several nodes",
    }


class RunError(WheelkeepError):
    """A run did not succeed."""

    codes: ClassVar[Mapping[str, str]] = {
        "run_failed": "the script ended with an exit code other than 0",
        "script_not_started": "the script could not be started",
    }


class CanceledError(WheelkeepError):
    """Somebody asked to stop."""

    codes: ClassVar[Mapping[str, str]] = {"canceled": "it was canceled"}


class ResourceError(WheelkeepError):
    """The machine lacks something."""

    codes: ClassVar[Mapping[str, str]] = {
        "disk_full": "no space is left on the device",
        "overloaded": "too many requests at once",
    }

    @property
    def retryable(self) -> bool:
        """True: once there is room."""
        return True


class InternalError(WheelkeepError):
    """A defect of ours, told without its traceback; the server's log has it under the request's id."""

    codes: ClassVar[Mapping[str, str]] = {"internal": "Wheelkeep has a defect"}


def error_classes() -> tuple[type[WheelkeepError], ...]:
    """Every class of the tree that has codes, in the order of the drawing."""
    found: list[type[WheelkeepError]] = []
    waiting = list(WheelkeepError.__subclasses__())
    while waiting:
        current = waiting.pop(0)
        found.append(current)
        waiting[:0] = current.__subclasses__()
    return tuple(found)


def error_from(
    code: str, message: str, *, hint: str = "", detail: Mapping[str, str | int | bool] | None = None
) -> WheelkeepError:
    """The error that was sent as `code` and `message` (from a problem+json body or a stored failure)."""
    for error_class in error_classes():
        if code in error_class.codes:
            return error_class(message, code=code, hint=hint, detail=detail)
    return InternalError(message, hint=hint, detail=detail)
