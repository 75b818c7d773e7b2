"""The server's side of the lock step. It believes nothing that a node sends.

What the resolver is told comes from the definition; each entry of the lock that it sends back must be a file of the
pages that this build was served (origin and hash), each file is fetched once and verified, and only then is the lock
sealed. Every step can be asked for again: kill -9 of either side leaves a state that the next word understands.
"""

import asyncio
from collections.abc import Callable

import msgspec
from packaging.utils import NormalizedName, canonicalize_name
from sqlalchemy import Connection

from wheelkeep.clock import Clock, format_time
from wheelkeep.definition.resolution import ResolutionPlan, plan_resolution
from wheelkeep.digest import Digest
from wheelkeep.errors import ConflictError, IntegrityError, NotFoundError
from wheelkeep.lock.choice import choose_wheel
from wheelkeep.lock.pylock import ProposedFile, ProposedPackage, parse_pylock
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.build.proposal import Entry, HeldEntry, Proposal, proposal_view, sealed
from wheelkeep.server.db.engine import Database
from wheelkeep.server.environment.locks import attach_lock, read_lock
from wheelkeep.server.environment.model import EnvironmentVersion
from wheelkeep.server.gateway.check_lock import check_entry
from wheelkeep.server.gateway.sessions import Gateways
from wheelkeep.server.work import lease, queue
from wheelkeep.server.work.journal import read_step, read_steps
from wheelkeep.server.work.log import append
from wheelkeep.wire.lock import lock_view
from wheelkeep.wire.work import HoldView, LockBody, LockView, ResolutionView

__all__ = ["Locking"]

_PROPOSAL = "server:proposal"
_HELD = "server:held:"
_TOLD = "server:told"


