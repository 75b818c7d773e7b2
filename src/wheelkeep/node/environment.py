"""Environments on this node: made once per lock from held files alone, whole or not there.

`UvEnvironmentMaker` is the implementer for now; trees come later behind the same protocol. An environment is made in
a staged folder, offline, with every hash required again, gets its marker last and its name by one rename. A folder
without a marker is never used: it is removed and made anew.

uv unpacks into a cache of that one environment, hard-links into it and drops the cache: as quick as a shared cache, and
no file has two names, so that code which writes into one environment cannot change another (reference/dependencies.md
§1). Read next: `direct_url.py`.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol

import msgspec

from wheelkeep.clock import Clock, SystemClock, format_time
from wheelkeep.digest import Digest, digest_of_value
from wheelkeep.errors import BuildError, IntegrityError, ResolutionError
from wheelkeep.files import fsync_folder, publish_folder, remove_tree, staged_folder, try_lock, write_atomically
from wheelkeep.node.diagnosis import diagnose
from wheelkeep.node.direct_url import write_direct_urls
from wheelkeep.node.folder import NodeFolder, full_disk_told
from wheelkeep.node.interpreter import Interpreter, find_interpreter
from wheelkeep.node.patience import wait_for_lock
from wheelkeep.node.store import FileStore, WantedFile
from wheelkeep.node.uv import run_uv
from wheelkeep.node.watch import Watch
from wheelkeep.wire.work import FileNote, LockView

__all__ = ["MARKER", "EnvironmentMaker", "Marker", "UvEnvironmentMaker", "sweep_environments", "wanted_files"]

MARKER = "wheelkeep-environment.json"
"""The file whose presence says that an environment is whole."""

_LOG = logging.getLogger(__name__)


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """What an environment says of itself."""

    lock_digest: str
    python: str
    platform: str
    files: list[str]
    made_at: str


class EnvironmentMaker(Protocol):
    """Something that makes environments of locks."""

    def environment(self, lock: LockView) -> Path | None:
        """The made environment of `lock`, or None when there is none yet."""

    def make(self, lock: LockView, *, store: FileStore, watch: Watch) -> Path:
        """The environment of `lock`, made when it is not there; its files must be in `store`.

        Raises:
            BuildError: `install_failed`.
            ResolutionError: `python_unavailable` or `wrong_platform`, this node cannot.
            ResourceError: `disk_full`.
        """


def wanted_files(lock: LockView) -> list[WantedFile]:
    """The files of a sealed lock.

    Raises:
        IntegrityError: `lock_mismatch`, the lock is not sealed, or its digest is not that of its files.
    """
    files: list[WantedFile] = []
    for note in lock.files:
        if note.sha256 is None or note.size is None:
            raise IntegrityError(f"the lock has no hash for {note.filename}", code="lock_mismatch")
        files.append(WantedFile(Path(note.filename).name, Digest.parse(note.sha256), note.size))
    value = {"python": lock.python, "platform": lock.platform, "files": sorted(file.digest.hex for file in files)}
    if lock.digest != str(digest_of_value(value)):
        raise IntegrityError("the lock's digest is not that of its files", code="lock_mismatch")
    return files


class UvEnvironmentMaker:
    """Environments made by uv, below one node folder."""

    def __init__(self, folder: NodeFolder, *, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock or SystemClock()

    def environment(self, lock: LockView) -> Path | None:
        """The made environment of `lock`, or None; see `EnvironmentMaker`."""
        target = self._target(lock)
        try:
            marker = msgspec.json.decode((target / MARKER).read_bytes(), type=Marker)
        except (OSError, msgspec.DecodeError):
            return None
        # A base Python that was removed leaves a dangling link: such an environment is made again.
        whole = marker.lock_digest == lock.digest and (target / "bin" / "python").exists()
        return target if whole else None

    def make(self, lock: LockView, *, store: FileStore, watch: Watch) -> Path:
        """The environment of `lock`; see `EnvironmentMaker`."""
        files = wanted_files(lock)
        target = self._target(lock)
        found = self.environment(lock)
        if found is not None:
            return found
        _check_platform(lock)
        python = find_interpreter(lock.python)
        with (
            full_disk_told("the environment"),
            wait_for_lock(lambda: try_lock(self._folder.lock(f"environment-{target.name}")), watch),
        ):
            found = self.environment(lock)
            if found is not None:
                return found
            remove_tree(target)
            with _staged(self._folder, target.name) as staged:
                made = staged / "environment"
                self._install(lock, files, python=python, store=store, staged=staged, watch=watch)
                write_direct_urls(made, [note for note in lock.files if note.direct_url])
                self._mark(made, lock, python)
                publish_folder(made, target)
        watch.write("build", "the environment is ready\n")
        return target

    def _target(self, lock: LockView) -> Path:
        if lock.digest is None:
            raise IntegrityError("the lock is not sealed", code="lock_mismatch")
        tag = "cp" + "".join(lock.python.split(".")[:2])
        return self._folder.environments / f"{Digest.parse(lock.digest).hex}-{tag}"

    def _install(
        self,
        lock: LockView,
        files: Sequence[WantedFile],
        *,
        python: Interpreter,
        store: FileStore,
        staged: Path,
        watch: Watch,
    ) -> None:
        """Install into `staged/environment`; what uv refuses is told with its own words."""
        links = staged / "files"
        links.mkdir()
        for file in files:
            _link(store.path(file), links / file.filename)
        (staged / "requirements.txt").write_text(_requirements(lock.files), encoding="utf-8")
        shared = ["--no-config", "--no-python-downloads", "--offline", "--cache-dir", str(staged / "cache")]
        shared += ["--quiet", "--color", "never"]
        making = ["venv", "--no-project", "--relocatable", "--python", str(python.path), *shared, "environment"]
        installing = [
            *("pip", "install", "--python", "environment/bin/python", "--no-index", "--find-links", "files"),
            *("--no-deps", "--require-hashes", "--no-build", "--link-mode", "hardlink", "-r", "requirements.txt"),
            *shared,
        ]
        for arguments in (making, installing) if files else (making,):
            answer = run_uv(arguments, watch, folder=staged, doing="making the environment")
            if answer.code != 0:
                raise _install_error(answer.words, python, damaged=store.drop_damaged(files))
        remove_tree(staged / "cache")

    def _mark(self, made: Path, lock: LockView, python: Interpreter) -> None:
        marker = Marker(
            lock_digest=lock.digest or "",
            python=python.version,
            platform=lock.platform,
            files=[note.filename for note in lock.files],
            made_at=format_time(self._clock.now()),
        )
        # One sync for thousands of small files: the marker must not survive a power cut that they do not.
        os.sync()
        write_atomically(made / MARKER, msgspec.json.format(msgspec.json.encode(marker), indent=2))


@contextmanager
def _staged(folder: NodeFolder, key: str) -> Iterator[Path]:
    """A staged folder below one that is named like the environment, so that whoever sweeps knows its lock."""
    parent = folder.environments / ".staged" / key
    with staged_folder(parent) as staged:
        yield staged
    with suppress(OSError):
        parent.rmdir()


def sweep_environments(folder: NodeFolder) -> int:
    """Remove what killed processes were making, and environments without a marker; how many there were.

    What another process is making now holds its lock, and is left alone.
    """
    staging = folder.environments / ".staged"
    half_made = list(staging.iterdir()) if staging.is_dir() else []
    if folder.environments.is_dir():
        half_made += [one for one in folder.environments.iterdir() if one != staging and not (one / MARKER).is_file()]
    swept = 0
    for one in half_made:
        lock = try_lock(folder.lock(f"environment-{one.name}"))
        if lock is None:
            continue
        with lock:
            if one.parent == staging or not (one / MARKER).is_file():
                remove_tree(one)
                swept += 1
    if swept:
        _LOG.info("removed %d half-made environments", swept)
        with suppress(OSError):
            fsync_folder(folder.environments)
    return swept


def _requirements(notes: Sequence[FileNote]) -> str:
    return "".join(
        f"{note.project}=={note.version} --hash=sha256:{Digest.parse(note.sha256 or '').hex}\n" for note in notes
    )


def _link(source: Path, target: Path) -> None:
    try:
        target.hardlink_to(source)
    except OSError:  # a file system without hard links
        target.symlink_to(source)


def _check_platform(lock: LockView) -> None:
    from sysconfig import get_platform  # noqa: PLC0415 - needed once a build, and slow to import

    if lock.platform != get_platform():
        raise ResolutionError(
            f"the environment is locked for {lock.platform}, and this node is {get_platform()}",
            code="wrong_platform",
            hint=f"build or run it on a node of {lock.platform}, or lock it anew for this platform",
        )


def _install_error(words: str, python: Interpreter, *, damaged: int) -> Exception:
    found = diagnose(words, python=python.version)
    if found.code in ("disk_full", "wrong_platform", "wrong_python"):
        return found
    if damaged:
        return IntegrityError(
            f"{damaged} held files on this node were damaged, and are removed",
            code="hash_mismatch",
            hint="build again: they are fetched anew",
        )
    return BuildError(
        f"the environment could not be made from the held files: {found.message}",
        code="install_failed",
        hint=found.hint or "the build's log has all that the installer said",
    )
