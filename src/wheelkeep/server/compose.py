"""The only place of the server that picks implementers and wraps them."""

import asyncio
import functools
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.types import ASGIApp

from wheelkeep.clock import Clock, SystemClock
from wheelkeep.errors import RequestError
from wheelkeep.files import make_private_folder, write_atomically
from wheelkeep.server.access.audit import Audit
from wheelkeep.server.access.door import Door
from wheelkeep.server.access.grants import GrantBook
from wheelkeep.server.access.keyring import KeyRing
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.access.workspaces import WorkspaceBook
from wheelkeep.server.blobs.opening import open_blobs
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.build.builds import BuildBook
from wheelkeep.server.build.ending import Endings
from wheelkeep.server.build.locking import Locking
from wheelkeep.server.build.orders import BuildOrders
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.connection.vault import Vault
from wheelkeep.server.db.engine import Database, sqlite_url
from wheelkeep.server.db.migrate import migrate
from wheelkeep.server.environment.locks import LockNames
from wheelkeep.server.environment.versions import EnvironmentBook
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.server.gateway.sessions import Gateways
from wheelkeep.server.gateway.workspace_gateway import WorkspaceGateway
from wheelkeep.server.http.application import Application, all_routes
from wheelkeep.server.http.doors import GrantDoor, TokenDoor
from wheelkeep.server.http.files import FileDownloads
from wheelkeep.server.http.gateway_pages import BuildPages, PublicFiles
from wheelkeep.server.http.guard import Guard
from wheelkeep.server.http.index_pages import IndexPages
from wheelkeep.server.http.leasing import LeaseDesk
from wheelkeep.server.http.logs import LogReader
from wheelkeep.server.http.package_door import Admission
from wheelkeep.server.http.presence import Presence
from wheelkeep.server.http.route import Routes
from wheelkeep.server.http.routes.bindings import BindingRoutes
from wheelkeep.server.http.routes.connections import ConnectionRoutes
from wheelkeep.server.http.routes.environments import EnvironmentRoutes
from wheelkeep.server.http.routes.runs import RunRoutes
from wheelkeep.server.http.routes.wheels import WheelRoutes
from wheelkeep.server.http.routes.work import WorkRoutes
from wheelkeep.server.http.routes.work_builds import WorkBuildRoutes
from wheelkeep.server.http.routes.work_runs import WorkRunRoutes
from wheelkeep.server.http.routes.workspaces import WorkspaceRoutes
from wheelkeep.server.http.uploads import Uploads
from wheelkeep.server.origin.page_html import warm_up
from wheelkeep.server.origin.proxies import Proxies
from wheelkeep.server.origin.public import PublicIndex, parse_public_index
from wheelkeep.server.run.runs import RunBook
from wheelkeep.server.store.pages import StorePages
from wheelkeep.server.store.shelf import Shelf
from wheelkeep.server.store.wheels import AddedWheel, WheelStore
from wheelkeep.server.store.workspace_index import WorkspaceIndex
from wheelkeep.server.work import queue
from wheelkeep.server.work.bell import Bell
from wheelkeep.server.work.roster import Roster
from wheelkeep.settings import ServerSettings, machine_index_url, upstream_proxies

__all__ = ["Composition", "compose", "open_database"]

_INSTANCE = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Composition:
    """A server's parts, put together."""

    application: Application
    presence: Presence
    tokens: TokenBook
    database: Database
    gateways: Gateways
    index: WorkspaceGateway
    bell: Bell

    def is_busy(self) -> bool:
        """Whether some work goes on or waits."""
        with self.database.read() as connection:
            return queue.is_active(connection)

    async def warm_up(self) -> None:
        """Load what only the first build needs, beside the first requests."""
        await asyncio.to_thread(warm_up)

    async def close(self) -> None:
        """Let go of connections."""
        await self.index.close()
        await self.gateways.close()
        self.database.close()


def open_database(settings: ServerSettings) -> Database:
    """The server's database, brought to the newest form.

    Raises:
        ConflictError: `conflict`: a newer release made it.
    """
    home = make_private_folder(settings.home)
    database = Database(settings.database_url or sqlite_url(home / "wheelkeep.db"))
    migrate(database)
    return database