class Locking:
    """Locks environments' versions, for the nodes that lease their builds.

    Args:
        database: rows.
        clock: for the times in them.
        builds: which version a build makes.
        gateways: the pages that each build was served.
        public_url: this server's address, for the URLs of workspace wheels.
        workspace_name: from a workspace's id to its name.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        builds: BuildBook,
        *,
        gateways: Gateways,
        public_url: str,
        workspace_name: Callable[[str], str],
    ) -> None:
        self._database = database
        self._clock = clock
        self._builds = builds
        self._gateways = gateways
        self._public_url = public_url
        self._workspace_name = workspace_name

    def resolution(self, work_id: str, fence: int) -> ResolutionView:
        """What the node tells its resolver. What the definition loses on the way stands in the build's log, once.

        Raises:
            ConflictError: `lost_lease`.
            RequestError: `unsupported`.
        """
        with self._database.write() as connection:
            lease.check_held(connection, work_id, fence)
            environment = self._environment(connection, work_id)
            plan = self._plan(environment)
            self._tell(connection, work_id, fence, plan)
        name = self._workspace_name(environment.workspace)
        return ResolutionView(
            index_url=f"{self._public_url}/w/{name}/builds/{work_id}/simple/",
            requirements=list(plan.requirements),
            constraints=list(plan.constraints),
            python=plan.python,
            prerelease=plan.prerelease,
            only_binary=list(plan.only_binary),
            no_binary=list(plan.no_binary),
        )

    async def propose(self, work_id: str, body: LockBody) -> LockView:
        """The files of the lock that the node's resolver wrote, each checked against this build's pages.

        Raises:
            ConflictError: `lost_lease`.
            RequestError: `invalid_lock`.
            ResolutionError: `source_only`, `wrong_platform`.
            IntegrityError: `lock_mismatch`: a file that this build was not offered.
        """
        environment = await asyncio.to_thread(self._held, work_id, body.fence)
        plan = self._plan(environment)
        packages = await asyncio.to_thread(parse_pylock, body.pylock)
        entries = await asyncio.gather(*(self._check(work_id, plan, package, body.tags) for package in packages))
        proposal = Proposal(python=body.python, platform=body.platform, entries=list(entries))
        await asyncio.to_thread(self._record, work_id, body.fence, _PROPOSAL, proposal)
        return proposal_view(proposal)

    async def hold(self, work_id: str, fence: int, filename: str) -> HoldView:
        """The file, held: fetched once, verified, kept for the workspace.

        Raises:
            ConflictError: `lost_lease`, or `conflict`: nothing was proposed yet.
            NotFoundError: `unknown_file`: the proposal does not name it.
            UpstreamError: its origin failed.
            IntegrityError: `hash_mismatch`: with what its index says, or with every `--hash` of the definition.
            ResourceError: `disk_full`.
        """
        environment, proposal, held = await asyncio.to_thread(self._progress, work_id, fence)
        entry = proposal.entry(filename)
        if entry is None:
            raise NotFoundError("the lock names no such file", code="unknown_file")
        known = held.get(filename)
        if known is None:
            session = await self._gateways.session(work_id)
            expected = None if entry.sha256 is None else Digest(entry.sha256)
            kept = await session.hold(NormalizedName(entry.project), filename, expected=expected)
            _check_allowed(self._plan(environment), entry.project, filename, kept.digest.hex)
            known = HeldEntry(sha256=kept.digest.hex, size=kept.size)
            await asyncio.to_thread(self._record, work_id, fence, _HELD + filename, known)
        return HoldView(filename=filename, sha256=known.sha256, size=known.size)

    def seal(self, work_id: str, fence: int) -> LockView:
        """The finished lock, stored and given to the version.

        Raises:
            ConflictError: `lost_lease`, or `conflict`: a file is not held yet.
        """
        _, proposal, held = self._progress(work_id, fence)
        try:
            lock = sealed(proposal, held)
        except KeyError:
            raise ConflictError("a file of the lock is not held yet", hint="hold every file, then seal") from None
        with self._database.write() as connection:
            lease.check_held(connection, work_id, fence)
            environment = self._environment(connection, work_id)
            at = format_time(self._clock.now())
            digest = attach_lock(connection, environment.workspace, environment.name, environment.version, lock, at=at)
            return lock_view(read_lock(connection, environment.workspace, digest))

    def lock_of(self, workspace: str, digest: str) -> LockView:
        """A sealed lock of the workspace.

        Raises:
            NotFoundError: `environment_not_built`.
        """
        with self._database.read() as connection:
            return lock_view(read_lock(connection, workspace, digest))

    def lock_of_build(self, work_id: str) -> LockView:
        """The sealed lock of the version that the build makes.

        Raises:
            NotFoundError: `environment_not_built`.
        """
        with self._database.read() as connection:
            environment = self._environment(connection, work_id)
        if environment.lock_digest is None:
            raise NotFoundError(f"{environment.label} has no lock yet", code="environment_not_built")
        return self.lock_of(environment.workspace, environment.lock_digest)

    # inside

    def _plan(self, environment: EnvironmentVersion) -> ResolutionPlan:
        return plan_resolution(environment.definition, base_url=self._public_url)

    def _environment(self, connection: Connection, work_id: str) -> EnvironmentVersion:
        work = queue.find(connection, work_id)
        if work is None or work.kind != "build":
            raise NotFoundError("there is no such build", code="unknown_build")
        return self._builds.environment_of(connection, work)

    def _held(self, work_id: str, fence: int) -> EnvironmentVersion:
        with self._database.write() as connection:
            lease.check_held(connection, work_id, fence)
            return self._environment(connection, work_id)

    def _record(self, work_id: str, fence: int, name: str, value: msgspec.Struct) -> None:
        with self._database.write() as connection:
            lease.record_step(connection, work_id, fence, name=name, output=msgspec.json.encode(value))

    def _tell(self, connection: Connection, work_id: str, fence: int, plan: ResolutionPlan) -> None:
        """Tell in the build's log what the resolver is not told; a node that asks again adds nothing."""
        if read_step(connection, work_id, _TOLD) is not None:
            return
        lease.record_step(connection, work_id, fence, name=_TOLD, output=b"{}")
        provided = ", ".join(plan.provided)
        lines = (*plan.notes, *((f"left out, because runs provide what they did: {provided}",) if provided else ()))
        if lines:
            text = "".join(f"{line}\n" for line in lines)
            append(connection, work_id, stream="build", text=text, at=format_time(self._clock.now()))

    def _progress(self, work_id: str, fence: int) -> tuple[EnvironmentVersion, Proposal, dict[str, HeldEntry]]:
        with self._database.write() as connection:
            lease.check_held(connection, work_id, fence)
            environment = self._environment(connection, work_id)
            proposed = read_step(connection, work_id, _PROPOSAL)
            steps = read_steps(connection, work_id)
        if proposed is None:
            raise ConflictError("the node has sent no lock yet", hint="resolve first")
        held = {
            name.removeprefix(_HELD): msgspec.json.decode(output, type=HeldEntry)
            for name, output in steps.items()
            if name.startswith(_HELD)
        }
        return environment, msgspec.json.decode(proposed, type=Proposal), held

    async def _check(self, work_id: str, plan: ResolutionPlan, package: ProposedPackage, tags: list[str]) -> Entry:
        chosen = choose_wheel(package, tags)
        session = await self._gateways.session(work_id)
        offered = await check_entry(session, canonicalize_name(package.project), chosen.filename, sha256=chosen.sha256)
        sha256 = offered.file.sha256 or chosen.sha256
        if sha256 is not None:
            _check_allowed(plan, package.project, chosen.filename, sha256)
        return Entry(
            project=package.project,
            version=package.version or "",
            filename=chosen.filename,
            origin=offered.origin.label,
            sha256=sha256,
            size=offered.file.size,
            url=None,
            direct_url=_direct_url(plan, package, chosen, self._public_url),
            requires_python=offered.file.requires_python,
            marker=package.marker,
        )


def _check_allowed(plan: ResolutionPlan, project: str, filename: str, sha256: str) -> None:
    """Nothing, when the definition's `--hash` values let the file into the lock.

    Raises:
        IntegrityError: `hash_mismatch`.
    """
    if not plan.allows(project, sha256):
        raise IntegrityError(
            f"{filename} is none of the files that the definition's --hash values allow",
            code="hash_mismatch",
            hint="the index serves another file than the definition pins; check which one is right",
        )


def _direct_url(plan: ResolutionPlan, package: ProposedPackage, chosen: ProposedFile, public_url: str) -> str | None:
    """The stable URL that the definition named the wheel by, or None when it named it by name.

    Raises:
        IntegrityError: `lock_mismatch`: the lock names a file by URL that the definition does not.
    """
    if not package.direct:
        return None
    for wheel in plan.workspace_wheels:
        if (wheel.filename, wheel.sha256) == (chosen.filename, chosen.sha256):
            return wheel.url(public_url)
    raise IntegrityError(
        f"the lock names {chosen.filename} by a URL that the definition does not name",
        code="lock_mismatch",
        hint="the node's resolver or its answer was tampered with; look at that node",
    )
