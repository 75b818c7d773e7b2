"""An embedded workspace in a folder of its own, for stories: nothing of the machine's user is read or written.

`Places` names every folder that a workspace's processes may write to (data, home, state, cache, node, temporary
files), so that a search for a secret can look into all of them; `opened` opens the workspace there and ends its
processes, known by pid and start time, at the end. Read next: `user.py`, `process_tree.py`.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wheelkeep.proc import ProcessId
from wheelkeep.sdk.embedded import stop_embedded
from wheelkeep.sdk.workspace import Workspace

__all__ = ["Places", "opened", "variables_set", "wait_until"]

_POLL_S = 0.02
_DROPPED = ("WHEELKEEP_", "UV_", "PIP_", "XDG_")


@dataclass(frozen=True, slots=True)
class Places:
    """Where one embedded workspace and its user live, all below `root`."""

    root: Path

    @property
    def project(self) -> Path:
        """The user's folder, which holds the workspace."""
        return self.root / "project"

    @property
    def data(self) -> Path:
        """The workspace's data folder."""
        return self.project / ".wheelkeep"

    @property
    def home(self) -> Path:
        """HOME."""
        return self.root / "home"

    @property
    def state(self) -> Path:
        """XDG_STATE_HOME, with the key ring."""
        return self.root / "state"

    @property
    def node(self) -> Path:
        """WHEELKEEP_NODE: environments, files, the resolver's cache."""
        return self.root / "node"

    def make(self) -> "Places":
        """These places, with their folders made."""
        for folder in (self.project, self.home, self.state, self.root / "cache", self.root / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        return self

    def variables(self, public_index: str) -> dict[str, str]:
        """The environment variables of a user who lives here; `public_index` is a URL or `none`."""
        return {
            "HOME": str(self.home),
            "XDG_STATE_HOME": str(self.state),
            "XDG_CACHE_HOME": str(self.root / "cache"),
            "XDG_CONFIG_HOME": str(self.home / ".config"),
            "TMPDIR": str(self.root / "tmp"),
            "WHEELKEEP_NODE": str(self.node),
            "WHEELKEEP_PUBLIC_INDEX": public_index,
        }

    def process(self, which: Literal["server", "worker"]) -> ProcessId:
        """The workspace's server or worker, as it was started last.

        Raises:
            FileNotFoundError: none was ever started.
        """
        return ProcessId.parse((self.data / f"{which}.pid").read_text(encoding="utf-8"))

    def log(self, which: Literal["server", "worker"]) -> str:
        """What the server or the worker wrote since the folder was made."""
        return (self.data / f"{which}.log").read_text(encoding="utf-8", errors="replace")


@contextmanager
def variables_set(variables: Mapping[str, str]) -> Iterator[None]:
    """This process with `variables`, and without any other that could lead to another workspace or index."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(_DROPPED):
            del os.environ[name]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def opened(places: Places, *, public_index: str = "none", more: Mapping[str, str] | None = None) -> Iterator[Workspace]:
    """The embedded workspace of `places`, open; its server and worker are ended after.

    Args:
        places: its folders.
        public_index: `WHEELKEEP_PUBLIC_INDEX` of its server.
        more: further variables of the program that starts the workspace.
    """
    with variables_set(places.make().variables(public_index) | dict(more or {})):
        workspace = Workspace.local(places.project)
        try:
            yield workspace
        finally:
            workspace.api.close()
            stop_embedded(places.data)


def wait_until(what: str, is_true: Callable[[], bool], *, within_s: float = 20.0) -> None:
    """Return once `is_true()` holds.

    Raises:
        TimeoutError: it did not hold within `within_s` seconds.
    """
    deadline = time.monotonic() + within_s
    while not is_true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {within_s:.0f} s for: {what}")
        time.sleep(_POLL_S)
