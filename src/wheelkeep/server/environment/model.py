"""One version of an environment as a value."""

from dataclasses import dataclass

from wheelkeep.definition.model import Definition

__all__ = ["EnvironmentVersion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentVersion:
    """A definition with a name and a number; `lock_digest` is there once a build locked it."""

    workspace: str
    name: str
    version: int
    definition: Definition
    definition_digest: str
    lock_digest: str | None
    python: str | None
    platform: str | None
    created_at: str
    created_by: str

    @property
    def label(self) -> str:
        """As people write it: `name:version`."""
        return f"{self.name}:{self.version}"
