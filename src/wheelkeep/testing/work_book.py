"""A server's work, kept in memory by the rules of the real one: leases, fences, steps, cancel, logs, ends.

A full fake for tests of a node: it holds wheels, makes locks of what a resolver sent, and remembers all that it was
told. `work_server.py` puts it behind real HTTP. Times come from `time.monotonic`.
"""

import hashlib
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from packaging.utils import canonicalize_name, parse_wheel_filename

from wheelkeep.digest import digest_of_value
from wheelkeep.errors import ConflictError, IntegrityError, NotFoundError, ResolutionError
from wheelkeep.wire.problem import Failure
from wheelkeep.wire.work import (
    BuildWork,
    EndBody,
    FileNote,
    HoldView,
    LeaseView,
    LockBody,
    LockView,
    LogBody,
    LoggedMetric,
    ResolutionView,
    RunWork,
)

__all__ = ["FakeWork", "WorkBook", "sealed"]


@dataclass
class FakeWork:
    """One piece of work and all that was told of it."""

    id: str
    work: BuildWork | RunWork
    resolution: ResolutionView | None = None
    lock: LockView | None = None
    snapshot: bytes = b""
    state: str = "Queued"
    fence: int = 0
    leased_until: float = 0.0
    worker: str = ""
    cancel: bool = False
    steps: dict[str, dict[str, object]] = field(default_factory=dict)
    step_count: dict[str, int] = field(default_factory=dict)
    log: list[tuple[str, str]] = field(default_factory=list)
    metrics: list[LoggedMetric] = field(default_factory=list)
    outputs: dict[str, bytes] = field(default_factory=dict)
    progress: list[tuple[str, int, int]] = field(default_factory=list)
    failure: Failure | None = None
    output: dict[str, object] = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    last_sequence: tuple[int, int] = (0, 0)

    @property
    def grant(self) -> str:
        """The grant of the present lease."""
        return f"wkg_{self.id}_{self.fence}_canary"

    @property
    def ended(self) -> bool:
        """Whether the work is over."""
        return self.state in ("Succeeded", "Failed", "Canceled")

    def text(self, stream: str | None = None) -> str:
        """The log's text, of one stream or all."""
        return "".join(text for name, text in self.log if stream in (None, name))


