"""An environment on the caller's own machine, for `wheelkeep exec`: no lease, no worker, the caller's token.

The caller's process fetches the held files and makes the environment in its node folder, or finds it there.
"""

from pathlib import Path

from wheelkeep.node.build_plan import Workshop, make_environment
from wheelkeep.node.door import FileSource
from wheelkeep.node.environment import UvEnvironmentMaker, sweep_environments
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.http_door import HttpFiles
from wheelkeep.node.resolver import UvResolver
from wheelkeep.node.store import FileStore
from wheelkeep.node.transport import Transport
from wheelkeep.node.watch import Quiet, Watch
from wheelkeep.secret import Secret
from wheelkeep.wire.work import LockView

__all__ = ["make_ready", "server_files", "workshop_of"]


def workshop_of(folder: NodeFolder) -> Workshop:
    """What a node works with, all of it below `folder`: the one place that picks implementers."""
    return Workshop(UvResolver(folder), FileStore(folder), UvEnvironmentMaker(folder))


def server_files(url: str, token: Secret) -> FileSource:
    """The held files of a server, for whoever has a token that may read them.

    Raises:
        DeniedError: `token_over_http`.
    """
    return HttpFiles(Transport(url, token))


def make_ready(
    source: FileSource, lock: LockView, node_folder: Path, *, workspace: str, watch: Watch | None = None
) -> Path:
    """The folder of the environment of `lock` on this machine; its programs are in `bin/`.

    Args:
        source: where held files come from, as `server_files` gives it.
        lock: a sealed lock.
        node_folder: `WHEELKEEP_NODE` (`settings.NodeSettings.folder`).
        workspace: the name of the workspace that holds the files.
        watch: told of progress.

    Raises:
        WheelkeepError: why it could not be made.
    """
    folder = NodeFolder(node_folder)
    sweep_environments(folder)
    return make_environment(lock, source, workspace=workspace, workshop=workshop_of(folder), watch=watch or Quiet())
