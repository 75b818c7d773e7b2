"""How much one build may make the server remember: the pages and METADATA that it was shown.

A session keeps every page that it decided on, because later words are checked against it. A node that was taken over,
or a feed whose pages are endless, would fill the server's memory with that; what an honest resolver looks at is a
hundredth of it.
"""

from wheelkeep.errors import UpstreamError
from wheelkeep.server.index.model import ProjectFile, ProjectPage

__all__ = ["Budget"]

_OBJECT_BYTES = 512
"""What a file costs beyond its texts: the objects that hold them."""


class Budget:
    """What is left to one build; taken from and never given back.

    Args:
        names: projects that it may ask for, whether anybody has them or not.
        size_bytes: what pages and METADATA may come to in memory, about.
    """

    def __init__(self, *, names: int = 20_000, size_bytes: int = 512 << 20) -> None:
        self._names = self._names_left = names
        self._size_bytes = self._bytes_left = size_bytes

    def check(self) -> None:
        """Nothing, while something is left: before an origin is asked in vain.

        Raises:
            UpstreamError: `feed_too_large`.
        """
        if self._names_left <= 0:
            raise _spent(f"asks for more than {self._names} projects")
        if self._bytes_left <= 0:
            raise self._too_much()

    def take_page(self, page: ProjectPage | None) -> None:
        """Count one name, and the page that it has, if it has one.

        Raises:
            UpstreamError: `feed_too_large`: it may not be kept.
        """
        if page is not None:
            self.take(sum(map(_weight, page.files)) + sum(map(len, page.versions)))
        self._names_left -= 1

    def take(self, size_bytes: int) -> None:
        """Count so many bytes.

        Raises:
            UpstreamError: `feed_too_large`: they may not be kept.
        """
        if size_bytes > self._bytes_left:
            raise self._too_much()
        self._bytes_left -= size_bytes

    def _too_much(self) -> UpstreamError:
        return _spent(f"is shown more than {self._size_bytes >> 20} MiB of index pages and metadata")


def _weight(file: ProjectFile) -> int:
    reason = len(file.yanked) if isinstance(file.yanked, str) else 0
    return _OBJECT_BYTES + len(file.filename) + len(file.url) + len(file.requires_python or "") + reason


def _spent(what: str) -> UpstreamError:
    return UpstreamError(
        f"the build {what}",
        code="feed_too_large",
        hint="pin the versions in the definition, so that the resolver looks at less; "
        "if it pins them, look at the feeds and at the node",
    )
