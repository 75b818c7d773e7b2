"""The gateway of one build: what it was shown, what it may take, and what went wrong while it asked.

Every later word about a file (metadata, bytes, the lock) is checked against the pages that this build was shown: the
decision about a name is made once and kept for the build, so that page, metadata and file cannot come from different
origins.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    NormalizedName,
    parse_sdist_filename,
    parse_wheel_filename,
)

from wheelkeep.clock import Clock, format_time
from wheelkeep.digest import Digest
from wheelkeep.errors import (
    ConflictError,
    DeniedError,
    IntegrityError,
    NotFoundError,
    RequestError,
    UpstreamError,
    WheelkeepError,
)
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.db.engine import Database
from wheelkeep.server.gateway.budget import Budget
from wheelkeep.server.gateway.keeper import Keeper, Kept
from wheelkeep.server.gateway.linked import link_page
from wheelkeep.server.gateway.merged import Decided, MergedIndex
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.shared_calls import SharedCalls
from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.origin.protocol import Origin
from wheelkeep.server.origin.public import PUBLIC_ORIGIN
from wheelkeep.server.store.held import note_held
from wheelkeep.server.store.workspace_index import WORKSPACE_ORIGIN

__all__ = ["BuildGateway", "Incident", "Offered"]

_MOST_INCIDENTS = 1000
"""The first explains the build; of more, a build makes no use."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that went wrong while this build asked for `project`; it explains a failed resolve."""

    project: NormalizedName
    error: WheelkeepError


@dataclass(frozen=True, slots=True)
class Offered:
    """A file as this build was offered it, and the origin that offered it."""

    file: ProjectFile
    origin: Origin


