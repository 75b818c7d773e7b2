"""The way from the command line into the server and the node: another program takes this process's place.

So the command line never imports a server library, and a signal reaches the program that it is meant for.
"""

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from wheelkeep.errors import RequestError

__all__ = ["check_server_is_installed", "replace_by"]


def check_server_is_installed() -> None:
    """Return when the server can run here.

    Raises:
        RequestError: `missing_extra`: its libraries are not installed.
    """
    if importlib.util.find_spec("sqlalchemy") is None or importlib.util.find_spec("starlette") is None:
        raise RequestError(
            "the server's libraries are not installed", code="missing_extra", hint="pip install 'wheelkeep[server]'"
        )


def replace_by(module: str, arguments: Sequence[str]) -> NoReturn:
    """Become `python -m MODULE ARGUMENTS`. No secret may stand in the arguments.

    Raises:
        RequestError: `missing_extra`, when it is the server and its libraries are not installed.
    """
    if module == "wheelkeep.server":
        check_server_is_installed()
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606 - no shell is wanted here
