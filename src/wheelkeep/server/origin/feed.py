"""One package index outside, as an `Origin`: its pages read, its wheels' metadata read, its files streamed."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from packaging.utils import NormalizedName

from wheelkeep.secret import SafeUrl
from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.audit_trail import UpstreamNotes
from wheelkeep.server.origin.failure import failure_of
from wheelkeep.server.origin.page_parser import ACCEPT, parse_page
from wheelkeep.server.origin.remote_metadata import RemoteMetadata
from wheelkeep.server.origin.upstream import Body, Upstream

__all__ = ["FeedIndex"]

_LARGE_PAGE_BYTES = 1 << 17
"""From here on a page is parsed in a thread, so that other requests do not wait for it."""


class FeedIndex:
    """The simple index at one URL.

    Args:
        url: the index's URL, bare, with or without the last slash.
        access: the credential and the name it goes by.
        upstream: the door out.
        notes: where the use of a credential is noted.
        staging: a folder for a file that has to be read whole for its METADATA.
        label: what its pages say as their origin; made from the access when not given.
        access_for: the access for a file on another origin than the feed's, where another connection may match it;
            anonymous when not given. Given only to a feed that somebody with the right to set connections trusts: an
            open index could list any address under a connection's target, and have us ask it with that credential.
    """

    def __init__(
        self,
        url: str,
        access: FeedAccess,
        *,
        upstream: Upstream,
        notes: UpstreamNotes,
        staging: Path,
        label: str | None = None,
        access_for: Callable[[str], FeedAccess] = FeedAccess.anonymous,
    ) -> None:
        self._url = url.rstrip("/")
        self._access = access
        self._upstream = upstream
        self._notes = notes
        self._label = label or (f"connection:{access.connection}" if access.connection else f"index:{access.url}")
        self._access_for = access_for
        self._metadata = RemoteMetadata(upstream, notes, staging)

    @property
    def label(self) -> str:
        """What its pages say as their origin."""
        return self._label

    @property
    def is_private(self) -> bool:
        """Whether it is reached through a connection."""
        return self._access.connection is not None

    @property
    def access(self) -> FeedAccess:
        """How it is asked."""
        return self._access

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """What the feed offers under `project`, or None when it says that it does not have the name.

        Raises:
            UpstreamError: the feed cannot say.
            DeniedError: `origin_forbidden`.
        """
        answer = await self._upstream.fetch(
            f"{self._url}/{project}/", self._access, self._notes, kind="page", headers={"Accept": ACCEPT}
        )
        if answer is None:
            return None
        parse = parse_page if len(answer.data) < _LARGE_PAGE_BYTES else _parse_in_thread
        try:
            parsed = parse(
                answer.data, project=project, url=answer.url, content_type=answer.content_type, origin=self._label
            )
            return parsed if isinstance(parsed, ProjectPage) else await parsed
        except ValueError as problem:
            raise failure_of(
                self._access,
                "feed_malformed",
                f"sent no index page for {project}: {problem}",
                hint="is the URL that of a simple index (often ending in /simple/)?",
            ) from None

    def _access_to(self, file: ProjectFile) -> FeedAccess:
        """How to ask for `file`: on the feed's own origin as for the feed, under whichever path (Azure: GUIDs)."""
        if SafeUrl.parse(file.url).origin == self._access.scope:
            return self._access
        return self._access_for(file.url)

    async def metadata(self, file: ProjectFile) -> bytes | None:
        """The METADATA of the wheel `file`; None when the feed has it no more.

        Raises:
            UpstreamError: the feed cannot say.
            IntegrityError: `hash_mismatch`.
            DeniedError: `origin_forbidden`.
        """
        return await self._metadata.read(file, self._access_to(file))

    def open_file(self, file: ProjectFile) -> AbstractAsyncContextManager[Body | None]:
        """The bytes of `file` as they come, unverified; None when it is not there.

        Raises:
            UpstreamError: the feed failed, now or in the middle.
            DeniedError: `origin_forbidden`.
        """
        return self._upstream.stream(file.url, self._access_to(file), self._notes)


async def _parse_in_thread(
    data: bytes, *, project: NormalizedName, url: SafeUrl, content_type: str, origin: str
) -> ProjectPage:
    return await asyncio.to_thread(parse_page, data, project=project, url=url, content_type=content_type, origin=origin)
