"""`wheelkeep run`: scripts executed in an environment."""

import re
from pathlib import Path

import click

from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, describe, format_size, say, show, show_line
from wheelkeep.cli.progress import follow
from wheelkeep.cli.reference import Reference
from wheelkeep.sdk.environment import Environment
from wheelkeep.sdk.experiment import Experiment
from wheelkeep.sdk.follow import told_when_interrupted
from wheelkeep.sdk.run import Run
from wheelkeep.sdk.script_run_config import ScriptRunConfig
from wheelkeep.wire.resources import RunView

__all__ = ["run"]


@click.group()
def run() -> None:
    """Submit training runs, list, show, follow and cancel them, fetch what they left."""


def _properties(view: RunView) -> Table:
    values: dict[str, object] = {
        "run": view.id,
        "experiment": f"{view.experiment} #{view.number}",
        "status": view.status,
        "script": " ".join([view.script, *view.arguments]),
        "environment": f"{view.environment}:{view.version}",
        "lock": view.lock_digest,
        "snapshot": view.snapshot,
        "worker": view.worker,
        "started": view.started_at,
        "ended": view.ended_at,
        "exit code": view.exit_code,
    }
    values.update({f"metric {point.name}": point.value for point in view.metrics})
    values.update({f"output {file.path}": format_size(file.size) for file in view.outputs})
    if view.failure is not None:
        values["failure"] = f"{view.failure.code}: {view.failure.message}"
    return describe(values)


def _state(followed: Run) -> str:
    view = followed.refresh()
    return f"{view.experiment} #{view.number} {view.status}"


def _experiment_of(script: str) -> str:
    """The name of the experiment that a script belongs to when none is given; any file name makes a legal one."""
    return re.sub(r"[^A-Za-z0-9_-]+", "-", Path(script).stem).strip("-_")[:255] or "script"


def _show_to_its_end(followed: Run, *, keep_stdout: bool) -> None:
    note = f"the run goes on; follow it: wheelkeep run logs {followed.id}; stop it: wheelkeep run cancel {followed.id}"
    with told_when_interrupted(note):
        follow(followed, lambda: _state(followed), keep_stdout=keep_stdout)


@run.command(context_settings={"ignore_unknown_options": True})
@click.argument("script")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--environment",
    "reference",
    metavar="NAME[:VERSION]",
    required=True,
    type=Reference(),
    help="The environment to run it in, its latest version if none is given; built first when it is not yet.",
)
@click.option(
    "--source", type=click.Path(path_type=Path), default=Path(), help="The folder that is sent; here if not given."
)
@click.option("--experiment", help="What the run belongs to; the script's name if not given.")
@click.option("--detach", is_flag=True, help="Do not wait for the end; prints the run's id.")
@json_option
@with_workspace
def submit(
    chosen: Chosen,
    script: str,
    arguments: tuple[str, ...],
    *,
    reference: tuple[str, int | None],
    source: Path,
    experiment: str | None,
    detach: bool,
    as_json: bool,
) -> None:
    """Run SCRIPT of a source folder in an environment. Its ARGUMENTS follow it, after `--` if they look like ours.

    Shows the log as it comes: the script's stdout on stdout. With --json stdout holds the run's record alone.
    """
    workspace = chosen.open()
    environment = Environment.get(workspace, *reference)
    asked = ScriptRunConfig(source_directory=source, script=script, arguments=list(arguments), environment=environment)
    submitted = Experiment(workspace, experiment or _experiment_of(script)).submit(asked)
    if detach:
        show(submitted.view, submitted.id, as_json=as_json)
        return
    say(f"run {submitted.id}")
    _show_to_its_end(submitted, keep_stdout=as_json)
    view = submitted.refresh()
    if as_json:
        show(view, "", as_json=True)
    submitted.check_completed(log_shown=True)
    say(f"run {view.id} {view.status}")


@run.command("list")
@json_option
@with_workspace
def list_runs(chosen: Chosen, *, as_json: bool) -> None:
    """List the runs, the newest first."""
    views = [each.view for each in Run.list(chosen.open())]
    rows = [(view.id, f"{view.experiment} #{view.number}", view.status, view.created_at) for view in views]
    show(views, Table.of(("run", "experiment", "status", "submitted"), rows), as_json=as_json)


@run.command("show")
@click.argument("identifier", metavar="RUN")
@json_option
@with_workspace
def show_run(chosen: Chosen, identifier: str, *, as_json: bool) -> None:
    """Show a run: its status, digests, metrics and outputs."""
    view = Run.get(chosen.open(), identifier).view
    show(view, _properties(view), as_json=as_json)


@run.command()
@click.argument("identifier", metavar="RUN")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@with_workspace
def logs(chosen: Chosen, identifier: str, *, as_json: bool) -> None:
    """Show a run's log, from its beginning to its end; a run that goes on is followed."""
    followed = Run.get(chosen.open(), identifier)
    with told_when_interrupted(f"the run goes on; stop it: wheelkeep run cancel {identifier}"):
        if as_json:
            for line in followed.follow():
                show_line(line)
        else:
            follow(followed, lambda: _state(followed), with_failure=True)


@run.command()
@click.argument("identifier", metavar="RUN")
@json_option
@with_workspace
def cancel(chosen: Chosen, identifier: str, *, as_json: bool) -> None:
    """Ask a run to stop."""
    asked = Run.get(chosen.open(), identifier)
    asked.cancel()
    say(f"asked run {asked.id} to stop")
    if as_json:
        show(asked.view, "", as_json=True)


@run.command()
@click.argument("identifier", metavar="RUN")
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@json_option
@with_workspace
def download(chosen: Chosen, identifier: str, folder: Path | None, *, as_json: bool) -> None:
    """Fetch what a run left, such as outputs/model.joblib, into FOLDER (a new one, named after the run, if not given).

    Prints the paths of the files.
    """
    found = Run.get(chosen.open(), identifier)
    paths = [str(path) for path in found.download_outputs(folder or Path(found.id))]
    if paths or as_json:
        show(paths, "\n".join(paths), as_json=as_json)
    else:
        say("the run left no files")
