"""Typed requests to one server: a path and a type in, a value or an error out.

`reconnect` lets an embedded workspace start its server again when it has left meanwhile; the same request is then
sent again (every request of the SDK is idempotent or refused by the server when repeated).
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urlencode

import msgspec

from wheelkeep.errors import InternalError, RequestError, UnreachableError
from wheelkeep.node.transport import Transport
from wheelkeep.secret import Secret

__all__ = ["Api", "path_of"]

T = TypeVar("T")
_PATIENCE_S = 10.0
_PAUSE_S = 0.05

Query = Mapping[str, str | int | None]


def path_of(*parts: str | int) -> str:
    """`/api/v1/` and the parts, each percent-encoded.

    Raises:
        RequestError: `invalid_name`: a part would lead to another path (clients and proxies resolve `..`).
    """
    for part in parts:
        if part in {"", ".", ".."}:
            raise RequestError(f"{part!r} is no name", code="invalid_name", hint="give the name or id itself")
    return "/api/v1/" + "/".join(quote(str(part), safe="") for part in parts)


class Api:
    """One server as its client sees it.

    Args:
        url: the server's URL.
        token: shown on every request.
        reconnect: called when the server does not answer; gives a new URL and token, or None to give up.
        is_there: asked before each request whether the address is still the server's own.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        *,
        reconnect: Callable[[], tuple[str, Secret] | None] | None = None,
        is_there: Callable[[], bool] = lambda: True,
    ) -> None:
        self._transport = Transport(url, token, is_there=is_there)
        self._reconnect = reconnect
        self._is_there = is_there

    @property
    def url(self) -> str:
        """The server's URL."""
        return self._transport.url

    @property
    def transport(self) -> Transport:
        """The connections themselves, for files."""
        return self._transport

    def get(self, path: str, answer: type[T], *, query: Query | None = None, wait_s: float = 0.0) -> T:
        """The value at `path`; `wait_s` is how long the server may take on purpose (long polls)."""
        return _decode(self._call("GET", _with_query(path, query), read_s=60.0 + wait_s), answer)

    def get_bytes(self, path: str) -> bytes:
        """The raw body at `path`."""
        return self._call("GET", path)

    def post(self, path: str, answer: type[T], *, body: msgspec.Struct | None = None, query: Query | None = None) -> T:
        """The answer to a POST."""
        return _decode(self._call("POST", _with_query(path, query), body=body), answer)

    def put(self, path: str, answer: type[T], *, body: msgspec.Struct | None = None) -> T:
        """The answer to a PUT."""
        return _decode(self._call("PUT", path, body=body), answer)

    def delete(self, path: str, *, query: Query | None = None) -> None:
        """Delete what is at `path`."""
        self._call("DELETE", _with_query(path, query))

    def send_file(self, method: str, path: str, file: Path, *, answer: type[T], headers: Mapping[str, str]) -> T:
        """The answer to a request whose body is `file`, sent in pieces."""

        def send() -> bytes:
            size = str(file.stat().st_size)
            with (
                file.open("rb") as stream,
                self._transport.stream(
                    method, path, body=stream, headers={"Content-Length": size, **headers}
                ) as response,
            ):
                return response.read()

        return _decode(self._persist(send), answer)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def _call(self, method: str, path: str, *, body: msgspec.Struct | None = None, read_s: float = 60.0) -> bytes:
        return self._persist(lambda: self._transport.call(method, path, body=body, read_s=read_s))

    def _persist(self, send: Callable[[], bytes]) -> bytes:
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            try:
                return send()
            except UnreachableError:
                found = None if self._reconnect is None else self._reconnect()
                if found is None or time.monotonic() > deadline:
                    raise
                self._transport.close()
                self._transport = Transport(*found, is_there=self._is_there)
                time.sleep(_PAUSE_S)


def _with_query(path: str, query: Query | None) -> str:
    given = {name: value for name, value in (query or {}).items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _decode(data: bytes, answer: type[T]) -> T:
    try:
        return msgspec.json.decode(data, type=answer)
    except msgspec.DecodeError as error:
        raise InternalError(
            f"the server's answer cannot be read: {error}", hint="is the server of the same release as this client?"
        ) from None
