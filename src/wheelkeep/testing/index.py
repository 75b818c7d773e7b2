"""An index in memory, and one that fails: full fakes of `wheelkeep.server.index.protocol.Index`."""

from collections.abc import Iterable

from packaging.utils import NormalizedName, canonicalize_name

from wheelkeep.errors import WheelkeepError
from wheelkeep.server.index.model import ProjectFile, ProjectPage

__all__ = ["FakeIndex", "project_page"]


def project_page(
    name: str, *versions: str, origin: str = "public", sha256: str | None = None, size_bytes: int = 1000
) -> ProjectPage:
    """A page of `name` with one pure wheel for each of `versions`."""
    project = canonicalize_name(name)
    stem = project.replace("-", "_")
    files = tuple(
        ProjectFile(
            filename=f"{stem}-{version}-py3-none-any.whl",
            url=f"https://files.example/{stem}-{version}-py3-none-any.whl",
            sha256=sha256,
            size=size_bytes,
        )
        for version in versions
    )
    return ProjectPage(name=project, origin=origin, files=files, versions=versions)


class FakeIndex:
    """Serves the pages that it was given, remembers what it was asked, and fails when it is told to.

    Args:
        pages: what it has; `pages` may be changed later.
        failure: raised by every `page` while `failure` is not None.
    """

    def __init__(self, pages: Iterable[ProjectPage] = (), *, failure: WheelkeepError | None = None) -> None:
        self.pages = {page.name: page for page in pages}
        self.failure = failure
        self.asked: list[NormalizedName] = []

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """The page that was given for `project`, or None.

        Raises:
            WheelkeepError: `failure`.
        """
        self.asked.append(project)
        if self.failure is not None:
            raise self.failure
        return self.pages.get(project)
