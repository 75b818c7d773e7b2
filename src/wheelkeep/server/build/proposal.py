"""What a node proposed and the server checked, until it is sealed: kept in the step journal, so that it survives both.

Pure values and their JSON; `locking.py` makes and reads them.
"""

import msgspec

from wheelkeep.lock.model import Lock, LockedFile
from wheelkeep.wire.work import FileNote, LockView

__all__ = ["Entry", "HeldEntry", "Proposal", "proposal_view", "sealed"]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One checked file: origin and hash are those of the pages that this build was served."""

    project: str
    version: str
    filename: str
    origin: str
    sha256: str | None
    size: int | None
    url: str | None
    direct_url: str | None
    requires_python: str | None
    marker: str | None


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A checked lock whose files need not be held yet."""

    python: str
    platform: str
    entries: list[Entry]

    def entry(self, filename: str) -> Entry | None:
        """The entry of that file name, or None."""
        return next((one for one in self.entries if one.filename == filename), None)


class HeldEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What holding a file found out."""

    sha256: str
    size: int


def sealed(proposal: Proposal, held: dict[str, HeldEntry]) -> Lock:
    """The lock of `proposal` once every file is held.

    Raises:
        KeyError: a file is not held yet.
    """
    return Lock(
        python=proposal.python,
        platform=proposal.platform,
        files=tuple(
            LockedFile(
                project=entry.project,
                version=entry.version,
                filename=entry.filename,
                sha256=held[entry.filename].sha256,
                size=held[entry.filename].size,
                origin=entry.origin,
                url=entry.url,
                direct_url=entry.direct_url,
                requires_python=entry.requires_python,
                marker=entry.marker,
            )
            for entry in proposal.entries
        ),
    )


def proposal_view(proposal: Proposal) -> LockView:
    """The proposal as its node sees it."""
    files = [
        FileNote(
            project=entry.project,
            version=entry.version,
            filename=entry.filename,
            origin=entry.origin,
            sha256=entry.sha256,
            size=entry.size,
            direct_url=entry.direct_url,
        )
        for entry in proposal.entries
    ]
    return LockView(digest=None, python=proposal.python, platform=proposal.platform, files=files)
