"""What to run: a script of a folder, its arguments, its environment. Source: reference/azure.md §1.8."""

from collections.abc import Sequence
from pathlib import Path

from wheelkeep.errors import NotFoundError, RequestError
from wheelkeep.sdk.environment import Environment

__all__ = ["ScriptRunConfig"]


class ScriptRunConfig:
    """A script of a source folder, to be run in an environment.

    Args:
        source_directory: the folder that is sent along.
        script: path of the script inside it.
        arguments: its arguments; each is made a text.
        environment: an `Environment`, registered or not; an unregistered one is registered at submission.
        compute_target: where to run; `local`.
        environment_variables: more variables for the script; never a secret, they are stored.

    Raises:
        NotFoundError: `file_not_found`: no such folder.
        RequestError: `script_not_found`; `unsupported` for another target.
    """

    def __init__(
        self,
        source_directory: str | Path,
        script: str | None = None,
        arguments: Sequence[object] | None = None,
        *,
        environment: Environment | None = None,
        compute_target: str = "local",
        environment_variables: dict[str, str] | None = None,
    ) -> None:
        self.source_directory = Path(source_directory)
        if not self.source_directory.is_dir():
            raise NotFoundError(
                f"there is no folder {source_directory}", code="file_not_found", hint="name the folder with the script"
            )
        if not script:
            raise RequestError("no script was named", code="script_not_found", hint="pass script='train.py'")
        root = self.source_directory.resolve()
        path = (root / script).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            raise RequestError(
                f"there is no script {script} in {source_directory}",
                code="script_not_found",
                hint="name it relative to the source folder",
            )
        self.script = path.relative_to(root).as_posix()
        self.arguments = [str(argument) for argument in arguments or ()]
        self.environment = environment
        self.compute_target = compute_target
        self.environment_variables = dict(environment_variables or {})
