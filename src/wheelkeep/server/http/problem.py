"""The one table from error to status, and the problem+json answer (RFC 9457).

`errors.error_from` is the inverse; a test holds that every error comes back as what it was.
"""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response

from wheelkeep.errors import (
    AuthenticationError,
    BuildError,
    CanceledError,
    ConflictError,
    DeniedError,
    IntegrityError,
    InternalError,
    NotFoundError,
    RequestError,
    ResolutionError,
    ResourceError,
    RunError,
    UnreachableError,
    UpstreamError,
    WheelError,
    WheelkeepError,
)
from wheelkeep.wire.problem import Problem

__all__ = ["PROBLEM_TYPE", "STATUS_OF_CLASS", "problem_response", "status_of_error"]

PROBLEM_TYPE = "application/problem+json"

STATUS_OF_CLASS: Mapping[type[WheelkeepError], int] = {
    RequestError: 400,
    WheelError: 400,
    AuthenticationError: 401,
    DeniedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    IntegrityError: 422,
    ResolutionError: 422,
    BuildError: 422,
    RunError: 422,
    CanceledError: 409,
    UpstreamError: 502,
    UnreachableError: 503,
    ResourceError: 507,
    InternalError: 500,
}

_STATUS_OF_CODE = {
    "wheel_too_large": 413,
    "snapshot_too_large": 413,
    "overloaded": 503,
    "feed_timeout": 504,
    "feed_unreachable": 503,
}
"""The few codes whose status says more than their class's."""


def status_of_error(error: WheelkeepError) -> int:
    """The HTTP status for `error`."""
    return _STATUS_OF_CODE.get(error.code) or STATUS_OF_CLASS[type(error)]


def problem_response(error: WheelkeepError, *, request_id: str = "") -> Response:
    """The answer that tells `error`; a 401 asks for Basic or Bearer, so that pip, uv and twine understand it."""
    status = status_of_error(error)
    body = Problem(
        title=type(error).__name__,
        status=status,
        code=error.code,
        detail=error.message,
        hint=error.hint,
        extra=error.detail,
        request_id=request_id,
    )
    headers = {"Cache-Control": "no-store"}
    if status == STATUS_OF_CLASS[AuthenticationError]:
        headers["WWW-Authenticate"] = 'Basic realm="wheelkeep"'
    if request_id:
        headers["X-Request-Id"] = request_id
    return Response(msgspec.json.encode(body), status_code=status, media_type=PROBLEM_TYPE, headers=headers)
