"""What a script may say about its run: values, tags, files. Standard library only, Python 3.8 and newer.

Each word is one JSON line, appended with one write to `$WHEELKEEP_RUN_FOLDER/metrics.jsonl`, so that several processes
of one script may log at once; the node reads the file while it grows. Without that variable the run is offline: values
are printed, as Azure's own offline run does.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import uuid
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Experiment", "Run"]

_FOLDER = "WHEELKEEP_RUN_FOLDER"


class Experiment:
    """The experiment that the run belongs to."""

    def __init__(self, name: str) -> None:
        self.name = name


class Run:
    """A run, as the script inside it sees it. Get it by `Run.get_context()`."""

    def __init__(self, run_id: str, experiment: Experiment, folder: Path | None) -> None:
        self.id = run_id
        self.number = 0
        self.experiment = experiment
        self._folder = folder
        self._tags: dict[str, str] = {}

    @staticmethod
    def get_context(allow_offline: bool = True, **_ignored: object) -> Run:  # noqa: FBT001, FBT002 - Azure's signature
        """The run that this process belongs to; an offline one elsewhere.

        Raises:
            RuntimeError: there is none, and `allow_offline` is false.
        """
        folder = os.environ.get(_FOLDER)
        if folder:
            name = os.environ.get("AZUREML_ARM_PROJECT_NAME", "")
            return Run(os.environ.get("AZUREML_RUN_ID", ""), Experiment(name), Path(folder))
        if not allow_offline:
            raise RuntimeError("this process is no Wheelkeep run, and allow_offline is false")
        return Run("OfflineRun_" + str(uuid.uuid4()), Experiment("offline"), None)

    def log(self, name: str, value: object, description: str = "", step: int | None = None) -> None:
        """Log one value; a number, a text, or something with an `item()` that gives one (numpy, torch)."""
        del description, step
        self._say(name, value)

    def log_list(self, name: str, value: Iterable[object], description: str = "") -> None:
        """Log several values of one name, in order."""
        del description
        for one in value:
            self._say(name, one)

    def log_row(self, name: str, description: str | None = None, **values: object) -> None:
        """Log several named values at once, each as `name/column`."""
        del description
        for column, value in values.items():
            self._say(name + "/" + column, value)

    def log_table(self, name: str, value: Mapping[str, Any], description: str = "") -> None:
        """Log columns of values, each as `name/column`."""
        for column, cells in value.items():
            many = cells if isinstance(cells, (list, tuple)) else [cells]
            self.log_list(name + "/" + column, many, description)

    def log_image(self, name: str, path: str | None = None, plot: Any = None, description: str = "") -> None:  # noqa: ANN401 - whatever draws
        """Keep a picture among the run's files: a file, or something with `savefig` (pyplot)."""
        del description
        if path is not None:
            self.upload_file(name + Path(path).suffix, path)
        elif plot is not None:
            target = self._upload_target(name + ".png")
            plot.savefig(str(target))

    def tag(self, key: str, value: object = None) -> None:
        """Tag the run."""
        self._tags[key] = "" if value is None else str(value)
        self._append({"kind": "tag", "key": key, "value": self._tags[key]})

    def set_tags(self, tags: Mapping[str, object]) -> None:
        """Tag the run with several."""
        for key, value in tags.items():
            self.tag(key, value)

    def get_tags(self) -> dict[str, str]:
        """The tags that this process gave."""
        return dict(self._tags)

    def upload_file(self, name: str, path_or_stream: Any, **_ignored: object) -> None:  # noqa: ANN401 - a path or a stream
        """Keep a file under `name` among the run's files."""
        target = self._upload_target(name)
        if hasattr(path_or_stream, "read"):
            with target.open("wb") as stream:
                shutil.copyfileobj(path_or_stream, stream)
        else:
            shutil.copyfile(str(path_or_stream), str(target))

    def upload_folder(self, name: str, path: str, **_ignored: object) -> None:
        """Keep the files of a folder under `name`."""
        for file in sorted(Path(path).rglob("*")):
            if file.is_file() and not file.is_symlink():
                self.upload_file(name.rstrip("/") + "/" + file.relative_to(path).as_posix(), file)

    def get_status(self) -> str:
        """`Running`: whoever asks from inside is running."""
        return "Running"

    def flush(self, timeout_seconds: int = 300) -> None:
        """Nothing waits: every value is written when it is logged."""
        del timeout_seconds

    def complete(self) -> None:
        """Say that the script is done; its exit code decides all the same."""
        self._append({"kind": "end", "state": "completed"})

    def fail(self, error_details: object = None, **_ignored: object) -> None:
        """Say that the script failed; its exit code decides all the same, so end with another than 0."""
        if error_details is not None:
            sys.stderr.write(str(error_details) + "\n")
        self._append({"kind": "end", "state": "failed"})

    def __enter__(self) -> Run:  # noqa: PYI034 - typing.Self needs Python 3.11
        return self

    def __exit__(self, *_: object) -> None:
        self.flush()

    def _say(self, name: str, value: object) -> None:
        at = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: UP017 - datetime.UTC needs 3.11
        if self._folder is None:
            sys.stdout.write("Attempted to log scalar metric " + str(name) + ":\n" + str(value) + "\n")
            return
        self._append({"kind": "metric", "name": str(name), "value": _plain(value), "at": at})

    def _append(self, line: dict[str, object]) -> None:
        if self._folder is None:
            return
        data = json.dumps(line, allow_nan=False).encode() + b"\n"
        descriptor = os.open(str(self._folder / "metrics.jsonl"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(descriptor, data)
        finally:
            os.close(descriptor)

    def _upload_target(self, name: str) -> Path:
        parts = Path(name).parts
        if not parts or Path(name).is_absolute() or ".." in parts:
            raise ValueError("a run's file is named by a relative path without '..'")
        root = Path("outputs") if self._folder is None else self._folder / "uploads"
        target = root.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def _plain(value: object) -> float | int | str | bool | None:
    """`value` as JSON has it: JSON has no NaN and no infinities, so those are texts."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if hasattr(value, "item") and not isinstance(value, float):
        try:
            return _plain(value.item())
        except (ValueError, TypeError, RuntimeError):
            return str(value)
    if isinstance(value, float):
        return float(value) if value - value == 0 else str(float(value))
    return str(value)