def key_folder(settings: ServerSettings) -> Path:
    """Where the key ring of this data folder is: outside of it, under a name that the folder keeps when it moves."""
    if settings.keys is not None:
        return settings.keys
    path = settings.home / "instance"
    if not path.exists():
        write_atomically(path, secrets.token_hex(8).encode(), mode=0o600)
    instance = path.read_text(encoding="utf-8").strip()
    if not _INSTANCE.fullmatch(instance):
        raise RequestError(f"{path} is damaged", code="invalid_setting", hint="restore it, or name WHEELKEEP_KEYS")
    return settings.state_folder / "keys" / instance


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What routes and doors are made of."""

    clock: Clock
    database: Database
    blobs: Blobs
    bell: Bell
    workspaces: WorkspaceBook
    tokens: TokenBook
    audit: Audit
    grants: GrantBook
    door: Door
    environments: EnvironmentBook
    builds: BuildBook
    runs: RunBook
    store: WheelStore
    connections: ConnectionBook
    bindings: BindingBook
    public: Callable[[], PublicIndex | None]
    shop: OriginShop
    gateways: Gateways
    pages: StorePages
    index: WorkspaceGateway


def compose(settings: ServerSettings, *, public_url: str) -> Composition:
    """The server's parts for `settings`, reached at `public_url`.

    Side effects: makes the database, the key ring and the default workspace when they are new.

    Raises:
        RequestError: `invalid_setting`, `unsupported`.
    """
    parts = _open_parts(settings)
    presence = Presence()
    application = Application(
        Guard(parts.door, parts.workspaces),
        all_routes(_routes(parts, public_url)),
        doors=_doors(parts),
        presence=presence,
    )
    return Composition(application, presence, parts.tokens, parts.database, parts.gateways, parts.index, parts.bell)


def _open_parts(settings: ServerSettings) -> _Parts:
    clock, bell = SystemClock(), Bell()
    database = open_database(settings)
    ring = KeyRing.open(key_folder(settings))
    blobs = open_blobs(settings.objects_url or (settings.home / "objects").as_uri(), settings.home / "staging")
    workspaces = WorkspaceBook(database, clock)
    workspaces.ensure_default()
    tokens, audit = TokenBook(database, clock), Audit(database, clock)
    grants = GrantBook(ring.signing_keys("grants"), _is_alive(database))
    environments = EnvironmentBook(database, clock)
    builds = BuildBook(database, clock, bell, environments)
    store = WheelStore(database, blobs, clock)
    connections = ConnectionBook(database, Vault(ring), clock)
    bindings = BindingBook(database, clock)
    public = _public_index(settings)
    shop = OriginShop(
        connections,
        wheels_of=lambda workspace: WorkspaceIndex(store, workspace),
        blobs=blobs,
        public=public,
        trail=audit,
        proxies=Proxies(upstream_proxies()),
    )
    gateways = Gateways(
        shop,
        connections=connections,
        bindings=bindings,
        blobs=blobs,
        database=database,
        clock=clock,
        order_of=BuildOrders(database, builds).order,
    )
    pages = StorePages(store)
    return _Parts(
        clock=clock,
        database=database,
        blobs=blobs,
        bell=bell,
        workspaces=workspaces,
        tokens=tokens,
        audit=audit,
        grants=grants,
        door=Door(tokens, grants),
        environments=environments,
        builds=builds,
        runs=RunBook(database, clock, bell, environments, builds),
        store=store,
        connections=connections,
        bindings=bindings,
        public=public,
        shop=shop,
        gateways=gateways,
        pages=pages,
        index=WorkspaceGateway(pages, shop, connections=connections, bindings=bindings, blobs=blobs),
    )


def _public_index(settings: ServerSettings) -> Callable[[], PublicIndex | None]:
    """Gives the public index; what the operator or the machine sets is checked now, the usual one loaded later."""
    machine = machine_index_url()
    give = functools.cache(lambda: parse_public_index(settings.public_index, machine))
    if settings.public_index or machine:
        give()
    return give


def _routes(parts: _Parts, public_url: str) -> list[Routes]:
    roster, logs = Roster(), LogReader(parts.database, parts.bell)
    endings = Endings(parts.gateways, has_public_index=lambda: parts.public() is not None)
    desk = LeaseDesk(
        parts.database,
        parts.clock,
        parts.bell,
        workspaces=parts.workspaces,
        builds=parts.builds,
        runs=parts.runs,
        grants=parts.grants,
        endings=endings,
    )
    locking = Locking(
        parts.database,
        parts.clock,
        parts.builds,
        gateways=parts.gateways,
        public_url=public_url,
        workspace_name=parts.workspaces.name_of,
    )
    return [
        WorkspaceRoutes(
            parts.workspaces,
            parts.tokens,
            door=parts.door,
            audit=parts.audit,
            roster=roster,
            public_url=public_url,
        ),
        WheelRoutes(parts.store, parts.blobs, uses=LockNames(), audit=parts.audit, public_url=public_url),
        ConnectionRoutes(parts.connections, parts.audit),
        BindingRoutes(parts.bindings, connections=parts.connections, shop=parts.shop, audit=parts.audit),
        EnvironmentRoutes(parts.database, parts.environments, parts.store, builds=parts.builds, logs=logs),
        RunRoutes(parts.database, parts.blobs, parts.clock, runs=parts.runs, logs=logs),
        WorkRoutes(
            parts.database,
            parts.clock,
            parts.bell,
            desk=desk,
            door=parts.door,
            roster=roster,
            grants=parts.grants,
            endings=endings,
        ),
        WorkBuildRoutes(parts.database, locking, parts.runs),
        WorkRunRoutes(parts.database, parts.blobs, parts.runs),
    ]


def _doors(parts: _Parts) -> dict[str, ASGIApp]:
    pages, index = parts.pages, parts.index
    door = TokenDoor(parts.door, parts.workspaces)
    shelf = Shelf(parts.database, parts.store)
    return {
        "simple": IndexPages(door, page_of=index.page, list_of=pages.list),
        "files": FileDownloads(door, shelf=shelf, blobs=parts.blobs),
        "legacy": Uploads(door, store=parts.store, blobs=parts.blobs, note=_note_upload(parts.audit)),
        "builds": BuildPages(GrantDoor(parts.door, parts.workspaces), gateways=parts.gateways, blobs=parts.blobs),
        "proxy": PublicFiles(door, gateway=index, blobs=parts.blobs),
    }


def _note_upload(audit: Audit) -> Callable[[Admission, AddedWheel], None]:
    def note(admission: Admission, added: AddedWheel) -> None:
        if added.created:
            audit.note(
                "wheel add",
                "done",
                principal=admission.principal_name,
                workspace=admission.workspace_id,
                path=added.wheel.filename,
            )

    return note


def _is_alive(database: Database) -> Callable[[str, int], bool]:
    def is_alive(work: str, fence: int) -> bool:
        with database.read() as connection:
            return queue.is_alive(connection, work, fence)

    return is_alive
