"""Raw ASGI answers for the hot routes: what a request's headers say, and how a body is sent.

Why raw: these routes answer in some tens of microseconds; building a Request and a Response would double that.
"""

import secrets
from collections.abc import Iterable
from functools import lru_cache

from starlette.types import Receive, Scope, Send

from wheelkeep.errors import NotFoundError
from wheelkeep.server.http.guard import error_of
from wheelkeep.server.http.problem import problem_response

__all__ = [
    "accepts_gzip",
    "etag_matches",
    "not_found",
    "read_headers",
    "send_body",
    "send_method_not_allowed",
    "send_problem",
]

_Headers = Iterable[tuple[bytes, bytes]]


def read_headers(scope: Scope) -> dict[bytes, bytes]:
    """The request's headers by lower-case name; of a repeated one the last, joined for Accept alone."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        found[name] = found[name] + b"," + value if name == b"accept" and name in found else value
    return found


@lru_cache(maxsize=256)
def accepts_gzip(header: bytes) -> bool:
    """Whether an Accept-Encoding header names gzip with a quality above zero. Source: RFC 9110 §12.5.3."""
    for part in header.lower().split(b","):
        name, _, quality = part.partition(b";")
        if name.strip() in {b"gzip", b"*"}:
            return quality.replace(b" ", b"").rstrip(b"0") not in {b"q=", b"q=0."}
    return False


def etag_matches(header: bytes, etag: bytes) -> bool:
    """Whether an If-None-Match header names `etag` (weakly, as RFC 9110 §13.1.2 asks) or is `*`."""
    if header.strip() == b"*":
        return True
    return any(one.strip().removeprefix(b"W/") == etag for one in header.split(b","))


async def send_body(send: Send, status: int, headers: _Headers, data: bytes = b"") -> None:
    """Send a whole answer."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def send_problem(scope: Scope, receive: Receive, send: Send, *, error: Exception) -> None:
    """Send `error` as problem+json; one that is no WheelkeepError is logged with its traceback and told without."""
    request_id = secrets.token_hex(6)
    await problem_response(error_of(error, request_id), request_id=request_id)(scope, receive, send)


async def send_method_not_allowed(send: Send, allow: bytes) -> None:
    """Send 405 with the methods that are allowed."""
    await send_body(send, 405, ((b"allow", allow), (b"content-length", b"0")))


def not_found(what: str) -> NotFoundError:
    """The error for somebody who may know that `what` is not there."""
    return NotFoundError(f"there is no {what} here", code="not_found")
