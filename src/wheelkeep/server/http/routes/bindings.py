"""Names that belong to private origins: listed, and released by an admin; and a connection tried out.

Source: contract §3.2: "`policy release NAME` unbinds, audited", "`test_connection`".
"""

import asyncio

from wheelkeep.names import normalize_project
from wheelkeep.server.access.audit import Audit
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.origins import OriginShop
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.route import Route
from wheelkeep.wire.resources import BindingView, ConnectionTrialView

__all__ = ["BindingRoutes"]

_ALL = "/workspaces/{workspace}/bindings"


class BindingRoutes:
    """The routes of bound names, and of trying a connection."""

    def __init__(self, bindings: BindingBook, *, connections: ConnectionBook, shop: OriginShop, audit: Audit) -> None:
        self._bindings = bindings
        self._connections = connections
        self._shop = shop
        self._audit = audit

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path=_ALL,
                summary="list the names that belong to private origins",
                admits="read",
                endpoint=self.list_bindings,
                answer=list[BindingView],
            ),
            Route(
                method="DELETE",
                path=_ALL + "/{project}",
                summary="release a name: it may come from elsewhere again",
                admits="admin",
                endpoint=self.release,
            ),
            Route(
                method="POST",
                path="/workspaces/{workspace}/connections/{connection}/trial",
                summary="ask the connection's target once with its credential",
                admits="admin",
                endpoint=self.try_connection,
                answer=ConnectionTrialView,
            ),
        ]

    def list_bindings(self, call: Call) -> list[BindingView]:
        """By name."""
        return [
            BindingView(project=binding.project, origin=binding.origin, provisional=binding.provisional)
            for binding in self._bindings.list(call.workspace.id)
        ]

    def release(self, call: Call) -> None:
        """Unbind it, audited."""
        project = normalize_project(call.path("project"))
        self._bindings.release(call.workspace.id, project)
        self._audit.note(
            "policy release", "done", principal=call.principal.name, workspace=call.workspace.id, path=project
        )

    async def try_connection(self, call: Call) -> ConnectionTrialView:
        """Admitted, or the error that says why not."""
        name = call.path("connection")
        connection = await asyncio.to_thread(self._connections.get, call.workspace.id, name)
        status = await self._shop.trial(connection, principal=call.principal.name)
        return ConnectionTrialView(name=name, target=connection.target, status=status)