class WorkBook:
    """All works, and the wheels of one workspace, safe to use from several threads.

    Args:
        lease_s: the length of leases.
    """

    def __init__(self, *, lease_s: float = 3.0) -> None:
        self.lease_s = lease_s
        self.works: dict[str, FakeWork] = {}
        self.files: dict[str, tuple[str, bytes]] = {}
        self.held: set[str] = set()
        self.changed = threading.Condition()

    def add_wheel(self, path: Path) -> str:
        """Offer a wheel in the index and by digest; its sha256."""
        data = path.read_bytes()
        sha256 = hashlib.sha256(data).hexdigest()
        self.files[sha256] = (path.name, data)
        return sha256

    def files_of(self, project: str) -> list[tuple[str, str, bytes]]:
        """(filename, sha256, bytes) of a project."""
        return [
            (name, sha256, data)
            for sha256, (name, data) in self.files.items()
            if parse_wheel_filename(name)[0] == canonicalize_name(project)
        ]

    def add(self, work: FakeWork) -> FakeWork:
        """Queue a piece of work."""
        with self.changed:
            self.works[work.id] = work
            self.changed.notify_all()
        return work

    def wait_for_end(self, work: FakeWork, timeout_s: float = 60.0) -> FakeWork:
        """Wait until `work` is over.

        Raises:
            TimeoutError: it is not; the message has its log.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: work.ended, timeout_s):
                raise TimeoutError(f"{work.id} is {work.state} at {list(work.steps)}; log:\n{work.text()}")
        return work

    def wait_for(self, work: FakeWork, text: str, timeout_s: float = 60.0) -> None:
        """Wait until `text` stands in the log of `work`.

        Raises:
            TimeoutError: it does not.
        """
        with self.changed:
            if not self.changed.wait_for(lambda: text in work.text() or work.ended, timeout_s):
                raise TimeoutError(f"{work.id} is {work.state} at {list(work.steps)}; log:\n{work.text()}")
        if text not in work.text():
            raise TimeoutError(f"{work.id} ended as {work.state} ({work.failure}); log:\n{work.text()}")

    def lease(self, worker: str, wait_s: float, *, is_gone: Callable[[], bool] = lambda: False) -> LeaseView | None:
        """The next work: a dead lease first, then what is queued; none for a worker that is gone."""
        deadline = time.monotonic() + wait_s
        with self.changed:
            while not is_gone():
                work = self._next()
                if work is not None:
                    return self._give(work, worker)
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self.changed.wait(min(left, 0.1))
        return None

    def _next(self) -> FakeWork | None:
        now = time.monotonic()
        dead = [work for work in self.works.values() if work.state == "Running" and work.leased_until < now]
        queued = [work for work in self.works.values() if work.state == "Queued"]
        return next(iter([*dead, *queued]), None)

    def _give(self, work: FakeWork, worker: str) -> LeaseView:
        work.state, work.worker = "Running", worker
        work.fence += 1
        work.leased_until = time.monotonic() + self.lease_s
        return LeaseView(
            id=work.id,
            fence=work.fence,
            lease_s=self.lease_s,
            grant=work.grant,
            work=work.work,
            steps={name: dict(output) for name, output in work.steps.items()},
        )

    def check(self, work: FakeWork, fence: int, word: str) -> None:
        """Renew the lease by a word under `fence`.

        Raises:
            ConflictError: `lost_lease`; the word is remembered as refused.
        """
        if work.state != "Running" or fence != work.fence:
            work.refused.append(word)
            raise ConflictError("another node has the work", code="lost_lease")
        work.leased_until = time.monotonic() + self.lease_s

    def step(self, work: FakeWork, name: str, output: dict[str, object]) -> None:
        """Journal."""
        work.steps[name] = output
        work.step_count[name] = work.step_count.get(name, 0) + 1

    def append(self, work: FakeWork, body: LogBody) -> None:
        """Append to the log, once a sequence."""
        if (body.fence, body.sequence) > work.last_sequence:
            work.last_sequence = (body.fence, body.sequence)
            work.log += [(piece.stream, piece.text) for piece in body.pieces]
            work.metrics += body.metrics
        self.changed.notify_all()

    def read_lock(self, work: FakeWork, body: LockBody) -> LockView:
        """The files of the lock that a resolver sent; every one must be offered here."""
        notes = []
        for package in tomllib.loads(body.pylock)["packages"]:
            direct = package.get("archive")
            links = [direct] if direct else package.get("wheels", [])
            notes.append(self._note(package["name"], links, body.tags, direct=direct is not None))
        work.lock = LockView(digest=None, python=body.python, platform=body.platform, files=notes)
        return work.lock

    def _note(self, project: str, links: list[dict[str, str]], tags: list[str], *, direct: bool) -> FileNote:
        for link in links:
            filename = link["url"].rpartition("/")[2]
            _, version, _, wheel_tags = parse_wheel_filename(filename)
            if not any(str(tag) in tags for tag in wheel_tags):
                continue
            hashes = cast("dict[str, str]", link["hashes"])
            if self.files.get(hashes["sha256"], ("",))[0] != filename:
                raise IntegrityError(f"{filename} was not offered", code="lock_mismatch")
            return FileNote(
                project=project,
                version=str(version),
                filename=filename,
                origin="workspace" if direct else "public",
                sha256=hashes["sha256"],
                size=len(self.files[hashes["sha256"]][1]),
                direct_url=f"https://keep.example/{link['url'].partition('://')[2].partition('/')[2]}"
                if direct
                else None,
            )
        raise ResolutionError(f"no wheel of {project} fits", code="wrong_platform")

    def hold(self, work: FakeWork, filename: str) -> HoldView:
        """Hold one file of the work's lock."""
        for note in work.lock.files if work.lock else ():
            if note.filename == filename and note.sha256 is not None and note.size is not None:
                self.held.add(note.sha256)
                return HoldView(filename=filename, sha256=note.sha256, size=note.size)
        raise NotFoundError(f"{filename} is not in the lock", code="unknown_file")

    def seal(self, work: FakeWork) -> LockView:
        """The lock with its digest.

        Raises:
            ConflictError: a file is not held yet.
        """
        if work.lock is None or any(note.sha256 not in self.held for note in work.lock.files):
            raise ConflictError("not every file is held", code="conflict")
        work.lock = sealed(work.lock)
        return work.lock

    def end(self, work: FakeWork, body: EndBody) -> None:
        """The work is over."""
        work.state, work.failure, work.output = body.state, body.failure, body.output
        self.changed.notify_all()

    def release(self, work: FakeWork) -> None:
        """Back to the queue."""
        work.state = "Queued"
        self.changed.notify_all()


def sealed(lock: LockView) -> LockView:
    """`lock` with the digest of its files."""
    value = {
        "python": lock.python,
        "platform": lock.platform,
        "files": sorted(note.sha256 or "" for note in lock.files),
    }
    return LockView(digest=str(digest_of_value(value)), python=lock.python, platform=lock.platform, files=lock.files)
