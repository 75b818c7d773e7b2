"""From (workspace, sha256, file name) to what may be served: a wheel of the workspace, or a file that it holds.

Looked up on every download, so an answer is believed for `_KEPT_S`; a deleted wheel is gone for new downloads after
that. What the workspace does not have is never remembered: it may arrive in the next moment.
"""

import asyncio
import time
from dataclasses import dataclass

from packaging.utils import NormalizedName

from wheelkeep.digest import Digest
from wheelkeep.server.db.engine import Database
from wheelkeep.server.store.held import find_held_file
from wheelkeep.server.store.rows import find_wheel_by_digest
from wheelkeep.server.store.wheels import WheelStore

__all__ = ["Shelf", "ShelvedFile"]

_KEPT_S = 5.0
_KEPT_MOST = 20_000


@dataclass(frozen=True, slots=True)
class ShelvedFile:
    """A file that may be served, and its METADATA as an object of its own, when that is kept beside it."""

    digest: Digest
    size: int
    metadata: "ShelvedFile | None" = None


class Shelf:
    """Every file that the workspaces may have served by digest.

    Side effects: watches `store` for changes.
    """

    def __init__(self, database: Database, store: WheelStore) -> None:
        self._database = database
        self._kept: dict[tuple[str, str, str], tuple[float, ShelvedFile]] = {}
        store.watch(self.forget)

    def forget(self, _workspace_id: str, _project: NormalizedName) -> None:
        """Ask the database again for everything: a wheel changed."""
        self._kept.clear()

    def remembered(self, workspace_id: str, sha256: str, filename: str) -> ShelvedFile | None:
        """The file, when it was looked up a moment ago; None says nothing."""
        kept = self._kept.get((workspace_id, sha256, filename))
        return kept[1] if kept is not None and kept[0] > time.monotonic() else None

    async def find(self, workspace_id: str, sha256: str, filename: str) -> ShelvedFile | None:
        """The file with these bytes and this name that the workspace keeps or holds, or None.

        Args:
            workspace_id: the workspace's id.
            sha256: lower-case hex.
            filename: as its index page calls it.
        """
        known = self.remembered(workspace_id, sha256, filename)
        if known is not None:
            return known
        found = await asyncio.to_thread(self._look, workspace_id, sha256, filename)
        if found is not None:
            if len(self._kept) >= _KEPT_MOST:
                self._kept.clear()
            self._kept[workspace_id, sha256, filename] = (time.monotonic() + _KEPT_S, found)
        return found

    def _look(self, workspace_id: str, sha256: str, filename: str) -> ShelvedFile | None:
        with self._database.read() as connection:
            wheel = find_wheel_by_digest(connection, workspace_id, sha256, filename=filename)
            if wheel is not None:
                metadata = ShelvedFile(wheel.metadata_digest, wheel.metadata_size)
                return ShelvedFile(wheel.digest, wheel.size, metadata)
            held = find_held_file(connection, workspace_id, sha256, filename=filename)
        return None if held is None else ShelvedFile(held.digest, held.size)
