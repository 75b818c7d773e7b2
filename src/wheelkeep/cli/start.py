"""`wheelkeep init`: an embedded workspace in a folder, or a note of which server's workspace is meant here."""

from pathlib import Path

import click

from wheelkeep.cli.options import json_option
from wheelkeep.cli.output import describe, say, show
from wheelkeep.sdk.location import CONFIG_NAME
from wheelkeep.sdk.workspace import Workspace

__all__ = ["init"]


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--url", metavar="URL", help="Use a server's workspace instead of one in this folder.")
@click.option("--workspace", "name", metavar="NAME", default="default", show_default=True, help="The workspace's name.")
@json_option
def init(folder: Path, *, url: str | None, name: str, as_json: bool) -> None:
    """Make an embedded workspace in FOLDER (here if not given), and start its server and worker.

    Writes .wheelkeep/config.json, which programs in FOLDER and below find. No token stands in it.
    """
    was_there = (folder / ".wheelkeep" / CONFIG_NAME).exists()
    workspace = Workspace.get(name, url=url) if url else Workspace.local(folder, name=name)
    config = workspace.write_config(folder)
    facts = {"workspace": workspace.name, "url": workspace.url, "index": workspace.index_url, "config": str(config)}
    show(facts, describe(facts), as_json=as_json)
    if was_there:
        say("it was there already; nothing in it was changed" if url is None else f"{config} was there; it is replaced")
    else:
        say("next: wheelkeep wheel add FILE, or wheelkeep connection set NAME")
