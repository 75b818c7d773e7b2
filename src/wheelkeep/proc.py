"""Processes: started in a group of their own, known by pid and start time, ended whole.

A pid alone may have been given to another process; with its start time (Linux, `/proc/PID/stat` field 22) it may not.
"""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ProcessId", "end_group", "identify"]

_START_TIME_FIELD = 19  # field 22 of proc(5), counted after the command's closing parenthesis
_POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class ProcessId:
    """One process, even after its pid has been used again."""

    pid: int
    started: int

    @property
    def alive(self) -> bool:
        """Whether this very process still runs (a zombie does not)."""
        return identify(self.pid) == self

    def __str__(self) -> str:
        return f"{self.pid}@{self.started}"

    @classmethod
    def parse(cls, text: str) -> "ProcessId":
        """The process that `text`, as `str()` writes it, names.

        Raises:
            ValueError: another form.
        """
        pid, _, started = text.strip().partition("@")
        return cls(int(pid), int(started))


def identify(pid: int) -> ProcessId | None:
    """The process that has `pid` now, or None when there is none (or only a zombie)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else ProcessId(pid, int(fields[_START_TIME_FIELD]))


def end_group(process: ProcessId, *, grace_s: float = 5.0) -> None:
    """End the process group that `process` leads: SIGTERM, then SIGKILL after `grace_s` seconds.

    Nothing happens when the leader is gone and its group with it.
    """
    for number, patience_s in ((signal.SIGTERM, grace_s), (signal.SIGKILL, 1.0)):
        now = identify(process.pid)
        if now is not None and now != process:
            return  # the number belongs to another process by now
        if number is signal.SIGTERM and now is None:
            continue
        try:
            os.killpg(process.pid, number)
        except (ProcessLookupError, PermissionError):
            return
        deadline = time.monotonic() + patience_s
        while process.alive and time.monotonic() < deadline:
            time.sleep(_POLL_S)
