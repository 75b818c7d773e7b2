"""The steps of a build: decide the lock, let the server hold its files, make the environment here.

    lock         uv decides versions against the build's index; the server checks every entry
    hold         the server fetches each file once, verifies and keeps it; then the lock is sealed
    environment  this node fetches the held files by digest and makes the environment (local)

An environment that is locked already begins at the last. Read next: `resolver.py`, `environment.py`.
"""

from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, as_completed, wait
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wheelkeep.node.door import FileSource
from wheelkeep.node.environment import EnvironmentMaker, wanted_files
from wheelkeep.node.holder import Held
from wheelkeep.node.plan import Output, Step
from wheelkeep.node.resolver import Resolver
from wheelkeep.node.store import FileStore
from wheelkeep.node.watch import Watch
from wheelkeep.wire.work import BuildWork, LockView

__all__ = ["Workshop", "build_steps", "make_environment"]

_HOLDS_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class Workshop:
    """What this node works with."""

    resolver: Resolver
    store: FileStore
    environments: EnvironmentMaker


def build_steps(held: Held, work: BuildWork, workshop: Workshop) -> list[Step]:
    """The steps of the build `work`."""

    def lock(_outputs: Mapping[str, Output]) -> Output:
        if work.lock_digest is not None:
            return _as_output(held.door.fetch_lock())
        asked = held.door.fetch_resolution()
        door = held.door
        found = workshop.resolver.resolve(asked, url=door.url, grant=door.grant, watch=held)
        view = door.send_lock(found)
        held.write("build", f"locked {_counted(len(view.files))} for Python {view.python} on {view.platform}\n")
        return _as_output(view)

    def hold(outputs: Mapping[str, Output]) -> Output:
        if work.lock_digest is not None:  # sealed, by an earlier build or by a node that died before it could say so
            return _as_output(held.door.fetch_lock())
        _hold_all(held, [note.filename for note in _lock_of(outputs["lock"]).files])
        return _as_output(held.door.seal())

    def environment(outputs: Mapping[str, Output]) -> Output:
        view = _lock_of(outputs["hold"])
        make_environment(view, held.door, workspace=work.workspace, workshop=workshop, watch=held)
        return {"digest": view.digest, "python": view.python}

    return [Step("lock", lock), Step("hold", hold), Step("environment", environment, local=True)]


def make_environment(lock: LockView, source: FileSource, *, workspace: str, workshop: Workshop, watch: Watch) -> Path:
    """The environment of a sealed lock on this node; fetches and makes what is missing.

    Raises:
        WheelkeepError: what the store, the maker or the watch raised.
    """
    found = workshop.environments.environment(lock)
    if found is not None:
        watch.write("build", "the environment is on this node already\n")
        return found
    workshop.store.make_present(wanted_files(lock), source, workspace=workspace, watch=watch)
    return workshop.environments.make(lock, store=workshop.store, watch=watch)


def _counted(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def _hold_all(held: Held, filenames: list[str]) -> None:
    held.report(0, len(filenames))
    with ThreadPoolExecutor(_HOLDS_AT_ONCE, thread_name_prefix="hold") as pool:
        jobs = [pool.submit(_hold_one, held, filename) for filename in filenames]
        for number, job in enumerate(as_completed(jobs), 1):
            if job.exception() is not None:
                break
            held.report(number, len(filenames))
        done, waiting = wait(jobs, return_when=FIRST_EXCEPTION)
        for job in waiting:
            job.cancel()
    for job in done:
        job.result()


def _hold_one(held: Held, filename: str) -> None:
    held.check()
    kept = held.door.hold(filename)
    held.write("build", f"held {kept.filename} ({kept.size / (1 << 20):.2f} MiB)\n")


def _as_output(view: LockView) -> Output:
    made: Output = msgspec.to_builtins(view)
    return made


def _lock_of(output: Output) -> LockView:
    return msgspec.convert(output, LockView)