class BuildGateway:
    """One build's pages, metadata and files.

    Args:
        order: whose build it is.
        index: decides from where a name comes.
        keeper: fetches files.
        blobs: for what is kept already.
        database: for the rows of held files.
        clock: for their times.
        budget: how much it may make the server remember; the usual when not given.
    """

    def __init__(
        self,
        order: BuildOrder,
        index: MergedIndex,
        *,
        keeper: Keeper,
        blobs: Blobs,
        database: Database,
        clock: Clock,
        budget: Budget | None = None,
    ) -> None:
        self.order = order
        self._index = index
        self._keeper = keeper
        self._blobs = blobs
        self._database = database
        self._clock = clock
        self._budget = budget or Budget()
        self._decided: SharedCalls[NormalizedName, Decided | None] = SharedCalls(remember=True)
        self._metadata: SharedCalls[tuple[NormalizedName, str], bytes | None] = SharedCalls(remember=True)
        self._incidents: dict[NormalizedName, Incident] = {}

    @property
    def incidents(self) -> tuple[Incident, ...]:
        """What went wrong and was not put right since, in the order in which it happened."""
        return tuple(self._incidents.values())

    def explain(self) -> WheelkeepError | None:
        """The first incident's error: the cause to tell when the build's resolver failed, or None."""
        return next((incident.error for incident in self._incidents.values()), None)

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """The page to serve: links relative to `/w/<workspace>/builds/<work>/simple/<project>/`; None: no such name.

        Raises:
            UpstreamError: the origin of the name cannot say; nothing else is served in its place.
        """
        decided = await self.find(project)
        if decided is None:
            return None
        if decided.page.origin == WORKSPACE_ORIGIN:
            return link_page(decided.page, lambda file, name: f"../../../../files/{file.sha256}/{name}")
        return link_page(decided.page, lambda _, name: f"../../files/{project}/{name}")

    async def find(self, project: NormalizedName) -> Decided | None:
        """The origin's own page of `project` and the origin, decided once for this build.

        Raises:
            UpstreamError: the origin of the name cannot say; asked again, it may. Or the build's budget is spent.
        """
        with self._noting(project):
            return await self._decided.get(project, lambda: self._decide(project))

    async def _decide(self, project: NormalizedName) -> Decided | None:
        self._budget.check()
        decided = await self._index.find(project)
        self._budget.take_page(None if decided is None else decided.page)
        return decided

    async def offered(self, project: NormalizedName, filename: str) -> Offered:
        """The file `filename` of `project`, as this build was offered it.

        Raises:
            NotFoundError: `unknown_file`: it was not.
            UpstreamError: the origin of the name cannot say.
        """
        decided = await self.find(project)
        file = None if decided is None else decided.page.file(filename)
        if decided is None or file is None:
            raise NotFoundError(f"no origin of this build offers {filename[:200]}", code="unknown_file")
        return Offered(file, decided.origin)

    async def metadata(self, project: NormalizedName, filename: str) -> bytes:
        """The METADATA of a wheel that this build was offered, read once.

        Raises:
            NotFoundError: `unknown_file`.
            UpstreamError: its origin failed.
            IntegrityError: `hash_mismatch`.
        """
        offered = await self.offered(project, filename)
        with self._noting(project):
            found = await self._metadata.get((project, filename), lambda: self._read_metadata(offered))
        if found is None:
            raise NotFoundError(f"{filename} has no metadata", code="unknown_file")
        return found

    async def _read_metadata(self, offered: Offered) -> bytes | None:
        self._budget.check()
        found = await offered.origin.metadata(offered.file)
        self._budget.take(len(found or b""))
        return found

    async def fetch(self, project: NormalizedName, filename: str) -> Kept:
        """The file, verified and among the blobs, for a client that wants its bytes.

        Raises:
            NotFoundError: `unknown_file`.
            UpstreamError: its origin failed.
            IntegrityError: `hash_mismatch`.
            ResourceError: `disk_full`.
        """
        offered = await self.offered(project, filename)
        with self._noting(project):
            return await self._present(offered) or await self._keeper.keep(
                self.order.workspace, offered.origin, offered.file
            )

    async def hold(self, project: NormalizedName, filename: str, *, expected: Digest | None) -> Kept:
        """The file, verified and held by the workspace from now on.

        Args:
            project: normalised.
            filename: as the page says.
            expected: what the lock says; None when it does not know.

        Raises:
            NotFoundError: `unknown_file`.
            UpstreamError: its origin failed.
            IntegrityError: `hash_mismatch`.
            ResourceError: `disk_full`.
        """
        offered = await self.offered(project, filename)
        kept = await self.fetch(project, filename)
        if expected is not None and expected != kept.digest:
            raise IntegrityError(
                f"{filename} from {offered.origin.label} has {kept.digest}, the lock says {expected}",
                code="hash_mismatch",
                hint="the origin changed the file after it was locked; build again",
                detail={"filename": filename},
            )
        await asyncio.to_thread(self._note_held, offered, kept, project)
        return kept

    async def close(self) -> None:
        """End what goes on."""
        await self._decided.close()
        await self._metadata.close()

    async def _present(self, offered: Offered) -> Kept | None:
        """The file among the blobs already, where having its hash is proof enough of the right to it.

        A private feed's page could name any hash, another workspace's too: its bytes are always fetched.
        """
        if offered.file.sha256 is None or offered.origin.label not in {WORKSPACE_ORIGIN, PUBLIC_ORIGIN}:
            return None
        digest = Digest(offered.file.sha256)
        size = await self._blobs.size(digest)
        return None if size is None else Kept(digest, size)

    def _note_held(self, offered: Offered, kept: Kept, project: NormalizedName) -> None:
        with self._database.write() as connection:
            note_held(
                connection,
                workspace=self.order.workspace,
                sha256=kept.digest.hex,
                filename=offered.file.filename,
                size=kept.size,
                origin=offered.origin.label,
                project=project,
                version=_version(offered.file.filename),
                held_at=format_time(self._clock.now()),
            )

    @contextmanager
    def _noting(self, project: NormalizedName) -> Iterator[None]:
        """Remember the error that passes as this project's incident; forget it when all goes well."""
        try:
            yield
        except (UpstreamError, IntegrityError, DeniedError, RequestError, ConflictError) as error:
            if len(self._incidents) < _MOST_INCIDENTS:
                self._incidents.setdefault(project, Incident(project, error))
            raise
        self._incidents.pop(project, None)


def _version(filename: str) -> str:
    try:
        if filename.endswith(".whl"):
            return str(parse_wheel_filename(filename)[1])
        return str(parse_sdist_filename(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""
