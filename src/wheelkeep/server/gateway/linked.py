"""Our own page made of an origin's: every link relative, every wheel with metadata, no upstream address left.

pip breaks on a link with a query and keeps links in locks, so a link is a path of ours without a secret; the client's
own credential is what opens it (reference/index.md §4).
"""

import re
from collections.abc import Callable
from urllib.parse import quote

from wheelkeep.server.index.model import ProjectFile, ProjectPage

__all__ = ["link_page"]

_PLAIN = re.compile(r"[A-Za-z0-9._+!-]+")
"""Names that percent-encoding leaves as they are: a page has thousands, and `quote` costs as much as all the rest."""


def link_page(page: ProjectPage, link_of: Callable[[ProjectFile, str], str]) -> ProjectPage:
    """`page` with the links that `link_of` gives for (file, its percent-encoded name), relative to the page."""
    return ProjectPage(
        name=page.name,
        origin=page.origin,
        files=tuple(_linked(file, link_of(file, _encoded(file.filename))) for file in page.files),
        versions=page.versions,
    )


def _linked(file: ProjectFile, url: str) -> ProjectFile:
    is_wheel = file.filename.endswith(".whl")
    return ProjectFile(
        filename=file.filename,
        url=url,
        sha256=file.sha256,
        size=file.size,
        requires_python=file.requires_python,
        core_metadata=(file.core_metadata or True) if is_wheel else False,
        upload_time=file.upload_time,
        yanked=file.yanked,
    )


def _encoded(filename: str) -> str:
    return filename if _PLAIN.fullmatch(filename) else quote(filename, safe="+!")
