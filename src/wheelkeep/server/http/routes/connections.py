"""The workspace's connections: set, listed, deleted; never read back."""

from wheelkeep.server.access.audit import Audit
from wheelkeep.server.connection.connections import ConnectionBook
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.route import Route
from wheelkeep.wire.resources import ConnectionBody, ConnectionView

__all__ = ["ConnectionRoutes"]

_ALL = "/workspaces/{workspace}/connections"
_ONE = _ALL + "/{connection}"


class ConnectionRoutes:
    """The routes of connections."""

    def __init__(self, connections: ConnectionBook, audit: Audit) -> None:
        self._connections = connections
        self._audit = audit

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path=_ALL,
                summary="list connections, without their secrets",
                admits="read",
                endpoint=self.list_connections,
                answer=list[ConnectionView],
            ),
            Route(
                method="PUT",
                path=_ONE,
                summary="make or replace a connection",
                admits="admin",
                endpoint=self.set,
                body=ConnectionBody,
                answer=ConnectionView,
            ),
            Route(
                method="GET",
                path=_ONE,
                summary="show a connection, without its secret",
                admits="read",
                endpoint=self.show,
                answer=ConnectionView,
            ),
            Route(
                method="DELETE",
                path=_ONE,
                summary="forget a connection and its secret",
                admits="admin",
                endpoint=self.delete,
            ),
        ]

    def list_connections(self, call: Call) -> list[ConnectionView]:
        """By name."""
        return [connection.view() for connection in self._connections.list(call.workspace.id)]

    def set(self, call: Call) -> ConnectionView:
        """Keep it; the answer describes it without the secret."""
        body = call.body
        assert isinstance(body, ConnectionBody)  # noqa: S101 - the guard decoded it by the route's type
        made = self._connections.set(call.workspace.id, call.path("connection"), body, by=call.principal.name)
        self._note(call, "connection set")
        return made.view()

    def show(self, call: Call) -> ConnectionView:
        """One connection."""
        return self._connections.get(call.workspace.id, call.path("connection")).view()

    def delete(self, call: Call) -> None:
        """Forget it."""
        self._connections.delete(call.workspace.id, call.path("connection"))
        self._note(call, "connection delete")

    def _note(self, call: Call, action: str) -> None:
        self._audit.note(
            action,
            "done",
            principal=call.principal.name,
            workspace=call.workspace.id,
            connection=call.path("connection"),
        )
