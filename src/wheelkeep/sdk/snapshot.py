"""Packs a source folder: a zip whose bytes depend on its files alone, so that the same folder is sent once.

`.amlignore` says what stays behind, else `.gitignore`; `.wheelkeep`, `.git` and bytecode always do. At most 2,000
files and 300 MiB, as Azure's (reference/azure.md §1.8).
"""

import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pathspec

from wheelkeep.errors import RequestError

__all__ = ["MOST_BYTES", "MOST_FILES", "list_files", "pack_folder"]

MOST_FILES = 2000
MOST_BYTES = 300 * 1024 * 1024
_ALWAYS = (".wheelkeep/", ".git/", "__pycache__/", "*.pyc")
_EPOCH = (1980, 1, 1, 0, 0, 0)


def list_files(folder: Path) -> list[Path]:
    """The files of `folder` that are sent, relative, sorted. Symbolic links are followed to files inside it only.

    Raises:
        RequestError: `snapshot_too_large`.
    """
    rules = _rules(folder)
    root = folder.resolve()
    found, size = [], 0
    for path in _walk(folder, folder, rules):
        target = path.resolve()
        if not target.is_relative_to(root) or not target.is_file():
            continue
        found.append(path.relative_to(folder))
        size += target.stat().st_size
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise RequestError(
                f"the source folder {folder} has more than {MOST_FILES} files or {MOST_BYTES // 2**20} MiB",
                code="snapshot_too_large",
                hint="leave data and results out with a .amlignore file (same rules as .gitignore)",
            )
    return sorted(found)


def _walk(folder: Path, root: Path, rules: pathspec.GitIgnoreSpec) -> Iterator[Path]:
    for entry in sorted(folder.iterdir()):
        relative = entry.relative_to(root).as_posix()
        if entry.is_dir() and not entry.is_symlink():
            if not rules.match_file(relative + "/"):
                yield from _walk(entry, root, rules)
        elif not rules.match_file(relative):
            yield entry


def _rules(folder: Path) -> pathspec.GitIgnoreSpec:
    lines = list(_ALWAYS)
    for name in (".amlignore", ".gitignore"):
        path = folder / name
        if path.is_file():
            lines = [*path.read_text(encoding="utf-8", errors="replace").splitlines(), *lines]
            break
    return pathspec.GitIgnoreSpec.from_lines(lines)


@contextmanager
def pack_folder(folder: Path) -> Iterator[Path]:
    """A zip of `folder`'s files, removed at the end. Times are fixed; the executable bit is kept.

    Raises:
        RequestError: `snapshot_too_large`.
    """
    files = list_files(folder)
    with tempfile.TemporaryDirectory(prefix="wheelkeep-snapshot-") as temporary:
        target = Path(temporary) / "snapshot.zip"
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for relative in files:
                path = folder / relative
                executable = path.stat().st_mode & stat.S_IXUSR
                member = zipfile.ZipInfo(relative.as_posix(), _EPOCH)
                member.external_attr = (stat.S_IFREG | (0o755 if executable else 0o644)) << 16
                member.compress_type = zipfile.ZIP_DEFLATED
                with path.open("rb") as source, archive.open(member, "w") as sink:
                    while chunk := source.read(1 << 20):
                        sink.write(chunk)
        yield target
