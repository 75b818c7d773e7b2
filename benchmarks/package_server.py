"""The package routes with real tokens on a real server, for the benchmarks beside it.

`python benchmarks/package_server.py FOLDER PORT` serves the workspace `team` out of FOLDER, with the wheels that stand
in FOLDER/wheels; before it listens it writes a reader's token to FOLDER/token.
"""

import asyncio
import sys
from pathlib import Path

import uvicorn

from wheelkeep.clock import SystemClock
from wheelkeep.server.access.door import Door
from wheelkeep.server.access.grants import GrantBook
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.http.doors import TokenDoor
from wheelkeep.testing.package_app import PackageApp, open_package_app

_CLOCK = SystemClock()


async def add_wheels(app: PackageApp, workspace_id: str, paths: list[Path]) -> None:
    """Add every wheel of `paths`."""
    for path in paths:
        await app.store.add(workspace_id, path, path.name, uploader="benchmark")


def main() -> None:
    """Fill the store and serve."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    database = Database(sqlite_url(folder / "wheelkeep.db"))
    metadata.create_all(database.engine)
    tokens, workspaces = TokenBook(database, _CLOCK), WorkspaceBook(database, _CLOCK)
    workspace = workspaces.create("team")
    _, token = tokens.create("benchmark", role="reader")
    door = TokenDoor(Door(tokens, GrantBook(b"k" * 32, lambda _work, _fence: False)), workspaces)
    app = open_package_app(folder, door=door)
    asyncio.run(add_wheels(app, workspace.id, sorted((folder / "wheels").glob("*.whl"))))
    (folder / "token").write_text(token.reveal())
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", access_log=False, lifespan="off")


if __name__ == "__main__":
    main()
