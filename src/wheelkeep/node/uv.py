"""uv as a child process: this distribution's exact uv, a cleared environment, no configuration of the machine.

Every trap of `reference/dependencies.md` §1 that concerns a caller is closed here: no configuration file but ours, no
credential store and no netrc of the user (HOME is the working folder), no Python downloads, its own process group,
which ends when the watch says stop. Its words go to the log as they come.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from uv import find_uv_bin

from wheelkeep.node.watch import Watch
from wheelkeep.proc import ProcessId, end_group, identify
from wheelkeep.settings import child_environment

__all__ = ["UvAnswer", "run_uv", "uv_version"]

_POLL_S = 0.02
_SILENCE_S = 10.0
_POLL_LONGEST_S = 0.1
_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class UvAnswer:
    """How a uv process ended: its exit code and all that it said on stderr."""

    code: int
    words: str


@lru_cache(maxsize=1)
def uv_version() -> str:
    """What made a lock, as `uv 0.13.9`."""
    answer = subprocess.run(
        [find_uv_bin(), "--version"], env=child_environment(), capture_output=True, text=True, check=True
    )
    return " ".join(answer.stdout.split()[:2])


def run_uv(
    arguments: Sequence[str], watch: Watch, *, folder: Path, doing: str, extra: Mapping[str, str] | None = None
) -> UvAnswer:
    """Run uv in `folder` until it ends.

    Args:
        arguments: what follows the program's name; never a secret, because others can read it.
        watch: told what uv says (stream `build`); asked while it works.
        folder: the working folder and HOME.
        doing: what to say that it still does, every ten seconds.
        extra: more variables; never a secret.

    Raises:
        CanceledError, ConflictError: what the watch raised; the process group has ended then.
    """
    environment = child_environment(
        {"HOME": str(folder), "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never", **(extra or {})}
    )
    with tempfile.TemporaryFile(dir=folder) as words:
        process = subprocess.Popen(
            [find_uv_bin(), *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
        who = identify(process.pid)
        told = 0
        pause_s = _POLL_S
        began = spoke = time.monotonic()
        try:
            while True:
                try:
                    code = process.wait(pause_s)
                except subprocess.TimeoutExpired:
                    watch.check()
                    told = _tell(words.fileno(), told, watch)
                    pause_s = min(pause_s * 2, _POLL_LONGEST_S)
                    if time.monotonic() - spoke > _SILENCE_S:
                        spoke = time.monotonic()
                        watch.write("build", f"still {doing}, {spoke - began:.0f} s now\n")
                else:
                    break
        except BaseException:
            _end(process, who)
            raise
        _tell(words.fileno(), told, watch, last=True)
        words.seek(0)
        return UvAnswer(code, words.read().decode(errors="replace"))


def _tell(descriptor: int, told: int, watch: Watch, *, last: bool = False) -> int:
    """Pass on the whole lines after `told`; the position up to which they are told. The child writes at the end."""
    data = os.pread(descriptor, os.fstat(descriptor).st_size - told, told)
    whole = data if last else data[: data.rfind(b"\n") + 1]
    if whole:
        watch.write("build", whole.decode(errors="replace"))
    return told + len(whole)


def _end(process: "subprocess.Popen[bytes]", who: ProcessId | None) -> None:
    if who is not None:
        end_group(who, grace_s=_GRACE_S)
    process.kill()
    process.wait()
