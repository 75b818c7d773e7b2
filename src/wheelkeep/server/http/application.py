"""The server's one ASGI application: package routes as raw ASGI in front, the API behind, nothing else.

A request for `/w/<workspace>/<door>/...` goes to that door; all else goes to the router. Every request but a node's
poll for work notes that somebody is there, for an embedded server's idle clock.
"""

from collections.abc import Mapping
from importlib.metadata import version

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as StarletteRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from wheelkeep.errors import NotFoundError
from wheelkeep.server.http.guard import Guard
from wheelkeep.server.http.openapi import openapi_document
from wheelkeep.server.http.presence import Presence
from wheelkeep.server.http.problem import problem_response
from wheelkeep.server.http.route import API, Route, Routes

__all__ = ["Application", "all_routes"]

_DOOR_PART = 3  # "", "w", workspace, door


def all_routes(parts: list[Routes]) -> list[Route]:
    """The routes of every domain, and the document that describes them."""
    routes = [route for part in parts for route in part.routes()]

    def describe(_call: object) -> Response:
        document = openapi_document(routes, version=version("wheelkeep"))
        return Response(msgspec.json.encode(document), media_type="application/json")

    described = Route(
        method="GET", path="/openapi.json", summary="this document", admits="anyone", endpoint=describe, raw=True
    )
    return [*routes, described]


class Application:
    """The door of the server.

    Args:
        guard: stands in front of the API's endpoints.
        routes: the API.
        doors: raw ASGI applications by the path part behind the workspace: `simple`, `files`, `legacy`, `builds`, ...
        presence: noted on every request that a person or program makes.
    """

    def __init__(self, guard: Guard, routes: list[Route], *, doors: Mapping[str, ASGIApp], presence: Presence) -> None:
        self._doors = doors
        self._presence = presence
        self._api = Starlette(
            routes=[StarletteRoute(API + route.path, guard.wrap(route), methods=[route.method]) for route in routes],
            exception_handlers={404: _nothing_here, 405: _nothing_here},
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        path: str = scope["path"]
        if path.startswith("/w/"):
            self._presence.note()
            parts = path.split("/", _DOOR_PART + 1)
            door = self._doors.get(parts[_DOOR_PART]) if len(parts) > _DOOR_PART else None
            if door is not None:
                await door(scope, receive, send)
                return
        elif not path.startswith(f"{API}/work/lease"):
            self._presence.note()
        await self._api(scope, receive, send)


async def _nothing_here(_request: Request, _error: Exception) -> Response:
    return problem_response(
        NotFoundError("there is nothing at that address", code="not_found", hint="see /api/v1/openapi.json")
    )
