"""One HTTP client for everything a node asks, and the funnel from answers to errors.

A token is shown over https, or over plain http to loopback alone. An answer that is no success becomes the error it
was on the server (problem+json), a silent or half-started server becomes `UnreachableError`. Redirects are not
followed here: `http_door.py` follows one for files, without the token. Source: contract §7, "TLS".
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO

import msgspec
import urllib3
from urllib3.exceptions import HTTPError

from wheelkeep.errors import (
    AuthenticationError,
    ConflictError,
    DeniedError,
    InternalError,
    NotFoundError,
    RequestError,
    UnreachableError,
    WheelkeepError,
    error_from,
)
from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.wire.problem import Problem

__all__ = ["Body", "Transport", "check_server_url", "unreachable"]

_JSON = "application/json"

_CONNECT_S = 10.0
_READ_S = 60.0
_AWAY = frozenset({502, 503, 504})
_SUCCESS = 300
_UNTRUSTED = "SSLError"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_ERROR_BYTES = 1 << 20

_STATUS: Mapping[int, tuple[type[WheelkeepError], str]] = {
    400: (RequestError, "invalid_request"),
    401: (AuthenticationError, "token_invalid"),
    403: (DeniedError, "denied"),
    404: (NotFoundError, "not_found"),
    409: (ConflictError, "conflict"),
}

Body = bytes | IO[bytes] | None
"""What is sent: bytes, or a file that is open at its start."""


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_server_url(text: str) -> SafeUrl:
    """`text` as a server's URL that a token may be sent to.

    Raises:
        RequestError: `invalid_setting`, it is no http or https URL, or it carries a credential.
        DeniedError: `token_over_http`, it is plain http to another machine.
    """
    if "://" not in text:
        raise RequestError(
            "the server's URL has no scheme",
            code="invalid_setting",
            hint="write it as https://host:port (--url or WHEELKEEP_URL)",
        )
    try:
        url = SafeUrl.parse(text)
    except ValueError as error:
        raise RequestError(f"the server's URL is {error}", code="invalid_setting") from None
    if url.scheme not in ("http", "https") or url.has_userinfo or url.query:
        raise RequestError(
            "the server's URL must be http or https, without user name, password and query",
            code="invalid_setting",
            hint="write it as https://host:port, and give the token apart",
        )
    if url.scheme == "http" and not _is_loopback(url.host):
        raise DeniedError(
            f"a token is not sent over plain http to {url.host}",
            code="token_over_http",
            hint="use https, or an ssh tunnel to a port of this machine",
        )
    return url


class Transport:
    """A pool of connections to one server, showing one token.

    Args:
        url: the server's URL.
        token: shown on every request.
        pool: connections to use; new ones when None.
        is_there: asked before each request whether the address is still the server's own. An embedded server that
            died leaves its port to whoever comes: the token must not go there.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        pool: urllib3.PoolManager | None = None,
        is_there: Callable[[], bool] = lambda: True,
    ) -> None:
        self.url = check_server_url(url).bare.rstrip("/")
        self.token = token
        self._pool = pool or urllib3.PoolManager(maxsize=32, retries=False)
        self._is_there = is_there

    def with_token(self, token: Secret) -> "Transport":
        """The same connections with another token, for the grant of one work."""
        return Transport(self.url, token, pool=self._pool, is_there=self._is_there)

    def over(self, pool: urllib3.PoolManager) -> "Transport":
        """The same server and token over other connections."""
        return Transport(self.url, self.token, pool=pool, is_there=self._is_there)

    def close(self) -> None:
        """Close the connections that are idle."""
        self._pool.clear()

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        body: Body = None,
        headers: Mapping[str, str] | None = None,
        read_s: float = _READ_S,
    ) -> Iterator[urllib3.BaseHTTPResponse]:
        """The answer to one request, unread; success, or a redirect, which the caller may follow.

        Args:
            method: the HTTP method.
            path: an absolute path on the server, percent-encoded, with its query.
            body: what is sent.
            headers: more headers.
            read_s: seconds without a byte after which the server counts as away.

        Raises:
            UnreachableError: no connection, or it broke (also while the caller reads).
            WheelkeepError: whatever the server said.
        """
        if not self._is_there():
            raise unreachable(self.url, "it has left")
        try:
            response = self._pool.request(
                method,
                f"{self.url}{path}",
                body=body,
                headers={"Authorization": f"Bearer {self.token.reveal()}", **(headers or {})},
                timeout=urllib3.Timeout(connect=_CONNECT_S, read=read_s),
                preload_content=False,
                redirect=False,
                retries=False,
            )
            try:
                if response.status >= _SUCCESS and response.status not in _REDIRECTS:
                    raise _error(response, self.url)
                yield response
            finally:
                response.close()  # harmless after a whole read: the connection went back to the pool then
        except (HTTPError, ConnectionError, TimeoutError) as error:
            raise unreachable(self.url, type(error).__name__) from error

    def call(
        self,
        method: str,
        path: str,
        *,
        body: msgspec.Struct | None = None,
        read_s: float = _READ_S,
    ) -> bytes:
        """The answer's body to a request whose body is JSON; empty for 204. Raises what `stream` raises."""
        data = None if body is None else msgspec.json.encode(body)
        headers = {} if data is None else {"Content-Type": _JSON}
        with self.stream(method, path, body=data, headers=headers, read_s=read_s) as response:
            if response.status in _REDIRECTS:
                raise InternalError(f"the server redirects {method} {path}, which it should not")
            return response.read()


def unreachable(url: str, reason: str) -> UnreachableError:
    """The error that says: the server at `url` does not answer."""
    hint = "check the URL, and that `wheelkeep server` runs there"
    if reason == _UNTRUSTED:
        hint = "is its certificate trusted here? Name the file of its authority in SSL_CERT_FILE"
    return UnreachableError(
        f"the Wheelkeep server at {url} does not answer ({reason})", code="server_unreachable", hint=hint
    )


def _error(response: urllib3.BaseHTTPResponse, url: str) -> WheelkeepError:
    data = response.read(_ERROR_BYTES)
    if response.headers.get("Content-Type", "").startswith("application/problem+json"):
        try:
            problem = msgspec.json.decode(data, type=Problem)
        except msgspec.DecodeError:
            pass
        else:
            return error_from(problem.code, problem.detail, hint=problem.hint, detail=problem.extra)
    if response.status in _AWAY:
        return unreachable(url, f"HTTP {response.status}")
    error_class, code = _STATUS.get(response.status, (InternalError, "internal"))
    return error_class(f"the server at {url} answered HTTP {response.status}", code=code)
