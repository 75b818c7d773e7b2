"""What changed between two locks, by project: for people who update an environment. Source: contract §4."""

from dataclasses import dataclass

from wheelkeep.lock.model import Lock, LockedFile

__all__ = ["ChangedFile", "LockDifference", "compare_locks"]


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A project whose file is another one now."""

    before: LockedFile
    after: LockedFile

    @property
    def project(self) -> str:
        """The project."""
        return self.after.project

    @property
    def same_version(self) -> bool:
        """Whether only the bytes differ: worth a look, because a version should never have two contents."""
        return self.before.version == self.after.version


@dataclass(frozen=True, slots=True)
class LockDifference:
    """What a newer lock adds, removes and changes, each sorted by project; origins and URLs do not count.

    `str()` gives lines such as `+ acme 1.0`, `- old 2.1`, `~ numpy 2.0.1 -> 2.1.0`.
    """

    added: tuple[LockedFile, ...] = ()
    removed: tuple[LockedFile, ...] = ()
    changed: tuple[ChangedFile, ...] = ()
    python: tuple[str, str] | None = None
    """The Pythons before and after, when they differ."""
    platform: tuple[str, str] | None = None
    """The platforms before and after, when they differ."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.python or self.platform)

    def __str__(self) -> str:
        lines = [
            f"~ {kind} {pair[0]} -> {pair[1]}"
            for kind, pair in (("python", self.python), ("platform", self.platform))
            if pair is not None
        ]
        lines += [f"+ {file.project} {file.version}" for file in self.added]
        lines += [f"- {file.project} {file.version}" for file in self.removed]
        for change in self.changed:
            what = "other content" if change.same_version else change.after.version
            lines.append(f"~ {change.project} {change.before.version} -> {what}")
        return "\n".join(lines)


def compare_locks(before: Lock, after: Lock) -> LockDifference:
    """What `after` adds, removes and changes."""
    old = {file.project: file for file in before.files}
    new = {file.project: file for file in after.files}
    return LockDifference(
        added=tuple(file for project, file in new.items() if project not in old),
        removed=tuple(file for project, file in old.items() if project not in new),
        changed=tuple(
            ChangedFile(old[project], file)
            for project, file in new.items()
            if project in old and old[project].sha256 != file.sha256
        ),
        python=None if before.python == after.python else (before.python, after.python),
        platform=None if before.platform == after.platform else (before.platform, after.platform),
    )
