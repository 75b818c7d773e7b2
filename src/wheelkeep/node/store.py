"""Held files on this node, by digest: fetched in parallel, resumed, verified, whole or not there.

One process fetches a file while others wait for it. What is read from the network is hashed on its way; a file takes
its name only after its sha256 was right, and after fsync.
"""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from wheelkeep.digest import Digest, digest_of_file
from wheelkeep.errors import IntegrityError, UnreachableError
from wheelkeep.files import fsync_folder, try_lock
from wheelkeep.node.door import Download, FileSource
from wheelkeep.node.folder import NodeFolder, full_disk_told
from wheelkeep.node.patience import wait_for_lock
from wheelkeep.node.watch import Watch

__all__ = ["FileStore", "WantedFile"]

_AT_ONCE = 4
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class WantedFile:
    """A held file by its identity; `size_bytes` is for progress and for finding damage, the digest decides."""

    filename: str
    digest: Digest
    size_bytes: int


class _Progress:
    """Bytes done of all, counted by several threads."""

    def __init__(self, watch: Watch, total: int) -> None:
        self._watch = watch
        self._total = total
        self._done = 0
        self._lock = Lock()

    def add(self, size: int) -> None:
        with self._lock:
            self._done += size
            self._watch.report(self._done, self._total)


class FileStore:
    """The files below one node folder."""

    def __init__(self, folder: NodeFolder) -> None:
        self._folder = folder

    def path(self, file: WantedFile) -> Path:
        """Where `file` lies, or will lie."""
        return self._folder.files / file.digest.hex / file.filename

    def has(self, file: WantedFile) -> bool:
        """Whether `file` is here, whole by its size."""
        try:
            return self.path(file).stat().st_size == file.size_bytes
        except OSError:
            return False

    def make_present(self, files: Sequence[WantedFile], source: FileSource, *, workspace: str, watch: Watch) -> None:
        """Fetch what is missing of `files` from `source`, four at once.

        Raises:
            IntegrityError: `hash_mismatch`, what came was something else, twice.
            ResourceError: `disk_full`.
            WheelkeepError: what the source or the watch raised.
        """
        missing = [file for file in files if not self.has(file)]
        progress = _Progress(watch, sum(file.size_bytes for file in files))
        progress.add(sum(file.size_bytes for file in files) - sum(file.size_bytes for file in missing))
        if not missing:
            return
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="fetch") as pool:
            jobs = [pool.submit(self._fetch, file, source, workspace, watch, progress) for file in missing]
            done, waiting = wait(jobs, return_when=FIRST_EXCEPTION)
            for job in waiting:
                job.cancel()
        for job in done:
            job.result()

    def drop_damaged(self, files: Sequence[WantedFile]) -> int:
        """Remove those of `files` whose content is not what their name says; how many there were."""
        damaged = [file for file in files if self.has(file) and digest_of_file(self.path(file)) != file.digest]
        for file in damaged:
            self.path(file).unlink(missing_ok=True)
        return len(damaged)

    def _fetch(self, file: WantedFile, source: FileSource, workspace: str, watch: Watch, progress: _Progress) -> None:
        with full_disk_told(f"{file.filename} ({file.size_bytes / (1 << 20):.1f} MiB)"):
            lock = wait_for_lock(lambda: try_lock(self._folder.lock(f"file-{file.digest.hex}")), watch)
            with lock:
                if self.has(file):
                    progress.add(file.size_bytes)
                    return
                part = self.path(file).parent / ".part"
                part.parent.mkdir(parents=True, exist_ok=True)
                for last_try in (False, True):
                    found = self._receive(file, part, source, workspace=workspace, watch=watch)
                    if found == file.digest:
                        break
                    part.unlink(missing_ok=True)
                    if last_try:
                        raise _mismatch(file, found)
                part.replace(self.path(file))
                fsync_folder(part.parent)
        progress.add(file.size_bytes)

    def _receive(self, file: WantedFile, part: Path, source: FileSource, *, workspace: str, watch: Watch) -> Digest:
        """Bring `part` to the file's size, going on after a broken connection; its digest."""
        attempt = 0
        while True:
            try:
                start = part.stat().st_size if part.exists() else 0
                if start == file.size_bytes and start > 0:
                    return digest_of_file(part)
                with source.open_file(workspace, str(file.digest), filename=file.filename, start=start) as download:
                    return _append(part, download, watch, limit=file.size_bytes)
            except UnreachableError as error:
                watch.wait_for_server(error, attempt)
            attempt += 1


def _append(part: Path, download: Download, watch: Watch, *, limit: int) -> Digest:
    running = hashlib.sha256()
    with part.open("r+b" if part.exists() else "w+b") as stream:
        stream.truncate(download.start)
        remaining = download.start
        while remaining and (chunk := stream.read(min(_CHUNK_BYTES, remaining))):
            running.update(chunk)
            remaining -= len(chunk)
        size = download.start
        for chunk in download.chunks:
            watch.check()
            stream.write(chunk)
            running.update(chunk)
            size += len(chunk)
            if size > limit:
                break  # more than was announced: the digest is wrong, and the disk is not filled to prove it
        stream.flush()
        os.fsync(stream.fileno())
    return Digest(running.hexdigest())


def _mismatch(file: WantedFile, found: Digest) -> IntegrityError:
    return IntegrityError(
        f"{file.filename} came with the sha256 {found.hex}, and {file.digest.hex} was announced",
        code="hash_mismatch",
        hint="something between this node and the server changes bytes, or the server's object is damaged",
        detail={"filename": file.filename},
    )
