"""The gateway alone as an application on loopback: what a node's resolver and a person's pip meet, without the rest.

Real stores, a real SQLite database, a real key ring, a real server; only who is admitted is decided by two words.
"""

import base64
import socket
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from wheelkeep.clock import SystemClock
from wheelkeep.errors import AuthenticationError, DeniedError, NotFoundError
from wheelkeep.secret import Secret
from wheelkeep.server.access.keyring import KeyRing
from wheelkeep.server.blobs.opening import open_blobs
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.connection.vault import Vault
from wheelkeep.server.db.engine import Database, sqlite_url
from wheelkeep.server.db.migrate import migrate
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.order import BuildOrder
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.server.gateway.session import BuildGateway
from wheelkeep.server.gateway.sessions import Gateways
from wheelkeep.server.gateway.workspace_gateway import WorkspaceGateway
from wheelkeep.server.http.files import FileDownloads
from wheelkeep.server.http.gateway_pages import BuildPages, PublicFiles
from wheelkeep.server.http.index_pages import IndexPages
from wheelkeep.server.http.package_door import Admission, PackageRight
from wheelkeep.server.origin.limits import Limits
from wheelkeep.server.origin.proxies import Proxies
from wheelkeep.server.origin.public import PublicIndex
from wheelkeep.server.store.pages import StorePages
from wheelkeep.server.store.shelf import Shelf
from wheelkeep.server.store.wheels import WheelStore
from wheelkeep.server.store.workspace_index import WorkspaceIndex
from wheelkeep.testing.audit import MemoryAudit
from wheelkeep.wire.resources import ConnectionBody

__all__ = ["GRANT", "TOKEN", "WORKSPACE", "GatewayApp"]

WORKSPACE = "w"
"""The id and the name of the one workspace."""
GRANT = "wkg_test-grant"
"""Opens every build of the workspace."""
TOKEN = "wkt_test-token"  # noqa: S105 - made up in the open
"""Opens the workspace's own index."""


def _shown(authorization: bytes | None) -> str:
    scheme, _, rest = (authorization or b"").partition(b" ")
    if scheme.lower() == b"bearer":
        return rest.decode()
    return base64.b64decode(rest).decode().partition(":")[2] if scheme.lower() == b"basic" else ""


class _TwoWords:
    """Admits the two words."""

    def admit_grant(self, authorization: bytes | None, workspace: str, work: str) -> None:
        self._check(authorization, GRANT)
        if workspace != WORKSPACE or not work:
            raise DeniedError("another workspace's grant")

    def admit(self, authorization: bytes | None, workspace: str, *, right: PackageRight) -> Admission:
        self._check(authorization, TOKEN if _shown(authorization) != GRANT else GRANT)
        if workspace != WORKSPACE or right != "read":
            raise DeniedError("no such right")
        return Admission(WORKSPACE, "tester")

    def _check(self, authorization: bytes | None, word: str) -> None:
        if authorization is None:
            raise AuthenticationError("the request carries no token", code="token_missing")
        if _shown(authorization) != word:
            raise AuthenticationError("the token is unknown", code="token_invalid")


class GatewayApp:
    """The gateway, listening on a free port of this machine while it is entered.

    Args:
        folder: for the database, the objects and the key ring.
        public: the public index, or None for none.
        limits: of requests to origins.
        proxies: the operator's.
    """

    def __init__(
        self, folder: Path, *, public: PublicIndex | None = None, limits: Limits | None = None,
        proxies: Mapping[str, Secret] | None = None,
    ) -> None:  # fmt: skip
        clock = SystemClock()
        self.database = Database(sqlite_url(folder / "gateway.sqlite"))
        migrate(self.database)
        self.blobs = open_blobs((folder / "objects").as_uri(), folder / "staging")
        self.connections = ConnectionBook(self.database, Vault(KeyRing.open(folder / "keys")), clock)
        self.bindings = BindingBook(self.database, clock)
        self.store = WheelStore(self.database, self.blobs, clock)
        self.audit = MemoryAudit()
        self.orders: dict[str, BuildOrder] = {}
        self.shop = OriginShop(
            self.connections,
            wheels_of=lambda workspace: WorkspaceIndex(self.store, workspace),
            blobs=self.blobs,
            public=lambda: public,
            trail=self.audit,
            limits=limits,
            proxies=Proxies(proxies or {}),
        )
        self.gateways = Gateways(
            self.shop,
            connections=self.connections,
            bindings=self.bindings,
            blobs=self.blobs,
            database=self.database,
            clock=clock,
            order_of=self._order,
        )
        self._doors = self._open_doors()
        self._listener: socket.socket | None = None

    def _open_doors(self) -> dict[str, ASGIApp]:
        door, pages = _TwoWords(), StorePages(self.store)
        index = self._index = WorkspaceGateway(
            pages, self.shop, connections=self.connections, bindings=self.bindings, blobs=self.blobs
        )
        return {
            "builds": BuildPages(door, gateways=self.gateways, blobs=self.blobs),
            "simple": IndexPages(door, page_of=index.page, list_of=pages.list),
            "proxy": PublicFiles(door, gateway=index, blobs=self.blobs),
            "files": FileDownloads(door, shelf=Shelf(self.database, self.store), blobs=self.blobs),
        }

    async def _order(self, work: str) -> BuildOrder:
        try:
            return self.orders[work]
        except KeyError:
            raise NotFoundError("no such build", code="unknown_build") from None

    def connect(self, name: str, target: str, password: str | None) -> None:
        """Set a connection of the workspace with a PAT, or with none."""
        body = ConnectionBody(
            category="PythonFeed", target=target, auth_type="PAT" if password else "None", value=password
        )
        self.connections.set(WORKSPACE, name, body, by="tester")

    def build(self, work: str, *extra_index_urls: str, index_url: str | None = None, no_index: bool = False) -> str:
        """Begin a build; the URL of its index."""
        self.orders[work] = BuildOrder(
            work=work,
            workspace=WORKSPACE,
            principal="tester",
            index_url=index_url,
            extra_index_urls=extra_index_urls,
            no_index=no_index,
        )
        return f"{self.base_url}/w/{WORKSPACE}/builds/{work}/simple/"

    def session(self, work: str) -> BuildGateway:
        """The gateway of the build, once it was asked something.

        Raises:
            NotFoundError: it was not.
        """
        found = self.gateways.known(work)
        if found is None:
            raise NotFoundError("the build has asked nothing yet", code="unknown_build")
        return found

    @property
    def base_url(self) -> str:
        """Scheme, host and port."""
        if self._listener is None:
            raise ValueError("the gateway is not started")
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def index_url(self) -> str:
        """The workspace's own index."""
        return f"{self.base_url}/w/{WORKSPACE}/simple/"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        await self._doors[scope["path"].split("/")[3]](scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self._index.close()
                await self.gateways.close()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(self, log_level="critical", lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
        if self._listener is not None:
            self._listener.close()
        self.database.close()
