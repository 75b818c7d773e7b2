"""How long the server waits for an origin, and how much it takes from it."""

from dataclasses import dataclass

__all__ = ["Limits"]

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long and how much. A file has no total time: a slow line must not cap a long transfer, an idle one does."""

    connect_s: float = 10.0
    idle_s: float = 30.0
    page_s: float = 60.0
    page_bytes: int = 64 * _MIB
    metadata_bytes: int = 8 * _MIB
    file_bytes: int = 16 * 1024 * _MIB
