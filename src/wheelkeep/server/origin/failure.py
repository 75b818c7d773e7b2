"""An origin's trouble as an error that says which connection, what happened, and what to do. Pure."""

from http import HTTPStatus

import aiohttp

from wheelkeep.errors import UpstreamError
from wheelkeep.server.origin.access import FeedAccess

__all__ = ["failure_of", "failure_of_status", "timed_out", "too_large", "unreachable"]

_SERVER_ERRORS = 500
_MIB = 1 << 20


def failure_of(access: FeedAccess, code: str, what: str, *, hint: str, status: int | None = None) -> UpstreamError:
    """The error `code` of the origin that `access` leads to; `what` goes on the sentence that begins with its name."""
    detail: dict[str, str | int | bool] = {"url": access.url}
    if access.connection is not None:
        detail["connection"] = access.connection
    if status is not None:
        detail["status"] = status
    return UpstreamError(f"{access.label} {what}", code=code, hint=hint, detail=detail)


def failure_of_status(access: FeedAccess, status: int) -> UpstreamError:
    """The error for an answer with `status`, which is neither a success nor a 404."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.PROXY_AUTHENTICATION_REQUIRED}:
        return _unauthenticated(access, status)
    if status == HTTPStatus.FORBIDDEN:
        return failure_of(access, "feed_forbidden", "forbids to read it (403)", hint=_right_hint(access), status=status)
    hint = "try again later, or ask who runs the feed" if status >= _SERVER_ERRORS else "check the feed's URL"
    return failure_of(access, "feed_failed", f"answered with status {status}", hint=hint, status=status)


def _right_hint(access: FeedAccess) -> str:
    if access.connection is None:
        return f"make a connection with the target {access.url}"
    if access.authorization is None:
        return f"the connection holds no credential; set {access.connection!r} again with an auth type and its value"
    return (
        "the right is missing, or the password is wrong: some feeds answer 403 to that; "
        f"set the connection {access.connection!r} again"
    )


def _unauthenticated(access: FeedAccess, status: int) -> UpstreamError:
    if access.connection is None:
        return failure_of(
            access,
            "feed_authentication_failed",
            f"asks for a credential ({status}), and no connection matches it",
            hint=f"make one with the target {access.url}: `wheelkeep connection set NAME --target {access.url} ...`",
            status=status,
        )
    if access.authorization is None:
        return failure_of(
            access,
            "feed_authentication_failed",
            f"asks for a credential ({status}), and the connection holds none",
            hint=f"set the connection {access.connection!r} again with an auth type, as PAT, and its value",
            status=status,
        )
    return failure_of(
        access,
        "feed_authentication_failed",
        f"refused the credential ({status})",
        hint=f"is the token expired or revoked? Set the connection {access.connection!r} again with a valid one",
        status=status,
    )


def timed_out(access: FeedAccess) -> UpstreamError:
    """The error of an origin that let us wait."""
    return failure_of(access, "feed_timeout", "did not answer in time", hint="is it up? Try again later")


def too_large(access: FeedAccess, limit: int) -> UpstreamError:
    """The error of an answer of more than `limit` bytes."""
    return failure_of(
        access,
        "feed_too_large",
        f"sends more than {max(1, limit // _MIB)} MiB where less is expected",
        hint="check the feed's URL: is it an index of packages?",
    )


def unreachable(access: FeedAccess, problem: Exception) -> UpstreamError:
    """The error for what the HTTP library raised; its own words are not shown, for they may quote URLs."""
    if isinstance(problem, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return failure_of(
            access,
            "feed_unreachable",
            "has a TLS certificate that is not trusted",
            hint="set SSL_CERT_FILE to a bundle with its authority, for the server",
        )
    if isinstance(problem, aiohttp.ClientPayloadError | aiohttp.ClientResponseError):
        return failure_of(access, "feed_failed", "broke its answer off or sent no valid HTTP", hint="try again later")
    return failure_of(
        access, "feed_unreachable", "cannot be connected to", hint="is it up, and reachable from the server?"
    )
