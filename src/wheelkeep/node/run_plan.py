"""The steps of a run: the environment, the source folder, the script, what it left.

    environment  made here from the held files of its lock (local)
    snapshot     the source folder, unpacked (local)
    script       the script runs to its end, and what it left is uploaded
    finish       its exit code decides

A run is whole or not at all: the server keeps values and files of an attempt only once the step `script` is
journalled, which is after the last upload. A script that a killed worker left is ended and starts again from its
source. When only the upload was missing, the end that stands in the run's folder is used, and its values are sent anew.
"""

from collections import deque
from collections.abc import Mapping
from pathlib import Path

import msgspec

from wheelkeep.digest import Digest, digest_of_file
from wheelkeep.errors import IntegrityError, RunError, UnreachableError
from wheelkeep.files import remove_tree, write_atomically
from wheelkeep.node.build_plan import Workshop, make_environment
from wheelkeep.node.folder import NodeFolder, full_disk_told
from wheelkeep.node.holder import Held
from wheelkeep.node.metrics import MetricsFile
from wheelkeep.node.outputs import find_outputs, send_outputs
from wheelkeep.node.plan import Output, Step
from wheelkeep.node.process import Script, run_script
from wheelkeep.node.snapshot import unpack_snapshot
from wheelkeep.node.watch import Watch
from wheelkeep.wire.work import RunWork

__all__ = ["run_steps"]

_RESULT = "result.json"
_METRICS = "metrics.jsonl"
_LAST_LINES = 5
_LINE_CHARACTERS = 300


class _Result(msgspec.Struct, frozen=True):
    """How a script ended on this node."""

    exit_code: int
    tags: dict[str, str]
    last_words: str


class _LastWords:
    """A watch that also remembers the last lines of `stderr`, for the failure's hint."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._rest = ""
        self.check = watch.check
        self.report = watch.report
        self.wait_for_server = watch.wait_for_server

    def write(self, stream: str, text: str) -> None:
        """Pass on and remember."""
        self._watch.write(stream, text)
        if stream == "stderr":
            *lines, self._rest = (self._rest + text).split("\n")
            self._lines.extend(line[:_LINE_CHARACTERS] for line in lines if line.strip())
            self._rest = self._rest[:_LINE_CHARACTERS]

    def text(self) -> str:
        """The last lines."""
        return "\n".join([*self._lines, *filter(None, [self._rest.strip()])][-_LAST_LINES:])


def run_steps(held: Held, work: RunWork, workshop: Workshop, *, folder: NodeFolder) -> list[Step]:
    """The steps of the run `work`."""
    place = folder.run(Path(work.run).name)
    source = place / "source"

    def environment(_outputs: Mapping[str, Output]) -> Output:
        lock = held.door.fetch_lock()
        made = make_environment(lock, held.door, workspace=work.workspace, workshop=workshop, watch=held)
        return {"digest": lock.digest, "folder": made.name}

    def snapshot(_outputs: Mapping[str, Output]) -> Output:
        if _read_result(place) is None:
            remove_tree(place)
            place.mkdir(parents=True)
            with full_disk_told("the run's source folder"), folder.scratch() as scratch:
                archive = scratch / "snapshot.zip"
                _receive_snapshot(held, archive, Digest.parse(work.snapshot))
                unpack_snapshot(archive, source)
        return {"digest": work.snapshot}

    def script(outputs: Mapping[str, Output]) -> Output:
        result = _read_result(place)
        if result is None:
            result = _run(held, work, place, folder.environments / str(outputs["environment"]["folder"]))
            write_atomically(place / _RESULT, msgspec.json.encode(result))
        else:
            _ship(MetricsFile(place / _METRICS), held)
        held.enter("finish")
        send_outputs(find_outputs(source, place / "uploads", held), held.door, held)
        return {"exit_code": result.exit_code, "tags": result.tags, "last_words": result.last_words}

    def finish(outputs: Mapping[str, Output]) -> Output:
        ended = msgspec.convert(outputs["script"], _Result)
        if ended.exit_code != 0:
            raise _failure(work, ended)
        return {}

    return [
        Step("environment", environment, local=True),
        Step("snapshot", snapshot, local=True),
        Step("script", script),
        Step("finish", finish),
    ]


def _run(held: Held, work: RunWork, place: Path, environment: Path) -> _Result:
    source, words, metrics = place / "source", _LastWords(held), MetricsFile(place / _METRICS)
    for name in ("outputs", "logs"):
        (source / name).mkdir(exist_ok=True)
    what = Script(
        run=work.run,
        experiment=work.experiment,
        environment=environment,
        source=source,
        folder=place,
        script=work.script,
        arguments=work.arguments,
        variables=work.environment_variables,
    )
    with full_disk_told("the run"):
        code = run_script(what, words, each_moment=lambda: _ship(metrics, held))
    return _Result(code, metrics.tags, words.text())


def _ship(metrics: MetricsFile, held: Held) -> None:
    for metric in metrics.new_metrics():
        held.note(metric)


def _receive_snapshot(held: Held, archive: Path, digest: Digest) -> None:
    attempt = 0
    while True:
        try:
            with held.door.open_snapshot() as download, archive.open("wb") as stream:
                for chunk in download.chunks:
                    held.check()
                    stream.write(chunk)
            break
        except UnreachableError as error:
            held.wait_for_server(error, attempt)
        attempt += 1
    if digest_of_file(archive) != digest:
        raise IntegrityError("the run's snapshot is not the one that was submitted", code="hash_mismatch")


def _read_result(place: Path) -> _Result | None:
    try:
        return msgspec.json.decode((place / _RESULT).read_bytes(), type=_Result)
    except (OSError, msgspec.DecodeError):
        return None


def _failure(work: RunWork, ended: _Result) -> RunError:
    how = f"exit code {ended.exit_code}" if ended.exit_code > 0 else f"signal {-ended.exit_code}"
    return RunError(
        f"{work.script} ended with {how}",
        code="run_failed",
        hint=f"its last words: {ended.last_words}" if ended.last_words else "see the run's log",
        detail={"exit_code": ended.exit_code},
    )
