"""Connections that another thread can break off while they wait for an answer.

A long poll would otherwise hold up whoever leaves, or be given work that nobody does. urllib3 has no such call, so the
connections are counted as they open, and their sockets are shut down.
"""

import socket
import threading
import weakref
from contextlib import suppress

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

__all__ = ["BreakableLine"]


class BreakableLine:
    """A pool whose connections can all be broken off, for good."""

    def __init__(self) -> None:
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._broken = False
        self._changed = threading.Lock()
        self.pool = urllib3.PoolManager(maxsize=32, retries=False)
        self.pool.pool_classes_by_scheme = {
            "http": type("Pool", (urllib3.HTTPConnectionPool,), {"ConnectionCls": self._known(HTTPConnection)}),
            "https": type("Pool", (urllib3.HTTPSConnectionPool,), {"ConnectionCls": self._known(HTTPSConnection)}),
        }

    def break_off(self) -> None:
        """Break off what waits, and refuse what comes."""
        with self._changed:
            self._broken = True
            connections = list(self._open)
        for connection in connections:
            _shut(connection)

    def _known(self, kind: type[HTTPConnection]) -> type[HTTPConnection]:
        """`kind`, noted here as soon as it is connected."""

        def connect(connection: HTTPConnection) -> None:
            kind.connect(connection)
            with self._changed:
                self._open.add(connection)
                broken = self._broken
            if broken:
                _shut(connection)

        return type(f"Known{kind.__name__}", (kind,), {"connect": connect})


def _shut(connection: HTTPConnection) -> None:
    with suppress(OSError):
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
