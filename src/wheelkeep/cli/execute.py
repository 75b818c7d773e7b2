"""`wheelkeep exec`: a command in an environment, on this machine, in this terminal.

The environment is made here from its lock and the held files, or found from last time; then the command takes this
process's place, so that signals and the exit code are its own. The client's token stays behind.
"""

import os
import shutil
from pathlib import Path

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, with_workspace
from wheelkeep.cli.reference import Reference
from wheelkeep.definition.model import Definition
from wheelkeep.errors import NotFoundError
from wheelkeep.lock.document import parse_lock
from wheelkeep.node.exec import make_ready
from wheelkeep.node.http_door import HttpFiles
from wheelkeep.settings import NodeSettings, command_environment
from wheelkeep.wire.lock import lock_view

__all__ = ["execute"]


def _become(command: tuple[str, ...], folder: Path, variables: dict[str, str]) -> None:
    environment = command_environment(folder, variables)
    program = shutil.which(command[0], path=environment["PATH"])
    if program is None:
        hint = "it is neither in the environment nor on PATH"
        raise NotFoundError(f"there is no program {command[0]}", code="file_not_found", hint=hint)
    os.execve(program, command, environment)  # noqa: S606 - no shell is wanted here


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("reference", metavar="NAME[:VERSION]", type=Reference())
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
@with_workspace
def execute(chosen: Chosen, reference: tuple[str, int | None], command: tuple[str, ...]) -> None:
    """Run COMMAND in an environment that was built, here: wheelkeep exec NAME -- python -c 'import numpy'."""
    workspace = chosen.open()
    door = Door(workspace)
    view = door.environment(*reference)
    lock = parse_lock(door.lock(view.name, view.version))
    files = HttpFiles(workspace.api.transport)
    folder = make_ready(files, lock_view(lock), NodeSettings.read().folder, workspace=workspace.name)
    _become(command, folder, dict(Definition.from_json(view.definition).environment_variables))
