"""When somebody last wanted something of this server: an embedded one leaves after some idle minutes."""

import time

__all__ = ["Presence"]


class Presence:
    """When somebody last wanted something. Long polls of idle workers do not count."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def note(self) -> None:
        """Somebody wants something now."""
        self._last = time.monotonic()

    @property
    def idle_s(self) -> float:
        """Seconds since then."""
        return time.monotonic() - self._last
