"""The workspace's wheels: added, listed, yanked, deleted.

The rule of a name (contract §3.1): same name and same members is the same wheel at the same URL, always; other content
is refused, also after deletion. "Same" is judged by content, so a rebuild that differs in zip times is welcome.
Blob first, then row: kill -9 at any moment leaves at most an object that no row names, never a row without its bytes.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.utils import NormalizedName
from sqlalchemy.exc import IntegrityError as DuplicateRow

from wheelkeep.clock import Clock, format_time
from wheelkeep.digest import Digest
from wheelkeep.errors import ConflictError, NotFoundError, WheelError
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.db.engine import Database
from wheelkeep.server.store import rows
from wheelkeep.server.store.wheel import LockUses, Wheel
from wheelkeep.wheel.check import CheckedWheel, check_wheel

__all__ = ["AddedWheel", "WheelStore"]


@dataclass(frozen=True, slots=True)
class AddedWheel:
    """What an upload came to: the wheel, and whether this upload made (or restored) it."""

    wheel: Wheel
    created: bool


class WheelStore:
    """The wheels of every workspace of this server.

    Args:
        database: rows.
        blobs: bytes.
        clock: for `uploaded_at` and `deleted_at`.
    """

    def __init__(self, database: Database, blobs: Blobs, clock: Clock) -> None:
        self._database = database
        self._blobs = blobs
        self._clock = clock
        self._watchers: list[Callable[[str, NormalizedName], None]] = []

    def watch(self, watcher: Callable[[str, NormalizedName], None]) -> None:
        """Have `watcher` told (workspace id, project) after each change that this process makes."""
        self._watchers.append(watcher)

    async def add(
        self, workspace_id: str, path: Path, filename: str, *, uploader: str, expected_sha256: Digest | None = None
    ) -> AddedWheel:
        """Check the file at `path` and keep it as `filename`.

        Args:
            workspace_id: the workspace's id.
            path: a local file, best in `blobs.staging`; it may be taken, the caller removes what is left.
            filename: the name it came under.
            uploader: the principal's name, for the record.
            expected_sha256: what the sender announced.

        Returns:
            The kept wheel: the old one, at its old URL, when the same content is there already.

        Raises:
            WheelError: the file is no wheel that may be kept.
            ConflictError: `wheel_exists`: the name has, or had, other content.
            ResourceError: `disk_full`.
        """
        checked = await asyncio.to_thread(check_wheel, path, filename)
        if expected_sha256 is not None and expected_sha256 != checked.digest:
            raise WheelError(
                f"{checked.digest} arrived, {expected_sha256} was announced",
                code="upload_digest_mismatch",
                hint="the transfer was damaged; send it again",
            )
        known = await asyncio.to_thread(self._find_same, workspace_id, checked)
        lost = known is not None and await self._blobs.size(known.digest) is None
        if known is not None and known.deleted_at is None and not lost:
            return AddedWheel(known, created=False)
        await self._blobs.put_file(path, checked.digest)
        metadata_digest = await self._blobs.put_bytes(checked.metadata)
        added = await asyncio.to_thread(
            self._record, workspace_id, checked, metadata_digest=metadata_digest, by=uploader, adopt=lost
        )
        self._tell(workspace_id, checked.project)
        return added

    async def list(self, workspace_id: str, *, project: NormalizedName | None = None) -> tuple[Wheel, ...]:
        """The workspace's wheels, of one project or all, oldest first; deleted ones are not among them."""
        return await asyncio.to_thread(self._list, workspace_id, project)

    async def list_projects(self, workspace_id: str) -> tuple[NormalizedName, ...]:
        """The names of the workspace's projects, sorted."""
        return await asyncio.to_thread(self._list_projects, workspace_id)

    async def get(self, workspace_id: str, filename: str) -> Wheel:
        """The wheel of that file name.

        Raises:
            NotFoundError: `unknown_wheel`.
        """
        return await asyncio.to_thread(self._get, workspace_id, filename)

    async def used_by(self, workspace_id: str, wheel: Wheel, *, uses: LockUses) -> tuple[str, ...]:
        """The environments whose locks name `wheel`, sorted."""
        return await asyncio.to_thread(self._used_by, workspace_id, wheel, uses)

    async def yank(self, workspace_id: str, filename: str, *, yanked: bool = True, reason: str = "") -> Wheel:
        """Yank the wheel (PEP 592: resolvers pass it by unless it is pinned), or take it back.

        Raises:
            NotFoundError: `unknown_wheel`.
        """
        wheel = await asyncio.to_thread(self._yank, workspace_id, filename, yanked=yanked, reason=reason)
        self._tell(workspace_id, wheel.project)
        return wheel

    async def delete(self, workspace_id: str, filename: str, *, uses: LockUses, force: bool = False) -> Wheel:
        """Take the wheel out of the index; its name stays taken, and a lock's held copy stays.

        Raises:
            NotFoundError: `unknown_wheel`.
            ConflictError: `wheel_in_use`, naming the environments, unless `force`.
        """
        wheel = await asyncio.to_thread(self._delete, workspace_id, filename, uses=uses, force=force)
        self._tell(workspace_id, wheel.project)
        return wheel

    def _tell(self, workspace_id: str, project: NormalizedName) -> None:
        for watcher in self._watchers:
            watcher(workspace_id, project)

    def _find_same(self, workspace_id: str, checked: CheckedWheel) -> Wheel | None:
        with self._database.read() as connection:
            known = rows.find_wheel_by_identity(connection, workspace_id, checked.identity)
        if known is not None:
            _check_same(known, checked)
        return known

    def _record(
        self, workspace_id: str, checked: CheckedWheel, *, metadata_digest: Digest, by: str, adopt: bool
    ) -> AddedWheel:
        """Write the row; `adopt`: the bytes of the wheel that is there are lost, these take their place."""
        try:
            return self._write(workspace_id, checked, metadata_digest=metadata_digest, by=by, adopt=adopt)
        except DuplicateRow:  # on PostgreSQL another server inserted between our look and our insert: look again
            return self._write(workspace_id, checked, metadata_digest=metadata_digest, by=by, adopt=adopt)

    def _write(
        self, workspace_id: str, checked: CheckedWheel, *, metadata_digest: Digest, by: str, adopt: bool
    ) -> AddedWheel:
        at = format_time(self._clock.now())
        with self._database.write() as connection:
            known = rows.find_wheel_by_identity(connection, workspace_id, checked.identity)
            if known is None:
                made = rows.insert_wheel(
                    connection, workspace_id, checked, metadata_digest=metadata_digest, at=at, by=by
                )
                return AddedWheel(made, created=True)
            _check_same(known, checked)
            if known.deleted_at is None and not adopt:
                return AddedWheel(known, created=False)
            back = replace(known, deleted_at=None)
            if adopt:
                back = replace(back, digest=checked.digest, size=checked.size)
            rows.restore_wheel(connection, back)
            return AddedWheel(back, created=known.deleted_at is not None)

    def _list(self, workspace_id: str, project: NormalizedName | None) -> tuple[Wheel, ...]:
        with self._database.read() as connection:
            return tuple(rows.list_wheels(connection, workspace_id, project=project))

    def _list_projects(self, workspace_id: str) -> tuple[NormalizedName, ...]:
        with self._database.read() as connection:
            return tuple(rows.list_projects(connection, workspace_id))

    def _get(self, workspace_id: str, filename: str) -> Wheel:
        with self._database.read() as connection:
            return _known(rows.find_wheel(connection, workspace_id, filename), filename)

    def _used_by(self, workspace_id: str, wheel: Wheel, uses: LockUses) -> tuple[str, ...]:
        with self._database.read() as connection:
            return tuple(sorted(uses.environments_naming(connection, workspace_id, wheel.digest.hex)))

    def _yank(self, workspace_id: str, filename: str, *, yanked: bool, reason: str) -> Wheel:
        with self._database.write() as connection:
            wheel = _known(rows.find_wheel(connection, workspace_id, filename), filename)
            rows.set_yanked(connection, wheel, yanked=yanked, reason=reason)
        return replace(wheel, yanked=yanked, yanked_reason=reason if yanked else "")

    def _delete(self, workspace_id: str, filename: str, *, uses: LockUses, force: bool) -> Wheel:
        at = format_time(self._clock.now())
        with self._database.write() as connection:
            wheel = _known(rows.find_wheel(connection, workspace_id, filename), filename)
            names = sorted(uses.environments_naming(connection, workspace_id, wheel.digest.hex))
            if names and not force:
                raise ConflictError(
                    f"the wheel {filename} is named by the locks of {', '.join(names)}",
                    code="wheel_in_use",
                    hint="yank it instead, or delete those environments first, or force it: locks keep their copy",
                    detail={"environments": ", ".join(names)},
                )
            rows.set_deleted(connection, wheel, at=at)
        return replace(wheel, deleted_at=at)


def _known(wheel: Wheel | None, filename: str) -> Wheel:
    if wheel is None:
        raise NotFoundError(
            f"there is no wheel {filename[:200]!r} in the workspace",
            code="unknown_wheel",
            hint="`wheelkeep wheel list` shows what is there",
        )
    return wheel


def _check_same(known: Wheel, checked: CheckedWheel) -> None:
    """Refuse other content under a taken name.

    Raises:
        ConflictError: `wheel_exists`.
    """
    if known.content_digest == checked.content_digest:
        return
    state = "was deleted, and its name stays taken" if known.deleted_at else "is kept"
    separator = "." if "+" in checked.version else "+"
    raise ConflictError(
        f"{known.filename} has other content: {known.digest} {state}, {checked.digest} was sent",
        code="wheel_exists",
        hint=f"raise the version, or mark a private change as {checked.version}{separator}local1",
        detail={"kept": str(known.digest), "sent": str(checked.digest), "deleted": known.deleted_at is not None},
    )
