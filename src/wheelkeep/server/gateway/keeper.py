"""A file from an origin into the workspace's blobs: fetched once, verified, kept.

From then on it goes out by digest: no feed, no token. Requests for the same file at the same time share one fetch.
The same file is one of which the page promised the same: who was promised another hash never gets what was verified for
somebody else. What does not agree with the page is thrown away before anybody could see it.
"""

from dataclasses import dataclass

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, UpstreamError
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.gateway.shared_calls import SharedCalls
from wheelkeep.server.index.model import ProjectFile
from wheelkeep.server.origin.protocol import Origin
from wheelkeep.server.origin.spool import spooled

__all__ = ["Keeper", "Kept"]


@dataclass(frozen=True, slots=True)
class Kept:
    """A verified file among the blobs."""

    digest: Digest
    size: int


class Keeper:
    """Fetches and keeps files.

    Args:
        blobs: where they are kept.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._fetching: SharedCalls[tuple[str, str, ProjectFile], Kept] = SharedCalls(remember=False)

    async def keep(self, workspace: str, origin: Origin, file: ProjectFile) -> Kept:
        """The file, kept and verified.

        Args:
            workspace: whose; requests of different workspaces never share a fetch, their rights may differ.
            origin: the origin of the page that `file` stands on.
            file: as that page offers it.

        Raises:
            IntegrityError: `hash_mismatch`: the bytes are not those that the page announced.
            UpstreamError: the origin failed, or has the file no more.
            ResourceError: `disk_full`.
        """
        key = (workspace, origin.label, file)
        return await self._fetching.get(key, lambda: self._fetch(origin, file))

    async def _fetch(self, origin: Origin, file: ProjectFile) -> Kept:
        async with spooled(origin.open_file(file), self._blobs.staging, filename=file.filename) as received:
            if received is None:
                raise _gone(origin, file)
            kept = Kept(received.digest, received.size)
            _check(file, kept, origin)
            await self._blobs.put_file(received.path, kept.digest)
        return kept


def _check(file: ProjectFile, kept: Kept, origin: Origin) -> None:
    if file.sha256 is not None and file.sha256 != kept.digest.hex:
        raise IntegrityError(
            f"{file.filename} from {origin.label} has sha256 {kept.digest.hex}, its page announced {file.sha256}",
            code="hash_mismatch",
            hint="the feed was changed or tampered with; nothing was kept. Ask who runs it",
            detail={"filename": file.filename, "expected": file.sha256, "actual": kept.digest.hex},
        )
    if file.sha256 is None and file.size is not None and file.size != kept.size:
        raise IntegrityError(
            f"{file.filename} from {origin.label} has {kept.size} bytes, its page announced {file.size}",
            code="hash_mismatch",
            hint="the transfer was cut or the feed was changed; try again",
            detail={"filename": file.filename},
        )


def _gone(origin: Origin, file: ProjectFile) -> UpstreamError:
    return UpstreamError(
        f"{origin.label} lists {file.filename} but does not have it",
        code="feed_failed",
        hint="the feed is inconsistent; ask who runs it",
        detail={"filename": file.filename},
    )
