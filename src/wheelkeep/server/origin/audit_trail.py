"""Who is told that a credential was used. `access/audit.py` keeps such rows; `testing/audit.py` has a fake."""

from dataclasses import dataclass
from typing import Protocol

from wheelkeep.secret import SafeUrl

__all__ = ["AuditTrail", "UpstreamNotes"]


class AuditTrail(Protocol):
    """Something that keeps facts, append-only. Synchronous: called in a thread."""

    def note(
        self,
        action: str,
        outcome: str,
        *,
        principal: str,
        workspace: str | None = None,
        work: str | None = None,
        connection: str | None = None,
        host: str | None = None,
        path: str | None = None,
    ) -> None:
        """Keep one fact; nothing in it is a secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamNotes:
    """The audit of one build's (or one workspace's) upstream requests: who and for what is fixed here."""

    trail: AuditTrail
    principal: str
    workspace: str | None = None
    work: str | None = None

    def note(self, connection: str, url: SafeUrl, outcome: str) -> None:
        """Note that `connection` was used for a GET of `url`, with that outcome (a status, or an error's code)."""
        self.trail.note(
            "fetch",
            outcome,
            principal=self.principal,
            workspace=self.workspace,
            work=self.work,
            connection=connection,
            host=url.netloc,
            path=url.path,
        )
