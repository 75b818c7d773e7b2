"""`wheelkeep server`: the process that keeps workspaces; it runs no foreign code, so a worker runs beside it."""

from dataclasses import replace
from pathlib import Path

import click

from wheelkeep.cli.beside import run_side_by_side
from wheelkeep.cli.options import hand_on, json_option
from wheelkeep.cli.output import say, show
from wheelkeep.cli.processes import check_server_is_installed, replace_by
from wheelkeep.sdk.embedded import stop_embedded
from wheelkeep.sdk.location import EmbeddedLocation, find_location
from wheelkeep.settings import ClientSettings, ServerSettings

__all__ = ["server"]


@click.group(invoke_without_command=True)
@click.option("--no-worker", is_flag=True, help="Start no worker beside it.")
@click.option("--listen", metavar="HOST:PORT", help="Where to listen. [env: WHEELKEEP_LISTEN]")
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="Data folder. [env: WHEELKEEP_HOME]")
@click.pass_context
def server(context: click.Context, *, no_worker: bool, listen: str | None, home: Path | None) -> None:
    """Run a server here until it is told to stop, or stop the embedded one of a folder."""
    if context.invoked_subcommand is not None:
        hand_on(context, "home")
        return
    settings = ServerSettings.read()
    settings = settings.listening_on(listen) if listen else settings
    settings = replace(settings, home=home.absolute()) if home else settings
    arguments = ["serve", "--home", str(settings.home)]
    arguments += ["--listen", listen] if listen else []
    if no_worker:
        replace_by("wheelkeep.server", arguments)
    check_server_is_installed()
    context.exit(run_side_by_side(settings, arguments))


@server.command()
@click.option("--home", type=click.Path(file_okay=False, path_type=Path), help="Data folder. [env: WHEELKEEP_HOME]")
@json_option
def stop(*, home: Path | None, as_json: bool) -> None:
    """Stop the embedded server and worker of a folder. Work that goes on is taken up at the next start."""
    location = find_location(ClientSettings.read(), start=Path.cwd(), home=home)
    if not isinstance(location, EmbeddedLocation):
        raise click.UsageError(f"{location.url} is not of this folder; stop it where it was started")
    ran = stop_embedded(location.home)
    if as_json:
        show({"stopped": ran}, "", as_json=True)
    else:
        say("stopped" if ran else "none was running")
