"""A user of a workspace, in the few sentences that stories are made of: want an environment, build it, run a script.

Everything goes through the SDK's public names, as a program of a user's would.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from wheelkeep.errors import WheelkeepError
from wheelkeep.sdk.build import Build
from wheelkeep.sdk.conda_dependencies import CondaDependencies
from wheelkeep.sdk.environment import Environment
from wheelkeep.sdk.experiment import Experiment
from wheelkeep.sdk.run import Run
from wheelkeep.sdk.script_run_config import ScriptRunConfig
from wheelkeep.sdk.workspace import Workspace

__all__ = ["User", "check_told"]


class User:
    """Somebody who works in `workspace`, with a folder for their own files."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace = workspace
        self.folder = folder

    def define(self, name: str, packages: Sequence[str], options: Sequence[str] = ()) -> Environment:
        """An environment of pip packages, not registered."""
        dependencies = CondaDependencies()
        for package in packages:
            dependencies.add_pip_package(package)
        for option in options:
            dependencies.set_pip_option(option)
        environment = Environment(name=name)
        environment.python.conda_dependencies = dependencies
        return environment

    def register(self, name: str, packages: Sequence[str], options: Sequence[str] = ()) -> Environment:
        """The same, registered."""
        return self.define(name, packages, options).register(self.workspace)

    def start_build(self, name: str, packages: Sequence[str], options: Sequence[str] = ()) -> Build:
        """A build of a registered environment, not waited for."""
        return self.register(name, packages, options).build(self.workspace)

    def build(self, name: str, packages: Sequence[str], options: Sequence[str] = ()) -> Environment:
        """The environment, registered and built."""
        environment = self.register(name, packages, options)
        environment.build(self.workspace).wait_for_completion(show_output=False)
        return environment

    def fail(self, name: str, packages: Sequence[str], options: Sequence[str] = ()) -> WheelkeepError:
        """How the build of such an environment fails.

        Raises:
            AssertionError: it succeeds.
        """
        try:
            self.build(name, packages, options)
        except WheelkeepError as error:
            return error
        raise AssertionError(f"the build of {name} succeeded")

    def submit(
        self,
        environment: Environment,
        text: str,
        *,
        arguments: Sequence[str] = (),
        files: Mapping[str, str] | None = None,
        experiment: str = "story",
    ) -> Run:
        """A run of a script that consists of `text`, not waited for."""
        source = self.folder / f"source-{environment.name}"
        source.mkdir(parents=True, exist_ok=True)
        for name, content in {"train.py": text, **(files or {})}.items():
            (source / name).write_text(content, encoding="utf-8")
        config = ScriptRunConfig(
            source_directory=source, script="train.py", arguments=arguments, environment=environment
        )
        return Experiment(self.workspace, experiment).submit(config)

    def lines(self, environment: Environment) -> str:
        """The lock of a built environment, as PEP 751 text."""
        return environment.get_lock(self.workspace)


def check_told(error: WheelkeepError, kind: type[WheelkeepError], code: str, *says: str) -> None:
    """Check what a user sees of `error`: its class and code, the words in its message or hint, a hint, no traceback.

    Raises:
        AssertionError: something is missing.
    """
    seen = f"{type(error).__name__} {error.code}: {error.message} | hint: {error.hint}"
    text = f"{error.message}\n{error.hint}".lower()
    problems = [
        problem
        for problem, is_there in (
            (f"it is no {kind.__name__}", type(error) is not kind),
            (f"its code is not {code}", error.code != code),
            ("it has no hint", not error.hint),
            ("it shows a traceback", "traceback" in text),
            ("it names the code of an internal error", error.code == "internal"),
            *((f"it does not say {word!r}", word.lower() not in text) for word in says),
        )
        if is_there
    ]
    if problems:
        raise AssertionError(f"{'; '.join(problems)}. Seen: {seen}")
