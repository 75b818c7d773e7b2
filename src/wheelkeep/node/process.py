"""A user's script as a process of its environment: its own group, a cleared environment, its words as they come.

The script never sees a token, because there is none in its environment or arguments, and the node's open files are not
inherited. A note of the process lies in the run's folder, so that what a killed worker left is ended by the next one.
The environment's order: the user's variables, then ours, which a user cannot replace.
"""

import codecs
import os
import select
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec

from wheelkeep.errors import RunError
from wheelkeep.files import write_atomically
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.watch import Watch
from wheelkeep.proc import ProcessId, end_group, identify
from wheelkeep.settings import child_environment

__all__ = ["SHIM", "Script", "end_leftover_scripts", "run_script", "script_environment"]

SHIM = Path(__file__).parent / "shim"
"""The folder that is put on the path of scripts: `azureml.core.Run`."""

_NOTE = "process.json"
_REST_OF_LINE_MS = 50
_CHUNK_BYTES = 1 << 16
_POLL_S = 0.1
_GRACE_S = 5.0
_DRAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Script:
    """What is started: `script` in `source`, by the Python of `environment`."""

    run: str
    experiment: str
    environment: Path
    source: Path
    folder: Path
    script: str
    arguments: Sequence[str]
    variables: Mapping[str, str]


class _Note(msgspec.Struct, frozen=True):
    """Who started which process."""

    worker: str
    process: str


def script_environment(script: Script) -> dict[str, str]:
    """The variables of a script's process."""
    inherited = child_environment()
    user = dict(script.variables)
    programs = str(script.environment / "bin")
    path = [programs, user.pop("PATH", "") or inherited.get("PATH", os.defpath)]
    modules = [str(SHIM), *filter(None, [user.pop("PYTHONPATH", "")])]
    return {
        "PYTHONUNBUFFERED": "1",
        **inherited,
        **user,
        "PATH": os.pathsep.join(path),
        "PYTHONPATH": os.pathsep.join(modules),
        "VIRTUAL_ENV": str(script.environment),
        "AZUREML_RUN_ID": script.run,
        "AZUREML_ARM_PROJECT_NAME": script.experiment,
        "WHEELKEEP_RUN_FOLDER": str(script.folder),
    }


def run_script(script: Script, watch: Watch, *, each_moment: Callable[[], None]) -> int:
    """Run the script to its end; its exit code, negative for a signal, as `subprocess` has it.

    Args:
        script: what to start.
        watch: gets the words (`stdout`, `stderr`); says stop, and the whole group ends: SIGTERM, 5 s, SIGKILL.
        each_moment: called ten times a second while it runs, and once after.

    Raises:
        RunError: `script_not_started`.
        WheelkeepError: what the watch raised.
    """
    if not (script.source / script.script).is_file():
        raise _not_started(script, "it is not in the run's snapshot")
    try:
        process = subprocess.Popen(
            [script.environment / "bin" / "python", script.script, *script.arguments],
            cwd=script.source,
            env=script_environment(script),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _not_started(script, str(error)) from None
    who = identify(process.pid) or ProcessId(process.pid, 0)
    _write_note(script.folder, who)
    readers = [_reader(process.stdout, "stdout", watch), _reader(process.stderr, "stderr", watch)]
    try:
        while True:
            each_moment()
            watch.check()
            try:
                return process.wait(_POLL_S)
            except subprocess.TimeoutExpired:
                continue
    finally:
        _finish(process, who, readers)
        each_moment()
        (script.folder / _NOTE).unlink(missing_ok=True)


def _finish(process: "subprocess.Popen[bytes]", who: ProcessId, readers: Sequence[threading.Thread]) -> None:
    """End what is left of the group, then read what is left of its words."""
    end_group(who, grace_s=_GRACE_S)
    process.wait()
    deadline = time.monotonic() + _DRAIN_S
    for reader in readers:
        reader.join(max(0.0, deadline - time.monotonic()))


def _reader(stream: IO[bytes] | None, name: str, watch: Watch) -> threading.Thread:
    """Pass on what comes, as text; a character that is split between two reads is put together.

    The rest of a line is waited for a moment, so that a line of one stream does not stand in the middle of another's.
    """
    if stream is None:
        raise ValueError("the process has no such stream")
    decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode

    def read() -> None:
        waiting = ""
        comes = select.poll()
        comes.register(stream.fileno(), select.POLLIN)
        with stream:
            while True:
                if waiting and (waiting.endswith("\n") or not comes.poll(_REST_OF_LINE_MS)):
                    watch.write(name, waiting)
                    waiting = ""
                chunk = os.read(stream.fileno(), _CHUNK_BYTES)
                if not chunk:
                    break
                waiting += decode(chunk)
            watch.write(name, waiting + decode(b"", final=True))

    thread = threading.Thread(target=read, name=name, daemon=True)
    thread.start()
    return thread


def _write_note(folder: Path, who: ProcessId) -> None:
    note = _Note(worker=str(identify(os.getpid())), process=str(who))
    write_atomically(folder / _NOTE, msgspec.json.encode(note))


def end_leftover_scripts(folder: NodeFolder) -> int:
    """End the scripts whose worker is gone (kill -9 of a worker leaves its children); how many there were."""
    ended = 0
    for path in folder.runs.glob(f"*/{_NOTE}"):
        try:
            note = msgspec.json.decode(path.read_bytes(), type=_Note)
            worker, process = ProcessId.parse(note.worker), ProcessId.parse(note.process)
        except (OSError, ValueError, msgspec.DecodeError):
            continue
        if worker.alive:
            continue
        if process.alive:
            end_group(process, grace_s=1.0)
            ended += 1
        path.unlink(missing_ok=True)
    return ended


def _not_started(script: Script, why: str) -> RunError:
    return RunError(
        f"the script {script.script} could not be started: {why}",
        code="script_not_started",
        hint="name the script by its path below the source folder; .amlignore and .gitignore leave files out",
    )
