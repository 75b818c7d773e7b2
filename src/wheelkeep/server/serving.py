"""Serves: binds the address, composes the parts, runs uvicorn until told to stop."""

import asyncio
import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from wheelkeep.errors import RequestError
from wheelkeep.files import make_data_folder, try_lock
from wheelkeep.server.compose import Composition, compose
from wheelkeep.server.life import announce, last_port, watch_over
from wheelkeep.server.tokens import leave_token
from wheelkeep.settings import ServerSettings

__all__ = ["serve"]

_log = logging.getLogger("wheelkeep.server")
_BACKLOG = 1024
_GOODBYE_S = 2
_WARM_UP_AFTER_S = 0.5


async def serve(settings: ServerSettings, *, embedded: bool, worker_beside: bool = False) -> None:
    """Serve until a signal, or, embedded, until nobody needs it.

    Args:
        settings: where, and with what.
        embedded: as the server of a folder, for its owner alone.
        worker_beside: a worker of the same user runs beside it.

    Side effects: makes the data folder and the key ring when they are new; migrates the database. Embedded or with a
    worker beside, it leaves the owner's and the worker's token in files of the folder (0600); a team's server leaves
    none.

    Raises:
        RequestError: `invalid_setting`: the address is taken or impossible, or another server has the folder.
    """
    home = make_data_folder(settings.home)
    lock = try_lock(home / "server.lock")
    if lock is None:
        raise RequestError(
            f"another server has the folder {home}", code="invalid_setting", hint="use that one, or stop it first"
        )
    with lock:
        listener = _bind_embedded(home) if embedded else _bind(settings.listen_host, settings.listen_port)
        try:
            await _serve_on(listener, settings, embedded=embedded, leave_tokens=embedded or worker_beside)
        finally:
            listener.close()


class _GreetingServer(uvicorn.Server):
    """A uvicorn that says when it listens, can be told to leave, and lets nobody wait while it leaves."""

    def __init__(self, config: uvicorn.Config, greet: Callable[[], None], *, dismiss: Callable[[], None]) -> None:
        super().__init__(config)
        self._greet = greet
        self._dismiss = dismiss

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets)
        self._greet()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer the long polls, then finish what goes on."""
        self._dismiss()
        await super().shutdown(sockets)

    def leave(self) -> None:
        """Finish what goes on, then stop."""
        self.should_exit = True


async def _serve_on(listener: socket.socket, settings: ServerSettings, *, embedded: bool, leave_tokens: bool) -> None:
    url = _url(listener, settings, embedded=embedded)
    composition = await asyncio.to_thread(compose, settings, public_url=url)
    if leave_tokens:
        leave_token(settings.home / "token", composition.tokens, kind="user")
        leave_token(settings.home / "worker-token", composition.tokens, kind="node")

    def greet() -> None:
        announce(settings.home, url)
        _tell_where(listener, settings, url)

    server = _GreetingServer(_configuration(composition, settings), greet, dismiss=composition.bell.close)
    warming = asyncio.create_task(_warm_up_soon(composition))
    watcher: asyncio.Task[None] | None = None

    try:
        if embedded:
            watcher = asyncio.create_task(
                watch_over(
                    settings.home,
                    composition.presence,
                    idle_s=settings.idle_minutes * 60,
                    is_busy=composition.is_busy,
                    leave=server.leave,
                )
            )
        await server.serve(sockets=[listener])
    finally:
        warming.cancel()
        if watcher is not None:
            watcher.cancel()
        await composition.close()


async def _warm_up_soon(composition: Composition) -> None:
    """After whoever started this server has had its first answers."""
    await asyncio.sleep(_WARM_UP_AFTER_S)
    await composition.warm_up()


def _configuration(composition: Composition, settings: ServerSettings) -> uvicorn.Config:
    return uvicorn.Config(
        composition.application,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="off",
        timeout_graceful_shutdown=_GOODBYE_S,
        timeout_keep_alive=75,
        ssl_certfile=None if settings.tls_certificate is None else str(settings.tls_certificate),
        ssl_keyfile=None if settings.tls_key is None else str(settings.tls_key),
        ws="none",
    )


def _url(listener: socket.socket, settings: ServerSettings, *, embedded: bool) -> str:
    if settings.public_url and not embedded:
        return settings.public_url
    host, port = listener.getsockname()[:2]
    scheme = "http" if settings.tls_certificate is None else "https"
    shown = "127.0.0.1" if host in {"0.0.0.0", "::"} else host  # noqa: S104 - recognised, not bound
    return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{port}"


def _tell_where(listener: socket.socket, settings: ServerSettings, url: str) -> None:
    """Log where the server listens; warn when who is on the way could read the tokens."""
    address = ipaddress.ip_address(listener.getsockname()[0])
    _log.info("listening on %s%s", "all addresses of this machine, as " if address.is_unspecified else "", url)
    if not address.is_loopback and settings.tls_certificate is None:
        _log.warning(
            "plain http beyond this machine: clients send no token over it but to loopback; "
            "set WHEELKEEP_TLS_CERT and WHEELKEEP_TLS_KEY, or put a proxy with TLS in front"
        )


def _bind_embedded(home: Path) -> socket.socket:
    """A loopback listener on the port that the folder had before, else on any free one."""
    try:
        return _bind("127.0.0.1", last_port(home))
    except RequestError:
        return _bind("127.0.0.1", 0)


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named so that asyncio sees TCP and sends small answers at once (TCP_NODELAY): 44 ms a page less.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise RequestError(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}",
            code="invalid_setting",
            hint="choose another with --listen or WHEELKEEP_LISTEN",
        ) from None
    listener.setblocking(False)  # noqa: FBT003 - the socket module's signature
    return listener
