"""A lock as it crosses the wire, and as `--json` shows it."""

from wheelkeep.lock.model import Lock
from wheelkeep.wire.work import FileNote, LockView

__all__ = ["lock_view"]


def lock_view(lock: Lock) -> LockView:
    """The view of `lock`: its digest, Python and platform, and every file with its hash, size and origin."""
    files = [
        FileNote(
            project=file.project,
            version=file.version,
            filename=file.filename,
            origin=file.origin,
            sha256=file.sha256,
            size=file.size,
            direct_url=file.direct_url,
        )
        for file in lock.files
    ]
    return LockView(digest=str(lock.digest), python=lock.python, platform=lock.platform, files=files)
