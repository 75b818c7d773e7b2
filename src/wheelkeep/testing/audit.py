"""An audit in memory: a full fake of `wheelkeep.server.origin.audit_trail.AuditTrail`."""

from dataclasses import dataclass

__all__ = ["MemoryAudit", "Note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One fact."""

    action: str
    outcome: str
    principal: str
    workspace: str | None
    work: str | None
    connection: str | None
    host: str | None
    path: str | None


class MemoryAudit:
    """Keeps facts in `notes`, in their order."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

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
        """Keep one fact."""
        self.notes.append(
            Note(
                action=action,
                outcome=outcome,
                principal=principal,
                workspace=workspace,
                work=work,
                connection=connection,
                host=host,
                path=path,
            )
        )
