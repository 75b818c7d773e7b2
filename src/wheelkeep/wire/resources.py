"""What clients ask for and get: workspaces, wheels, connections, environments, builds, runs.

Times are ISO 8601 texts in UTC, sizes are bytes, digests are `sha256:<hex>`.
"""

from typing import Annotated, Literal

import msgspec

from wheelkeep.wire.problem import Failure

__all__ = [
    "FAILURE_STREAM",
    "AuditRow",
    "BindingView",
    "BuildState",
    "BuildView",
    "ConnectionBody",
    "ConnectionTrialView",
    "ConnectionView",
    "EnvironmentBody",
    "EnvironmentView",
    "LogLine",
    "LogPage",
    "MetricPoint",
    "OutputFile",
    "RunBody",
    "RunView",
    "TokenBody",
    "TokenView",
    "WheelView",
    "WorkerView",
    "WorkspaceBody",
    "WorkspaceView",
    "YankBody",
]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request's body: a field that is not known is an error, because it is a typing mistake."""


class _View(msgspec.Struct, frozen=True, kw_only=True):
    """An answer's body: a newer server may add fields."""


class WorkspaceBody(_Body, frozen=True, kw_only=True):
    """Make a workspace."""

    name: str


class WorkspaceView(_View, frozen=True, kw_only=True):
    """A workspace."""

    id: str
    name: str
    created_at: str
    index_url: str


class TokenBody(_Body, frozen=True, kw_only=True):
    """Make a token. `role` is reader, contributor, publisher or admin; `kind` is user or node."""

    name: str
    role: str = "contributor"
    kind: Literal["user", "node"] = "user"
    workspace: str | None = None
    expires_in_s: Annotated[int, msgspec.Meta(ge=1, le=10 * 365 * 24 * 3600)] | None = None


class TokenView(_View, frozen=True, kw_only=True):
    """A token without its text; `token` is there once, in the answer to its making."""

    id: str
    name: str
    role: str
    kind: str
    workspace: str | None
    created_at: str
    expires_at: str | None
    token: str | None = None


class WheelView(_View, frozen=True, kw_only=True):
    """A wheel that the workspace keeps. `url` ends in the file name and `#sha256=...` and holds no secret."""

    filename: str
    name: str
    version: str
    sha256: str
    size: int
    url: str
    requires_python: str | None
    uploaded_at: str
    uploaded_by: str
    yanked: bool
    yanked_reason: str
    used_by: list[str] = []


class YankBody(_Body, frozen=True, kw_only=True):
    """Yank a wheel (PEP 592), or take it back."""

    yanked: bool = True
    reason: str = ""


class ConnectionBody(_Body, frozen=True, kw_only=True):
    """Set a connection. `value` is a string or a mapping, checked per auth type."""

    category: str
    target: str
    auth_type: str
    value: str | dict[str, str] | None = None


class ConnectionView(_View, frozen=True, kw_only=True):
    """A connection without its secret."""

    name: str
    category: str
    target: str
    auth_type: str
    username: str | None
    created_at: str
    updated_at: str
    updated_by: str


class ConnectionTrialView(_View, frozen=True, kw_only=True):
    """The connection's target admitted the credential. `status` 404 is such an answer: a base URL need be no page."""

    name: str
    target: str
    status: int


class BindingView(_View, frozen=True, kw_only=True):
    """A name that belongs to private origins (contract §3.2). `provisional`: the public index was not asked yet."""

    project: str
    origin: str
    provisional: bool


class EnvironmentBody(_Body, frozen=True, kw_only=True):
    """Register a definition. `definition` is `wheelkeep.definition`'s JSON form."""

    definition: dict[str, object]


class EnvironmentView(_View, frozen=True, kw_only=True):
    """One version of an environment."""

    name: str
    version: int
    definition: dict[str, object]
    definition_digest: str
    lock_digest: str | None
    python: str | None
    platform: str | None
    created_at: str
    created_by: str
    created: bool = False
    """Whether the request that is answered made this version (an equal definition makes none)."""


BuildState = Literal["Queued", "Running", "Succeeded", "Failed", "Canceled"]


class BuildView(_View, frozen=True, kw_only=True):
    """A build. `stage` is its present step; `done` of `total` files or bytes inside it, when it counts."""

    id: str
    environment: str
    version: int
    status: BuildState
    stage: str
    done: int
    total: int
    cancel_requested: bool
    created_at: str
    started_at: str | None
    ended_at: str | None
    worker: str | None
    lock_digest: str | None
    failure: Failure | None


class RunBody(_Body, frozen=True, kw_only=True):
    """Submit a run. `snapshot` is the digest of an archive that was uploaded before."""

    environment: str
    version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)] | None = None
    snapshot: str
    script: str
    arguments: list[str] = []
    target: str = "local"
    environment_variables: dict[str, str] = {}
    tags: dict[str, str] = {}


class MetricPoint(_View, frozen=True, kw_only=True):
    """One value that the script logged, in order."""

    name: str
    value: float | int | str | bool | None
    at: str


class OutputFile(_View, frozen=True, kw_only=True):
    """A file that the run left in `outputs/`."""

    path: str
    sha256: str
    size: int


class RunView(_View, frozen=True, kw_only=True):
    """A run. `status` is one of the contract's words (§5)."""

    id: str
    experiment: str
    number: int
    status: str
    target: str
    script: str
    arguments: list[str]
    environment: str
    version: int
    lock_digest: str | None
    snapshot: str
    build: str | None
    exit_code: int | None
    worker: str | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    metrics: list[MetricPoint]
    outputs: list[OutputFile]
    tags: dict[str, str]
    failure: Failure | None


FAILURE_STREAM = "failure"
"""The stream of a log's last line when the work failed: why. Who is told the failure itself need not read it."""


class LogLine(_View, frozen=True, kw_only=True):
    """One piece of a log; `n` grows, so a reader goes on after the last one it has."""

    n: int
    at: str
    stream: str
    text: str


class LogPage(_View, frozen=True, kw_only=True):
    """The log after some number. `ended` says that nothing follows the last line here."""

    lines: list[LogLine]
    ended: bool


class WorkerView(_View, frozen=True, kw_only=True):
    """A worker that was heard of lately."""

    name: str
    python: str
    platform: str
    slots: int
    busy: int
    seen_at: str


class AuditRow(_View, frozen=True, kw_only=True):
    """One fact of the audit: who did what, where, with which outcome."""

    n: int
    at: str
    principal: str
    workspace: str | None
    work: str | None
    action: str
    connection: str | None
    host: str | None
    path: str | None
    outcome: str
