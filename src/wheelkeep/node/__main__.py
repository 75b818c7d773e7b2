"""`python -m wheelkeep.node worker`: the node's entry point.

Exit codes: 0 it left as it was told, 1 what the message says, 2 wrong usage. The token comes from `--token-file` or
from WHEELKEEP_TOKEN, never from an argument, which every user of the machine could read.
"""

import argparse
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from wheelkeep.errors import RequestError, WheelkeepError
from wheelkeep.files import FolderLock, is_locked, try_lock
from wheelkeep.node.exec import workshop_of
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.http_door import HttpLeaseDoor
from wheelkeep.node.transport import Transport
from wheelkeep.node.worker import Worker, WorkerPlan
from wheelkeep.secret import Secret
from wheelkeep.settings import NodeSettings

__all__ = ["main"]

_MOST_SLOTS = 256
_TOKEN_BYTES = 4096
_PATIENCE_S = 10.0
_PATIENCE_WITH_HOME_S = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the arguments say; the exit code."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(message)s")
    try:
        return _run_worker(asked, NodeSettings.read())
    except WheelkeepError as error:
        _say(f"error: {error.message}")
        if error.hint:
            _say(f"hint: {error.hint}")
        return 1
    except OSError as error:
        _say(f"error: {error}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wheelkeep.node", description="A Wheelkeep node.")
    commands = parser.add_subparsers(dest="command", required=True)
    worker = commands.add_parser("worker", help="lease work from a server and do it")
    worker.add_argument("--url", help="the server's URL; WHEELKEEP_URL when not given")
    worker.add_argument(
        "--token-file", type=Path, metavar="FILE", help="a file (0600) with the token; WHEELKEEP_TOKEN when not given"
    )
    worker.add_argument("--slots", type=_slots, default=1, metavar="N", help="how much is done at once; 1")
    worker.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="the worker's name")
    worker.add_argument("--lock", type=Path, metavar="FILE", help="held while the worker lives; leave when it is taken")
    worker.add_argument(
        "--leave-with", type=Path, metavar="HOME", help="leave when this folder is gone, or the server for 30 s"
    )
    return parser


def _slots(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= _MOST_SLOTS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {_MOST_SLOTS}")
    return int(text)


def _run_worker(asked: argparse.Namespace, settings: NodeSettings) -> int:
    if asked.leave_with is not None and not asked.leave_with.is_dir():
        _say(f"{asked.leave_with} is gone; leaving")  # taking the lock would make the folder again
        return 0
    lock = _taken_lock(asked.lock)
    if asked.lock is not None and lock is None:
        _say(f"another worker holds {asked.lock}; leaving")
        return 0
    url = asked.url or settings.url
    if url is None:
        raise RequestError("no server was named", code="invalid_setting", hint="give --url URL, or set WHEELKEEP_URL")
    home = asked.leave_with
    is_there = (lambda: True) if home is None else (lambda: is_locked(home / "server.lock"))
    doors = HttpLeaseDoor(Transport(url, _token(asked.token_file, settings), is_there=is_there))
    folder = NodeFolder(settings.folder)
    plan = WorkerPlan(
        name=asked.name,
        slots=asked.slots,
        patience_s=_PATIENCE_WITH_HOME_S if asked.leave_with else None,
        first_patience_s=_PATIENCE_WITH_HOME_S if asked.leave_with else _PATIENCE_S,
        leave_with=asked.leave_with,
    )
    worker = Worker(doors, workshop_of(folder), folder, plan=plan)

    def leave(_number: int, _frame: FrameType | None) -> None:
        worker.leave()

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, leave)
    _say(f"worker {asked.name} takes work from {doors.url}")
    try:
        worker.run()
    finally:
        if lock is not None:
            lock.release()
    return 0


def _taken_lock(path: Path | None) -> FolderLock | None:
    return None if path is None else try_lock(path)


def _token(path: Path | None, settings: NodeSettings) -> Secret:
    if path is None:
        if settings.token is None:
            raise RequestError(
                "no token was given", code="invalid_setting", hint="give --token-file FILE, or set WHEELKEEP_TOKEN"
            )
        return settings.token
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_TOKEN_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise RequestError(f"the token file {path} cannot be read: {why}", code="invalid_setting") from None
    if not text or any(character.isspace() or not character.isprintable() for character in text):
        raise RequestError(f"the token file {path} holds no token", code="invalid_setting")
    return Secret(text)


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
