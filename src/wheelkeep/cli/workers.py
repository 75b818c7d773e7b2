"""`wheelkeep worker`: the process that builds and trains. It has a URL, a token and a folder, nothing else."""

import os
from pathlib import Path

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, hand_on, json_option, with_workspace
from wheelkeep.cli.output import Table, show
from wheelkeep.cli.processes import replace_by

__all__ = ["worker"]


@click.group(invoke_without_command=True)
@click.option("--url", metavar="URL", help="The server's URL. [env: WHEELKEEP_URL]")
@click.option(
    "--token-file", type=click.Path(path_type=Path), help="File with the worker's token. [env: WHEELKEEP_TOKEN]"
)
@click.option("--slots", type=click.IntRange(min=1), default=1, show_default=True, help="Pieces of work at once.")
@click.option(
    "--name", default=lambda: os.uname().nodename, show_default="the machine's name", help="As `worker list` shows it."
)
@click.pass_context
def worker(context: click.Context, *, url: str | None, token_file: Path | None, slots: int, name: str) -> None:
    """Run a worker here until it is told to stop, or list the workers of a server."""
    if context.invoked_subcommand is not None:
        hand_on(context, "url")
        return
    arguments = ["worker", "--slots", str(slots), "--name", name]
    arguments += ["--url", url] if url else []
    arguments += ["--token-file", str(token_file)] if token_file else []
    replace_by("wheelkeep.node", arguments)


@worker.command("list")
@json_option
@with_workspace
def list_workers(chosen: Chosen, *, as_json: bool) -> None:
    """List the workers that the server heard of lately."""
    views = Door(chosen.open()).workers()
    rows = [(view.name, f"{view.busy}/{view.slots}", view.python, view.platform, view.seen_at) for view in views]
    show(views, Table.of(("name", "busy", "python", "platform", "seen"), rows), as_json=as_json)
