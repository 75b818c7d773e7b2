"""What the commands have in common: which workspace is meant, and whether the answer is JSON.

Which workspace: flags, then WHEELKEEP_URL, then WHEELKEEP_HOME, then the nearest config.json (contract §8). A command
does not close the workspace that it opened: the next command finds the embedded server running.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

import click
from click.core import ParameterSource

from wheelkeep.sdk.location import Location, find_location
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.settings import ClientSettings

__all__ = ["Chosen", "hand_on", "json_option", "with_workspace"]

Parameters = ParamSpec("Parameters")


@dataclass(frozen=True, slots=True)
class Chosen:
    """The workspace that the flags name; each is None when it was not given."""

    url: str | None
    workspace: str | None
    home: Path | None

    def open(self) -> Workspace:
        """The workspace, its embedded server started when it has one and none runs.

        Raises:
            RequestError: `workspace_not_found`.
            UnreachableError: the server is not there.
        """
        return Workspace.at(self.location())

    def location(self) -> Location:
        """Where the workspace is, without going there.

        Raises:
            RequestError: `workspace_not_found`.
        """
        settings = ClientSettings.read()
        return find_location(settings, start=Path.cwd(), url=self.url, home=self.home, workspace=self.workspace)


def with_workspace(
    command: Callable[Concatenate[Chosen, Parameters], None],
) -> Callable[Parameters, None]:
    """Give a command the flags --url, --workspace and --home, and hand it what they name first."""

    @click.option("--url", metavar="URL", help="The server's URL. [env: WHEELKEEP_URL]")
    @click.option("--workspace", metavar="NAME", help="The workspace's name. [env: WHEELKEEP_WORKSPACE]")
    @click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Data folder of an embedded workspace. [env: WHEELKEEP_HOME]",
    )
    @wraps(command)
    def called(*args: Any, url: str | None, workspace: str | None, home: Path | None, **options: Any) -> None:  # noqa: ANN401 - click hands over what the command declares
        if url and home:
            raise click.UsageError("--url and --home name two workspaces; give one of them")
        command(Chosen(url, workspace, home), *args, **options)

    return called  # type: ignore[return-value] # click calls it with the three options besides the command's own


def hand_on(context: click.Context, *names: str) -> None:
    """Give the options `names` of a group to its subcommand, as if they stood behind it; there they can be overruled.

    Raises:
        click.UsageError: another option of the group was given, which the subcommand would ignore.
    """
    given = {name for name in context.params if context.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    if unwanted := sorted(given - set(names)):
        raise click.UsageError(
            f"--{unwanted[0].replace('_', '-')} means nothing to `{context.command_path} {context.invoked_subcommand}`"
        )
    values = {name: context.params[name] for name in names if name in given}
    context.default_map = {str(context.invoked_subcommand): values}


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
