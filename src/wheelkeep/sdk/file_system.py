"""Whether a folder lies on this machine's own disk: SQLite's locks are not safe on a network file system."""

from pathlib import Path

from wheelkeep.errors import RequestError

__all__ = ["check_local"]

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "fuse.glusterfs", "lustre", "fuse.sshfs", "9p"}
)


def check_local(folder: Path, *, mounts: Path = Path("/proc/self/mounts")) -> None:
    """Nothing, when `folder` (or the nearest parent that exists) is on a local file system.

    Raises:
        RequestError: `network_file_system`.
    """
    kind = _kind_of(folder.absolute().resolve(), mounts)
    if kind in _NETWORK:
        raise RequestError(
            f"{folder} is on a network file system ({kind})",
            code="network_file_system",
            hint="choose a folder on a local disk (WHEELKEEP_HOME), or run `wheelkeep server` and set WHEELKEEP_URL",
        )


def _kind_of(folder: Path, mounts: Path) -> str:
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    best, kind = -1, ""
    for line in lines:
        _, point, found, *_ = line.split()
        place = Path(point.replace("\\040", " "))
        if folder.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), found
    return kind
