"""The live log of one work: collected as it comes, sent in pieces.

A piece leaves after 0.2 s or 64 KiB, in order, under a sequence number, so that a repeated send changes nothing. What
waits is bounded: a script that prints faster than the server takes waits in its own write.
"""

import threading
from collections.abc import Callable, Sequence

from wheelkeep.errors import WheelkeepError
from wheelkeep.secret import Secret, redact
from wheelkeep.wire.work import LoggedMetric, LogPiece

__all__ = ["LogStream", "Send"]

Send = Callable[[int, list[LogPiece], list[LoggedMetric]], None]

_INTERVAL_S = 0.2
_PIECE_CHARACTERS = 64 * 1024
_MOST_WAITING = 4 * 1024 * 1024
_MOST_METRICS = 500


class LogStream:
    """Text and metrics on their way to the server.

    Args:
        send: sends one sequence; it repeats by itself while the server is away, and raises when the lease is lost.
        secrets: texts that must not stand in a log, should a program print them.
    """

    def __init__(self, send: Send, *, secrets: Sequence[Secret] = ()) -> None:
        self._send = send
        self._secrets = secrets
        self._pieces: list[LogPiece] = []
        self._metrics: list[LoggedMetric] = []
        self._waiting = 0
        self._sequence = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._ship, name="log", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def write(self, stream: str, text: str) -> None:
        """Add `text` to `stream`; waits while too much is waiting."""
        if not text:
            return
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting < _MOST_WAITING)
            if self._closed:
                return
            last = self._pieces[-1] if self._pieces else None
            if last is not None and last.stream == stream and len(last.text) + len(text) <= _PIECE_CHARACTERS:
                self._pieces[-1] = LogPiece(stream=stream, text=last.text + text)
            else:
                self._pieces.append(LogPiece(stream=stream, text=text))
            self._waiting += len(text)
            if self._waiting >= _PIECE_CHARACTERS:
                self._changed.notify_all()

    def note(self, metric: LoggedMetric) -> None:
        """Add a metric."""
        with self._changed:
            if not self._closed:
                self._metrics.append(metric)

    def close(self) -> None:
        """Send what waits, then stop; returns when it is sent or can never be."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join()

    def _ship(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._waiting >= _PIECE_CHARACTERS, _INTERVAL_S)
                closing = self._closed
                pieces, metrics = self._take()
            if pieces or metrics:
                try:
                    self._send(self._sequence, pieces, metrics)
                except WheelkeepError:
                    # Nobody reads a log whose lease is lost; the heartbeat finds out and stops the work.
                    self._give_up()
                    return
            elif closing:
                return

    def _take(self) -> tuple[list[LogPiece], list[LoggedMetric]]:
        pieces: list[LogPiece] = []
        taken = 0
        while self._pieces and taken < _PIECE_CHARACTERS:
            piece = self._pieces.pop(0)
            taken += len(piece.text)
            pieces.append(LogPiece(stream=piece.stream, text=redact(piece.text, self._secrets)))
        metrics, self._metrics = self._metrics[:_MOST_METRICS], self._metrics[_MOST_METRICS:]
        if pieces or metrics:
            self._sequence += 1
            self._waiting -= taken
            self._changed.notify_all()
        return pieces, metrics

    def _give_up(self) -> None:
        with self._changed:
            self._closed = True
            self._pieces.clear()
            self._metrics.clear()
            self._waiting = 0
            self._changed.notify_all()
