"""`wheelkeep env`: environments, their versions, builds and locks."""

from collections.abc import Sequence
from pathlib import Path

import click

from wheelkeep.cli.door import Door
from wheelkeep.cli.options import Chosen, json_option, with_workspace
from wheelkeep.cli.output import Table, describe, say, show, show_text
from wheelkeep.cli.progress import follow
from wheelkeep.cli.reference import Reference, format_reference
from wheelkeep.lock.document import parse_lock
from wheelkeep.names import check_environment_name
from wheelkeep.sdk.build import Build
from wheelkeep.sdk.environment import Environment
from wheelkeep.sdk.follow import told_when_interrupted
from wheelkeep.sdk.registration import register_definition
from wheelkeep.wire.lock import lock_view
from wheelkeep.wire.resources import BuildView, EnvironmentView

__all__ = ["env"]


@click.group()
def env() -> None:
    """Register environments, list, show, build, lock and delete them."""


def _properties(view: EnvironmentView) -> Table:
    return describe(
        {
            "environment": f"{view.name}:{view.version}",
            "lock": view.lock_digest or "not built yet",
            "python": view.python,
            "platform": view.platform,
            "registered": f"{view.created_at} by {view.created_by}",
            "definition": view.definition_digest,
        }
    )


def _read_definition(name: str, requirements: Path | None, conda: Path | None) -> Environment:
    if (requirements is None) == (conda is None):
        raise click.UsageError("give one of --requirements and --conda")
    if conda is not None:
        return Environment.from_conda_specification(name, conda)
    assert requirements is not None  # noqa: S101 - one of the two was given, as checked above
    return Environment.from_pip_requirements(name, requirements)


@env.command()
@click.argument("name")
@click.option("--requirements", type=click.Path(path_type=Path), help="A requirements file of pip.")
@click.option("--conda", type=click.Path(path_type=Path), help="A conda environment file.")
@json_option
@with_workspace
def register(chosen: Chosen, name: str, *, requirements: Path | None, conda: Path | None, as_json: bool) -> None:
    """Register what a file asks for as the environment NAME. An equal definition makes no new version."""
    asked = _read_definition(name, requirements, conda)
    view = register_definition(chosen.open(), check_environment_name(name), asked.definition())
    show(view, f"{view.name}:{view.version}", as_json=as_json)


@env.command("list")
@json_option
@with_workspace
def list_environments(chosen: Chosen, *, as_json: bool) -> None:
    """List the environments, the latest version of each."""
    views = Door(chosen.open()).environments()
    rows = [(view.name, view.version, view.python, view.lock_digest or "not built yet") for view in views]
    show(views, Table.of(("name", "version", "python", "lock"), rows), as_json=as_json)


@env.command("show")
@click.argument("reference", metavar="NAME[:VERSION]", type=Reference())
@json_option
@with_workspace
def show_environment(chosen: Chosen, reference: tuple[str, int | None], *, as_json: bool) -> None:
    """Show a version of an environment, the latest when none is given."""
    view = Door(chosen.open()).environment(*reference)
    show(view, _properties(view), as_json=as_json)


def _state(build: Build) -> str:
    view = build.refresh()
    count = f" {view.done}/{view.total}" if view.total else ""
    return f"{view.environment}:{view.version} {view.stage or view.status.lower()}{count}"


def _outcome(view: BuildView) -> str:
    return f"{view.environment}:{view.version} {view.status} {view.lock_digest or ''}".rstrip()


@env.command()
@click.argument("reference", metavar="NAME[:VERSION]", type=Reference())
@click.option("--detach", is_flag=True, help="Do not wait for the end.")
@click.option("--cancel", is_flag=True, help="Stop the build of this environment that goes on.")
@json_option
@with_workspace
def build(chosen: Chosen, reference: tuple[str, int | None], *, detach: bool, cancel: bool, as_json: bool) -> None:
    """Lock an environment and make it. Waits and shows the log; a build that goes on already is joined.

    All talk goes to stderr; with --json stdout holds the build's record.
    """
    workspace = chosen.open()
    name, version = reference
    if cancel:
        _cancel(Door(workspace).cancel_builds(name, version), as_json=as_json)
        return
    started = Environment.get(workspace, name, version).build(workspace)
    if not detach:
        note = f"the build goes on; follow it: wheelkeep env build {name}; stop it: wheelkeep env build {name} --cancel"
        with told_when_interrupted(note):
            follow(started, lambda: _state(started), keep_stdout=as_json)
    view = started.refresh()
    if as_json:
        show(view, "", as_json=True)
    if not detach:
        started.check_succeeded()
    say(_outcome(view))


def _cancel(views: Sequence[BuildView], *, as_json: bool) -> None:
    for view in views:
        say(f"asked build {view.id} of {view.environment}:{view.version} to stop")
    if as_json:
        show(views, "", as_json=True)


@env.command()
@click.argument("reference", metavar="NAME[:VERSION]", type=Reference())
@json_option
@with_workspace
def lock(chosen: Chosen, reference: tuple[str, int | None], *, as_json: bool) -> None:
    """Print the lock of a version that was built: every file with its hash, as pylock.toml (PEP 751)."""
    text = Door(chosen.open()).lock(*reference)
    if as_json:
        show(lock_view(parse_lock(text)), "", as_json=True)
    else:
        show_text(text)


@env.command()
@click.argument("reference", metavar="NAME[:VERSION]", type=Reference())
@with_workspace
def delete(chosen: Chosen, reference: tuple[str, int | None]) -> None:
    """Delete an environment, or one version of it. Refused while a build or run uses it."""
    Door(chosen.open()).delete_environment(*reference)
    say(f"deleted {format_reference(*reference)}")
