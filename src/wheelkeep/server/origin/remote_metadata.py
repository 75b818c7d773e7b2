"""The METADATA of an upstream's wheel: offered, read out of the archive's end, or, if nothing else helps, the file.

So every wheel on our pages offers core metadata (PEP 658), also those of feeds that have never heard of it, and a
resolver needs one small request a candidate instead of the wheel.
"""

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from wheelkeep.digest import Digest
from wheelkeep.errors import IntegrityError, UpstreamError
from wheelkeep.server.index.model import ProjectFile
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.audit_trail import UpstreamNotes
from wheelkeep.server.origin.failure import failure_of
from wheelkeep.server.origin.remote_zip import (
    MOST_DIRECTORY_BYTES,
    MissingRange,
    SparseFile,
    WheelMetadata,
    read_wheel_metadata,
)
from wheelkeep.server.origin.spool import spooled
from wheelkeep.server.origin.upstream import Answer, Upstream

__all__ = ["RemoteMetadata"]

_TAIL_BYTES = (1 << 16) + 1024
_MOST_RANGES = 6
_NO_RANGES = frozenset({HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, HTTPStatus.NOT_IMPLEMENTED})
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+)")


def _metadata_url(url: str) -> str:
    """`url` with `.metadata` after its path; a query (a signature) keeps its place."""
    path, mark, query = url.partition("?")
    return f"{path}.metadata{mark}{query}"


@dataclass(frozen=True, slots=True)
class RemoteMetadata:
    """Reads METADATA of wheels through one origin's access.

    `staging` is where a file is kept for a moment that has to be read whole.
    """

    upstream: Upstream
    notes: UpstreamNotes
    staging: Path

    async def read(self, file: ProjectFile, access: FeedAccess) -> bytes | None:
        """The METADATA of the wheel `file`, or None when the origin has the file no more.

        Raises:
            UpstreamError: the origin failed, or sent something that is no wheel.
            IntegrityError: `hash_mismatch`.
            ResourceError: `disk_full`.
        """
        if file.core_metadata is not False:
            offered = await self._offered(file, access)
            if offered is not None:
                return offered
        try:
            return await self._ranged(file, access)
        except ValueError as problem:
            raise failure_of(
                access, "feed_malformed", f"has a wheel {file.filename} that cannot be read: {problem}",
                hint="upload the wheel to the feed again",
            ) from None  # fmt: skip

    async def _offered(self, file: ProjectFile, access: FeedAccess) -> bytes | None:
        answer = await self.upstream.fetch(
            _metadata_url(file.url),
            access,
            self.notes,
            kind="file",
            limit_bytes=self.upstream.limits.metadata_bytes,
        )
        if answer is None:
            return None
        if isinstance(file.core_metadata, str) and Digest.of(answer.data).hex != file.core_metadata:
            raise IntegrityError(
                f"the metadata of {file.filename} from {access.label} is not what its page announced",
                code="hash_mismatch",
                hint="the feed is damaged or was tampered with; ask who runs it",
                detail={"filename": file.filename, "expected": file.core_metadata},
            )
        return answer.data

    async def _ranged(self, file: ProjectFile, access: FeedAccess) -> bytes | None:
        """METADATA by range requests.

        Raises:
            ValueError: the archive cannot be read.
        """
        tail = f"bytes={max(0, file.size - _TAIL_BYTES)}-" if file.size is not None else f"bytes=-{_TAIL_BYTES}"
        try:
            answer = await self._range(file, access, tail, most_bytes=_TAIL_BYTES)
            return None if answer is None else await self._complete(file, access, answer)
        except UpstreamError as error:
            if error.code == "feed_too_large" or error.detail.get("status") in _NO_RANGES:
                return await self._whole(file, access)
            raise

    async def _complete(self, file: ProjectFile, access: FeedAccess, tail: Answer) -> bytes | None:
        """METADATA, in the tail or in a few further ranges; how long they are is the archive's word, and bounded."""
        start, size = _span(tail)
        sparse = SparseFile(size)
        sparse.add(start, tail.data)
        metadata = WheelMetadata(sparse, most_bytes=self.upstream.limits.metadata_bytes)
        left = MOST_DIRECTORY_BYTES + self.upstream.limits.metadata_bytes + _TAIL_BYTES
        for _ in range(_MOST_RANGES):
            try:
                return await asyncio.to_thread(metadata.read)
            except MissingRange as missing:
                wanted, length = f"bytes={missing.start}-{missing.end - 1}", missing.end - missing.start
            left -= length
            if left < 0:
                break
            more = await self._range(file, access, wanted, most_bytes=length)
            if more is None:
                return None
            start, size = _span(more)
            if size != sparse.size:
                raise ValueError("it changes while it is read")
            sparse.add(start, more.data)
        raise ValueError("its directory is scattered")

    async def _range(self, file: ProjectFile, access: FeedAccess, wanted: str, *, most_bytes: int) -> Answer | None:
        headers = {"Range": wanted, "Accept-Encoding": "identity"}
        return await self.upstream.fetch(
            file.url, access, self.notes, kind="file", headers=headers, limit_bytes=most_bytes
        )

    async def _whole(self, file: ProjectFile, access: FeedAccess) -> bytes | None:
        """METADATA out of the whole file, kept on disk meanwhile: for origins that know no ranges."""
        body = self.upstream.stream(file.url, access, self.notes)
        async with spooled(body, self.staging, filename=file.filename) as received:
            return None if received is None else await asyncio.to_thread(self._read, received.path)

    def _read(self, path: Path) -> bytes:
        with path.open("rb") as stream:
            return read_wheel_metadata(stream, most_bytes=self.upstream.limits.metadata_bytes)


def _span(answer: Answer) -> tuple[int, int]:
    """Where `answer` begins in the file, and the file's size; an answer without a range is the whole file."""
    found = _CONTENT_RANGE.fullmatch(answer.content_range.strip())
    if answer.status != HTTPStatus.PARTIAL_CONTENT or found is None:
        return 0, len(answer.data)
    return int(found[1]), int(found[3])
