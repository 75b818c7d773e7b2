"""What a run left: the files of `outputs/`, of `logs/` and those that the script uploaded by name.

A link is passed over with a word in the log: it may lead anywhere on the node. Read next: `run_plan.py`.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wheelkeep.digest import digest_of_file
from wheelkeep.node.door import WorkDoor
from wheelkeep.node.watch import Watch

__all__ = ["FOLDERS", "Left", "find_outputs", "send_outputs"]

FOLDERS = ("outputs", "logs")
"""The folders below the script's working folder whose files are kept."""


@dataclass(frozen=True, slots=True)
class Left:
    """A file that the run left; `path` is its name in the run's record, with forward slashes."""

    path: str
    file: Path


def find_outputs(source: Path, uploads: Path, watch: Watch) -> list[Left]:
    """The files to keep, by name: below `source`'s kept folders, and all below `uploads`, which come last."""
    found: dict[str, Left] = {}
    for root, begin in [*((source, source / name) for name in FOLDERS), (uploads, uploads)]:
        for file in _plain_files(begin, root, watch):
            path = file.relative_to(root).as_posix()
            found[path] = Left(path, file)
    return [found[path] for path in sorted(found)]


def _plain_files(folder: Path, root: Path, watch: Watch) -> Iterator[Path]:
    if folder.is_symlink():
        watch.write("build", f"not kept, because it is a link: {folder.relative_to(root)}\n")
        return
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                yield from _plain_files(path, root, watch)
            elif entry.is_file(follow_symlinks=False) and _is_text(entry.name):
                yield path
            else:
                shown = os.fsencode(path.relative_to(root)).decode(errors="replace")
                watch.write("build", f"not kept, because it is no plain file with a readable name: {shown}\n")


def _is_text(name: str) -> bool:
    """Whether the file's name can be written in a URL and in the record."""
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def send_outputs(files: list[Left], door: WorkDoor, watch: Watch) -> None:
    """Upload the files, one after the other."""
    for number, left in enumerate(files):
        watch.check()
        watch.report(number, len(files))
        door.send_output(left.path, left.file, sha256=digest_of_file(left.file).hex, size=left.file.stat().st_size)
    watch.report(len(files), len(files))
