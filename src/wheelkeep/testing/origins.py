"""An origin in memory: a full fake of `wheelkeep.server.origin.protocol.Origin`."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from packaging.utils import NormalizedName, parse_wheel_filename

from wheelkeep.digest import Digest
from wheelkeep.errors import WheelkeepError
from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.origin.remote_zip import SparseFile, read_wheel_metadata
from wheelkeep.server.origin.upstream import Body

__all__ = ["FakeOrigin"]

_MOST_METADATA_BYTES = 1 << 20


class FakeOrigin:
    """Serves wheels that are files, counts what it was asked, and fails when it is told to.

    Args:
        label: what its pages say as their origin.
        wheels: paths of wheels.
        is_private: whether it counts as reached through a connection.
        with_hashes: whether its pages give sha256.
        failure: raised by everything while it is not None.
    """

    def __init__(
        self,
        label: str,
        wheels: Iterable[Path] = (),
        *,
        is_private: bool = False,
        with_hashes: bool = True,
        failure: WheelkeepError | None = None,
    ) -> None:
        self._label = label
        self._is_private = is_private
        self.contents = {path.name: path.read_bytes() for path in wheels}
        self.announced = {name: Digest.of(data).hex for name, data in self.contents.items()} if with_hashes else {}
        self.failure = failure
        self.asked: list[NormalizedName] = []
        self.opened: list[str] = []

    @property
    def label(self) -> str:
        """What its pages say as their origin."""
        return self._label

    @property
    def is_private(self) -> bool:
        """Whether it counts as reached through a connection."""
        return self._is_private

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """The wheels of that name, or None.

        Raises:
            WheelkeepError: `failure`.
        """
        self.asked.append(project)
        self._fail()
        files = tuple(self._file(name) for name in self.contents if parse_wheel_filename(name)[0] == project)
        return ProjectPage(name=project, origin=self._label, files=files) if files else None

    def _file(self, name: str) -> ProjectFile:
        return ProjectFile(
            filename=name,
            url=f"https://{self._label.replace(':', '-')}.example/{name}",
            sha256=self.announced.get(name),
            size=None,
        )

    async def metadata(self, file: ProjectFile) -> bytes | None:
        """The METADATA of the wheel, or None when it is not there.

        Raises:
            WheelkeepError: `failure`.
        """
        self._fail()
        data = self.contents.get(file.filename)
        if data is None:
            return None
        whole = SparseFile(len(data))
        whole.add(0, data)
        return read_wheel_metadata(whole, most_bytes=_MOST_METADATA_BYTES)

    @asynccontextmanager
    async def open_file(self, file: ProjectFile) -> AsyncIterator[Body | None]:
        """The bytes, or None when they are not there.

        Raises:
            WheelkeepError: `failure`.
        """
        self._fail()
        self.opened.append(file.filename)
        data = self.contents.get(file.filename)
        yield None if data is None else Body(len(data), _in_pieces(data))

    def _fail(self) -> None:
        if self.failure is not None:
            raise self.failure


async def _in_pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1 << 16):
        yield data[start : start + (1 << 16)]
