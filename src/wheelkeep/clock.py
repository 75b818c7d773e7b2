"""The time, as a value that is handed in.

Everything that needs the time takes a `Clock`; only entry points pick `SystemClock`.
Leases use the database's clock instead (`server/work`), so that nodes with wrong clocks do no harm.
"""

from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "format_time"]


class Clock(Protocol):
    """Something that knows what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


def format_time(moment: datetime) -> str:
    """`moment` as `yyyy-mm-ddThh:mm:ss.ffffffZ`, the form of PEP 700's `upload-time`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
