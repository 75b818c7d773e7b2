"""What stands in front of every endpoint: admit, decode, call, answer; and no exception passes it.

One funnel: a `WheelkeepError` becomes its problem+json, a full disk becomes `disk_full`, and anything else becomes
`internal` with a request id under which the log has the traceback.
"""

import errno
import inspect
import logging
import re
import secrets
from collections.abc import Awaitable, Callable

import msgspec
from sqlalchemy.exc import DataError, OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from wheelkeep.errors import (
    ConflictError,
    DeniedError,
    InternalError,
    NotFoundError,
    RequestError,
    ResourceError,
    UnreachableError,
    WheelkeepError,
)
from wheelkeep.server.access.door import Door
from wheelkeep.server.access.principal import Principal, WorkPrincipal
from wheelkeep.server.access.workspaces import Workspace, WorkspaceBook
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.problem import problem_response
from wheelkeep.server.http.route import Route

__all__ = ["Guard", "error_of"]

_log = logging.getLogger("wheelkeep.server")
_QUOTED = re.compile(r"""(['"]).*\1""", re.DOTALL)
_MOST_BODY_BYTES = 32 * 1024 * 1024


def error_of(error: Exception, request_id: str) -> WheelkeepError:
    """What to tell the caller of `error`; what is told without its traceback is logged with it."""
    if isinstance(error, WheelkeepError):
        return error
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return ResourceError(
            "no space is left on the server's disk", code="disk_full", hint="free some, then try again"
        )
    if isinstance(error, DataError):
        return RequestError("a value cannot be kept (a NUL character, or a number too large)", code="invalid_request")
    if isinstance(error, OperationalError):
        _log.warning("request %s: the database does not answer: %s", request_id, error.orig)
        return UnreachableError(
            "the server's database does not answer", code="server_unreachable", hint="try again; is its disk there?"
        )
    _log.error("request %s failed", request_id, exc_info=error)
    return InternalError(
        f"the server has a defect (request {request_id})",
        hint="the server's log has the traceback under that id; please report it",
    )


class Guard:
    """Makes a Starlette endpoint of a `Route`."""

    def __init__(self, door: Door, workspaces: WorkspaceBook) -> None:
        self._door = door
        self._workspaces = workspaces

    def wrap(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        """The Starlette endpoint for `route`."""

        async def endpoint(request: Request) -> Response:
            request_id = secrets.token_hex(6)
            try:
                return await self._answer(route, request)
            except ClientDisconnect:
                return Response(status_code=499)
            except Exception as error:  # noqa: BLE001 - the one funnel: no exception passes, each is told or logged
                return problem_response(error_of(error, request_id), request_id=request_id)

        return endpoint

    async def _answer(self, route: Route, request: Request) -> Response:
        header = request.headers.get("authorization", "").encode("latin-1") or None
        asker, workspace = await run_in_threadpool(self._admit, route, request, header)
        body = await _decode(route, request)
        if isinstance(asker, WorkPrincipal):
            _check_fence(asker, body)
        call = Call(request=request, asker=asker, named=workspace, body=body)
        if inspect.iscoroutinefunction(route.endpoint):
            answer = await route.endpoint(call)
        else:
            answer = await run_in_threadpool(route.endpoint, call)
        if isinstance(answer, Response):
            return answer
        if answer is None:
            return Response(status_code=204)
        return Response(
            msgspec.json.encode(answer),
            status_code=route.status,
            media_type="application/json",
            headers={"Cache-Control": "no-store"},
        )

    def _admit(
        self, route: Route, request: Request, header: bytes | None
    ) -> tuple[Principal | WorkPrincipal, Workspace | None]:
        if route.admits == "work":
            return self._door.admit_work(header, str(request.path_params["work"])), None
        if route.admits == "node":
            return self._door.admit_node(header), None
        if route.admits == "anyone":
            return self._door.identify(header), None
        if not route.in_workspace:
            return self._door.admit(header, route.admits), None
        asker = self._door.identify(header)
        try:
            workspace = self._workspaces.get(str(request.path_params["workspace"]))
        except NotFoundError:
            if isinstance(asker, Principal) and asker.workspace is None:
                raise
            raise DeniedError("the token may not enter that workspace", code="denied") from None
        return self._door.admit(header, route.admits, workspace=workspace.id), workspace


def _check_fence(asker: WorkPrincipal, body: object) -> None:
    """A node speaks for its own lease alone: the fence that it names must be its grant's.

    Raises:
        ConflictError: `lost_lease`.
    """
    if getattr(body, "fence", asker.fence) != asker.fence:
        raise ConflictError("the fence is of another lease", code="lost_lease", hint="stop working on it")


async def _decode(route: Route, request: Request) -> object:
    if route.body is None:
        return None
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MOST_BODY_BYTES:
            raise RequestError("the request's body is too large", code="invalid_request")
    try:
        return msgspec.json.decode(data, type=route.body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RequestError(
            f"the request's body cannot be read: {_without_values(error)}",
            code="invalid_request",
            hint="see /api/v1/openapi.json",
        ) from None


def _without_values(error: Exception) -> str:
    """What msgspec says is wrong and where, by types and paths; a value, which it quotes, may be a secret."""
    return _QUOTED.sub("what was sent", str(error))[:300]
