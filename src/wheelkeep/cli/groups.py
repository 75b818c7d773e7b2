"""The commands and where they live. The file of a command is loaded when it is called: start-up counts."""

import importlib
from dataclasses import dataclass

import click

__all__ = ["COMMANDS", "LazyGroup", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command lives, and what it does, in the words of the list of commands."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "init": Place("start", "init", "Make an embedded workspace in a folder."),
    "server": Place("servers", "server", "Run a server, or stop one."),
    "worker": Place("workers", "worker", "Run a worker, or list them."),
    "token": Place("tokens", "token", "Make, list and revoke tokens."),
    "workspace": Place("workspaces", "workspace", "Make workspaces and list them."),
    "wheel": Place("wheels", "wheel", "Add wheels, list, yank and delete them."),
    "connection": Place("connections", "connection", "Connect private feeds."),
    "policy": Place("policies", "policy", "Show which names are private, and release one."),
    "env": Place("environments", "env", "Register environments, build and lock them."),
    "exec": Place("execute", "execute", "Run a command in an environment, here."),
    "run": Place("runs", "run", "Submit training runs and follow them."),
    "audit": Place("audit", "audit", "Show who used which connection for what."),
}


class LazyGroup(click.Group):
    """A group that knows its commands by name and loads one when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `COMMANDS`."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, its file loaded now; None when there is none."""
        del ctx
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        command: click.Command = getattr(importlib.import_module(f"wheelkeep.cli.{place.module}"), place.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without loading one."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, place.summary) for name, place in COMMANDS.items()])
