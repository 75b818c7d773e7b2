"""Whoever waits for a long effect: it is told of progress, and it may say stop.

Effects (`store`, `environment`, `resolver`) take a `Watch`, so that they know nothing of leases. A lease in hand is
one (`holder.Held`), and `Quiet` is the other, for a caller's own process (`exec.py`).
"""

from typing import Protocol

from wheelkeep.errors import WheelkeepError

__all__ = ["Quiet", "Watch"]


class Watch(Protocol):
    """What an effect asks and tells while it works."""

    def check(self) -> None:
        """Return when the effect may go on.

        Raises:
            CanceledError: somebody asked to stop.
            ConflictError: `lost_lease`, the work is another node's.
        """

    def report(self, done: int, total: int) -> None:
        """Tell how far the present step is."""

    def write(self, stream: str, text: str) -> None:
        """Tell the reader of the log something."""

    def wait_for_server(self, error: WheelkeepError, attempt: int) -> None:
        """Wait a little because the server is away; `attempt` counts from 0.

        Raises:
            WheelkeepError: `error`, when there is no point in waiting longer, or what `check` raises.
        """


class Quiet:
    """A watch for a caller that only waits: it tells nothing and never stops."""

    def check(self) -> None:
        """Go on."""

    def report(self, done: int, total: int) -> None:
        """Nobody reads it."""

    def write(self, stream: str, text: str) -> None:
        """Nobody reads it."""

    def wait_for_server(self, error: WheelkeepError, attempt: int) -> None:  # noqa: ARG002 - the protocol's argument
        """Do not wait: the caller sees at once that the server is away."""
        raise error
