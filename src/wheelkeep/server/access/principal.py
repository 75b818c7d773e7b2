"""Who asks: a person or program with a token, a node, or one piece of work with its grant."""

from dataclasses import dataclass
from typing import Literal

from wheelkeep.server.access.roles import Role

__all__ = ["Principal", "WorkPrincipal"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The bearer of a token. `workspace` is the id of the only one it may enter, or None for all."""

    id: str
    name: str
    kind: Literal["user", "node"]
    role: Role
    workspace: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkPrincipal:
    """The bearer of a grant: one leased piece of work of one workspace, read-only towards packages."""

    work: str
    fence: int
    workspace: str
    worker: str

    @property
    def name(self) -> str:
        """How the audit calls it."""
        return f"work:{self.work}"
