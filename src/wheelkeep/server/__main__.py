"""`python -m wheelkeep.server`: serve, or make the first token. The command line execs this; see `cli/servers.py`."""

import argparse
import asyncio
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import msgspec
import uvloop

from wheelkeep.errors import WheelkeepError
from wheelkeep.server.access.roles import Role
from wheelkeep.server.serving import serve
from wheelkeep.server.tokens import create_first_token
from wheelkeep.settings import ServerSettings

__all__ = ["main"]

_OWNER_ALONE = 0o077
"""Nobody else reads what the server writes, the database above all: it names who uses what."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m wheelkeep.server")
    commands = parser.add_subparsers(dest="command", required=True)
    serving = commands.add_parser("serve", help="serve until told to stop")
    serving.add_argument("--embedded", type=Path, metavar="HOME", help="as the server of that data folder")
    serving.add_argument("--home", type=Path, help="data folder; WHEELKEEP_HOME when not given")
    serving.add_argument("--worker-beside", action="store_true", help="leave tokens for a worker of the same user")
    serving.add_argument("--listen", metavar="HOST:PORT", help="WHEELKEEP_LISTEN when not given")
    token = commands.add_parser("token", help="tokens, made beside the server's data")
    actions = token.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create")
    create.add_argument("--kind", choices=("user", "node"), default="user")
    create.add_argument("--role", choices=get_args(Role), default="admin")
    create.add_argument("--name", default="token")
    create.add_argument("--workspace", metavar="NAME", help="the only one that it may enter; all when not given")
    create.add_argument("--expires-in", type=int, metavar="SECONDS", help="never when not given")
    create.add_argument("--home", type=Path)
    create.add_argument("--json", action="store_true")
    return parser


def _settings(arguments: argparse.Namespace) -> ServerSettings:
    settings = ServerSettings.read()
    home = getattr(arguments, "embedded", None) or arguments.home
    if home is not None:
        settings = replace(settings, home=home.absolute())
    if getattr(arguments, "listen", None):
        settings = settings.listening_on(arguments.listen)
    return settings


def _create_token(settings: ServerSettings, arguments: argparse.Namespace) -> None:
    made = create_first_token(
        settings,
        arguments.name,
        kind=arguments.kind,
        role=arguments.role,
        workspace=arguments.workspace,
        expires_in_s=arguments.expires_in,
    )
    pretty = msgspec.json.format(msgspec.json.encode(made), indent=2).decode()
    sys.stdout.write((pretty if arguments.json else str(made.token)) + "\n")


def main(words: Sequence[str] | None = None) -> int:
    """Do what the arguments say; the exit code: 0 done, 1 failed as the message says, 2 wrong usage."""
    arguments = _parser().parse_args(words)
    os.umask(_OWNER_ALONE)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    logging.getLogger("wheelkeep").setLevel(logging.INFO)
    try:
        settings = _settings(arguments)
        if arguments.command == "serve":
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                embedded = arguments.embedded is not None
                runner.run(serve(settings, embedded=embedded, worker_beside=arguments.worker_beside))
        else:
            _create_token(settings, arguments)
    except WheelkeepError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
