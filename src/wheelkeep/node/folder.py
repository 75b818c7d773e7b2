"""Where things lie in a node's folder (`WHEELKEEP_NODE`).

    files/sha256/<hex>/<filename>        held files, verified, written once
    environments/<lock hex>-<cp311>/     made environments, each with its marker
    runs/<run>/                          one run's source, metrics, process note
    scratch/<pid>@<start>-<random>/      temporary folders (0700), swept when their process is gone
    locks/                               lock files, never removed

All of it may be dropped while no worker runs: everything is made again. Read next: `store.py`, `environment.py`.
"""

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import getpid
from pathlib import Path

from wheelkeep.errors import ResourceError
from wheelkeep.files import make_private_folder, remove_tree
from wheelkeep.proc import ProcessId, identify

__all__ = ["NodeFolder", "disk_full", "full_disk_told"]


@dataclass(frozen=True, slots=True)
class NodeFolder:
    """The folder of one node; several processes may use it at once."""

    root: Path

    @property
    def files(self) -> Path:
        """Held files by digest."""
        return self.root / "files" / "sha256"

    @property
    def environments(self) -> Path:
        """Made environments."""
        return self.root / "environments"

    @property
    def runs(self) -> Path:
        """The folders of runs."""
        return self.root / "runs"

    @property
    def scratch_folders(self) -> Path:
        """Temporary folders; on the file system of the environments, so that hard links reach them."""
        return self.root / "scratch"

    def run(self, run: str) -> Path:
        """The folder of one run."""
        return self.runs / run

    def lock(self, name: str) -> Path:
        """The lock file called `name`."""
        return self.root / "locks" / f"{name}.lock"

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A new folder that only this user can read, removed at the end, or by `sweep_scratch` after a crash."""
        parent = make_private_folder(self.scratch_folders)
        folder = Path(tempfile.mkdtemp(prefix=f"{identify(getpid())}-", dir=parent))
        try:
            yield folder
        finally:
            remove_tree(folder)

    def sweep_scratch(self) -> int:
        """Remove the temporary folders of processes that are gone; how many there were."""
        if not self.scratch_folders.is_dir():
            return 0
        swept = 0
        for folder in self.scratch_folders.iterdir():
            try:
                owner = ProcessId.parse(folder.name.partition("-")[0])
            except ValueError:
                continue
            if not owner.alive:
                remove_tree(folder)
                swept += 1
        return swept


@contextmanager
def full_disk_told(what: str) -> Iterator[None]:
    """Tell a full disk as `ResourceError` `disk_full`; every other error passes as it is.

    Args:
        what: what was being made, for the message ("the environment").
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(what) from error
        raise


def disk_full(what: str) -> ResourceError:
    """The error that says: no room for `what` on this node."""
    return ResourceError(
        f"the node's disk is full: there is no room for {what}",
        code="disk_full",
        hint="free space in the folder that WHEELKEEP_NODE names (environments and files in it may be removed), "
        "then build again",
    )
