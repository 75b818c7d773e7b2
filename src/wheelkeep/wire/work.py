"""How a node and the server speak: lease, heartbeat, step, log, and what each kind of work needs.

A node shows its own token to lease work. Everything it does for that work it does with the work's *grant* (short-lived,
one workspace, read-only towards packages) and with the fencing number of its lease: a late word of a node that lost
its lease is answered 409 `lost_lease`. Source: design.md, "Work is leased".
"""

from typing import Annotated, Literal

import msgspec

from wheelkeep.wire.problem import Failure

__all__ = [
    "BuildWork",
    "EndBody",
    "FenceBody",
    "FileNote",
    "HeartbeatBody",
    "HeartbeatView",
    "HoldBody",
    "HoldView",
    "LeaseBody",
    "LeaseView",
    "LockBody",
    "LockView",
    "LogBody",
    "LogPiece",
    "LoggedMetric",
    "ResolutionView",
    "RunWork",
    "StepBody",
]


Number = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""What fits a database's plain integer."""
Amount = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
"""Bytes or files: what fits a database's big integer, and JSON's numbers."""


class _Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message between a node and the server of the same release."""


class LeaseBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/lease`: ask for one piece of work, waiting up to `wait_s` seconds for it."""

    worker: str
    python: str
    """The node's own Python, as `3.11.7`."""
    platform: str
    """`sysconfig.get_platform()` of the node."""
    slots: Number = 1
    busy: Number = 0
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0


class BuildWork(_Message, frozen=True, kw_only=True, tag="build"):
    """Lock an environment's version (unless it is locked) and make it on the node."""

    workspace: str
    environment: str
    version: int
    lock_digest: str | None


class RunWork(_Message, frozen=True, kw_only=True, tag="run"):
    """Run a script in a locked environment. `snapshot` names a zip among the workspace's objects."""

    workspace: str
    run: str
    experiment: str
    environment: str
    version: int
    lock_digest: str
    snapshot: str
    script: str
    arguments: list[str]
    environment_variables: dict[str, str]


class LeaseView(_Message, frozen=True, kw_only=True):
    """Work for the node that asked; an answer of 204 means that there is none now.

    `steps` are the outputs of the steps that were journalled already, by name: go on after them.
    """

    id: str
    fence: Number
    lease_s: float
    grant: str
    work: BuildWork | RunWork
    steps: dict[str, dict[str, object]]


class HeartbeatBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/{id}/heartbeat`: the node lives; progress inside the present stage."""

    fence: Number
    stage: str = ""
    done: Amount = 0
    total: Amount = 0


class HeartbeatView(_Message, frozen=True, kw_only=True):
    """Whether somebody asked to stop."""

    cancel: bool


class StepBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/{id}/step`: a step is done; its output is kept for whoever goes on."""

    fence: Number
    name: str
    output: dict[str, object] = {}


class LogPiece(_Message, frozen=True, kw_only=True):
    """Some text of one stream (`stdout`, `stderr`, `build`, `failure`), as it came."""

    stream: str
    text: str


class LoggedMetric(_Message, frozen=True, kw_only=True):
    """One metric of the user's script."""

    name: str
    value: float | int | str | bool | None
    at: str


class LogBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/{id}/log`: text and metrics. `sequence` makes a repeated send harmless."""

    fence: Number
    sequence: Number
    pieces: list[LogPiece] = []
    metrics: list[LoggedMetric] = []


class EndBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/{id}/end`: the work is over."""

    fence: Number
    state: Literal["Succeeded", "Failed", "Canceled"]
    failure: Failure | None = None
    output: dict[str, object] = {}


class ResolutionView(_Message, frozen=True, kw_only=True):
    """`GET /api/v1/work/{id}/resolution`: what the resolver is to be told. Nothing here is a credential.

    `requirements` and `constraints` are lines of a requirements file; a workspace wheel stands in them as
    `name @ <stable URL>`. `index_url` is the merged index of this build alone.
    """

    index_url: str
    requirements: list[str]
    constraints: list[str]
    python: str | None
    """The Python that is asked for (`3.11`, `3.11.7`, `<3.13,>=3.10`), or None for the node's own minor version."""
    prerelease: bool
    only_binary: list[str]
    no_binary: list[str]


class LockBody(_Message, frozen=True, kw_only=True):
    """`PUT /api/v1/work/{id}/lock`: the lock that the node's resolver wrote (PEP 751). The server believes nothing."""

    fence: Number
    pylock: str
    python: str
    platform: str
    resolver: str
    tags: list[str]
    """The wheel tags that the interpreter takes, best first (`packaging.tags`): uv's lock lists every platform."""


class FenceBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/{id}/seal` and `/release`: a word that needs no more than the right to say it.

    `seal` says that every file is held and is answered with the lock; `release` hands the work back, to be leased anew.
    """

    fence: Number


class FileNote(_Message, frozen=True, kw_only=True):
    """One file of a lock: `sha256` and `size` are None until the server has held a file whose page gave no hash."""

    project: str
    version: str
    filename: str
    origin: str
    sha256: str | None
    size: int | None
    direct_url: str | None = None
    """The stable URL to stand in `direct_url.json` when the definition named the wheel by URL."""


class LockView(_Message, frozen=True, kw_only=True):
    """A lock's files. `digest` is None while a file's hash is not known yet; `python` is the interpreter's `3.11`."""

    digest: str | None
    python: str
    platform: str
    files: list[FileNote]


class HoldBody(_Message, frozen=True, kw_only=True):
    """`POST /api/v1/work/{id}/hold`: fetch this file once, verify it and keep it."""

    fence: Number
    filename: str


class HoldView(_Message, frozen=True, kw_only=True):
    """The held file."""

    filename: str
    sha256: str
    size: int
