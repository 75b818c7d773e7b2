"""A package index as values.

Reading list: PEP 503 (names and pages), 592 (yank), 629 (version), 658 and 714 (core metadata), 691 (JSON),
700 (size, upload-time, versions); the PyPA "Simple repository API" page is the living text.
"""

from dataclasses import dataclass, field

from packaging.utils import NormalizedName

__all__ = ["ProjectFile", "ProjectPage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectFile:
    """One distribution file as an index offers it.

    `url` is where its bytes are: absolute for an upstream, relative to the page for our own pages; never a secret.
    """

    filename: str
    url: str
    sha256: str | None
    """Lower-case hex, or None when the index gives no sha256."""
    size: int | None
    requires_python: str | None = None
    """The raw text of Requires-Python."""
    core_metadata: str | bool = False
    """The sha256 hex of `<url>.metadata`, True when it is offered without a hash, False when it is not offered."""
    upload_time: str | None = None
    """`yyyy-mm-ddThh:mm:ss[.ffffff]Z`."""
    yanked: str | bool = False
    """False, True, or the reason (PEP 592)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectPage:
    """What one origin offers under one name."""

    name: NormalizedName
    origin: str
    """Which origin said so: `workspace`, `connection:<name>`, `index:<bare URL>` or `public`."""
    files: tuple[ProjectFile, ...] = ()
    versions: tuple[str, ...] = field(default=())
    """Versions as the upstream lists them (PEP 700), or those of the files when it lists none."""

    def file(self, filename: str) -> ProjectFile | None:
        """The file of that name, or None."""
        return next((one for one in self.files if one.filename == filename), None)
