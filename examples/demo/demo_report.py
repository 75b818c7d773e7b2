"""What the demo says: steps with their times, the table of origins, what to try next."""

import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from wheelkeep.lock.model import Lock

_MIB = 1 << 20


class Steps:
    """The steps of the story, each told as it begins and timed."""

    def __init__(self) -> None:
        self.times: list[tuple[str, float]] = []
        self._began = time.monotonic()

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Tell `what` and time what happens inside."""
        print(f"\n{len(self.times) + 1}. {what}", flush=True)
        began = time.monotonic()
        yield
        self.times.append((what, time.monotonic() - began))

    def show(self) -> None:
        """Print the times."""
        print("\ntimes")
        for what, spent_s in self.times:
            print(f"   {spent_s:6.2f} s  {what}")
        print(f"   {time.monotonic() - self._began:6.2f} s  in all")


def show_origins(lock: Lock) -> None:
    """Print which file came from where, as the lock says."""
    width = max(len(f"{file.project} {file.version}") for file in lock.files)
    for file in lock.files:
        label = f"{file.project} {file.version}"
        print(f"   {label:{width}}  {file.size / _MIB:6.2f} MiB  sha256:{file.sha256[:12]}  {file.origin}")
    print(f"   lock {lock.digest}")


def show_next(root: Path, places: Mapping[str, Path]) -> None:
    """Print what to try next, and write the settings for it into a file."""
    settings = root / "settings.sh"
    lines = [f"export {name}={shlex.quote(str(place))}\n" for name, place in places.items()]
    settings.write_text("".join(lines), encoding="utf-8")
    program = os.path.relpath(Path(sys.executable).with_name("wheelkeep"))
    print(f"\nwhat to try next (the server starts by itself)\n   . {os.path.relpath(settings)}")
    for arguments, why in (
        ("run list", "the runs of this demo"),
        ("env lock digits", "the lock, as pylock.toml (PEP 751)"),
        ("exec digits -- python -c 'import digit_shapes'", "the environment, in this terminal"),
        ("connection list", "the connection; nobody can read its secret"),
        ("audit", "which build used it, for which host"),
        ("server stop", "the server leaves by itself, too"),
    ):
        print(f"   {program} {arguments:48}# {why}")
