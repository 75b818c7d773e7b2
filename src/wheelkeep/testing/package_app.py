"""The package routes of a server, wired over a folder: index pages, files, uploads, and nothing else.

For tests and benchmarks that want real clients without a whole server.
"""

from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from wheelkeep.clock import SystemClock
from wheelkeep.server.blobs.folder import FolderBlobs
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.http.files import FileDownloads
from wheelkeep.server.http.index_pages import IndexPages
from wheelkeep.server.http.package_door import PackageDoor
from wheelkeep.server.http.uploads import Uploads
from wheelkeep.server.store.pages import StorePages
from wheelkeep.server.store.shelf import Shelf
from wheelkeep.server.store.wheels import WheelStore
from wheelkeep.testing.package_door import FakeDoor

__all__ = ["PackageApp", "open_package_app"]


@dataclass(frozen=True, slots=True)
class PackageApp:
    """An ASGI application for `/w/<workspace>/{simple,files,legacy}/...` and the parts behind it."""

    database: Database
    blobs: Blobs
    store: WheelStore
    pages: IndexPages
    files: FileDownloads
    uploads: Uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request by its fourth path segment; start and stop events are ignored."""
        if scope["type"] != "http":
            return
        apps: dict[str, ASGIApp] = {"simple": self.pages, "files": self.files, "legacy": self.uploads}
        await apps[scope["path"].split("/")[3]](scope, receive, send)


def open_package_app(folder: Path, *, door: PackageDoor | None = None, most_bytes: int = 1 << 30) -> PackageApp:
    """The application over `folder`, which is made when missing.

    Args:
        folder: for the SQLite database and the objects.
        door: admits; `FakeDoor()` when not given.
        most_bytes: the largest upload.
    """
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(sqlite_url(folder / "wheelkeep.db"))
    metadata.create_all(database.engine)
    blobs = FolderBlobs(folder / "objects", folder / "staging")
    store = WheelStore(database, blobs, SystemClock())
    pages = StorePages(store)
    guard = door or FakeDoor()
    return PackageApp(
        database=database,
        blobs=blobs,
        store=store,
        pages=IndexPages(guard, page_of=pages.project, list_of=pages.list),
        files=FileDownloads(guard, shelf=Shelf(database, store), blobs=blobs),
        uploads=Uploads(guard, store=store, blobs=blobs, most_bytes=most_bytes),
    )
