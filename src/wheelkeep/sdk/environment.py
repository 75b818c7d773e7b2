"""`Environment`: a name and what is asked under it, with the names of Azure ML's v1 object.

Mutable while a script writes it; `definition()` is the frozen value that a server registers. Attributes that it does
not have raise AttributeError. Differences to Azure's object, all deliberate: `clone` shares nothing, requirements files
are read instead of copied, `save_to_directory` leaves nothing stale, a credential anywhere is refused.
Source: `reference/azure.md` §1.1, §1.5, §7; contract §4.
"""

import copy
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from wheelkeep.definition.conda import conda_file_of, define_conda, format_conda, parse_conda
from wheelkeep.definition.model import Definition
from wheelkeep.definition.requirement import parse_requirement
from wheelkeep.definition.requirements import Requirements, parse_requirements
from wheelkeep.definition.secrecy import check_no_secret_fields
from wheelkeep.errors import RequestError
from wheelkeep.sdk.build import Build
from wheelkeep.sdk.conda_dependencies import CondaDependencies
from wheelkeep.sdk.environment_folder import (
    CONSTRAINTS_NAME,
    EnvironmentFolder,
    folder_reader,
    read_environment_folder,
    read_text,
    write_environment_folder,
)
from wheelkeep.sdk.registration import (
    fetch_environment,
    fetch_environments,
    fetch_lock,
    parse_version,
    register_definition,
    request_build,
)
from wheelkeep.sdk.sections import DockerSection, PythonSection
from wheelkeep.sdk.settings_json import difference_json, hide_secrets, read_object, read_text_value
from wheelkeep.sdk.workspace import Workspace
from wheelkeep.wire.resources import EnvironmentView

__all__ = ["Environment"]

_AZURE_PLACEHOLDER = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}


class Environment:
    """What is asked under a name.

    Args:
        name: the environment's name; checked when it is registered.

    Attributes:
        version: given by the server; None before it is registered.
        python: interpreter and packages.
        docker: the image below; kept for fidelity, not used yet.
        environment_variables: set for runs.
        spark, databricks, r, inferencing_stack_version, asset_id: Azure's, kept as they are.

    Raises:
        TypeError: the name is neither a text nor None.
    """

    __slots__ = (
        "asset_id",
        "databricks",
        "docker",
        "environment_variables",
        "inferencing_stack_version",
        "name",
        "python",
        "r",
        "spark",
        "version",
    )

    def __init__(self, name: str | None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"Environment name expected str, {type(name).__name__} found")
        self.name = name
        self.version: int | None = None
        self.python = PythonSection()
        self.docker = DockerSection()
        self.environment_variables: dict[str, str] = {}
        self.spark: dict[str, object] | None = None
        self.databricks: dict[str, object] | None = None
        self.r: dict[str, object] | None = None
        self.inferencing_stack_version: str | None = None
        self.asset_id: str | None = None

    @staticmethod
    def from_conda_specification(name: str, file_path: str | Path) -> "Environment":
        """An environment that asks for what a conda file does; `-r` and `-c` in its pip section are followed.

        Raises:
            RequestError: the file is malformed, asks for what is not supported, or carries a credential.
            NotFoundError: `file_not_found`.
        """
        environment = Environment(name)
        environment.python.conda_dependencies = CondaDependencies(file_path)
        return environment

    @staticmethod
    def from_pip_requirements(name: str, file_path: str | Path, pip_version: str | None = None) -> "Environment":
        """An environment that asks for what a requirements file does; `-r` and `-c` are followed.

        Args:
            name: the environment's name.
            file_path: the requirements file.
            pip_version: Azure's conda pin of pip; kept for fidelity, uv installs the environment.

        Raises:
            RequestError: the file is malformed, asks for what is not supported, or carries a credential.
            NotFoundError: `file_not_found`.
        """
        path = Path(file_path)
        asked = parse_requirements(read_text(path), name=path.name, read=folder_reader(path.parent))
        environment = Environment(name)
        environment.python.conda_dependencies = _dependencies_of(asked, pip_version)
        return environment

    @staticmethod
    def from_definition(definition: Definition, *, name: str | None, version: int | None = None) -> "Environment":
        """The environment that asks for what `definition` does."""
        environment = Environment(name)
        environment.version = version
        file = conda_file_of(replace(definition, environment_variables={}))
        constraints = [line.line for line in definition.constraints]
        environment.python.conda_dependencies = CondaDependencies.from_file(file, constraints=constraints)
        environment.environment_variables = dict(definition.environment_variables)
        environment._read_settings(copy.deepcopy(dict(definition.extras)))
        return environment

    def definition(self) -> Definition:
        """What is asked, as a frozen value: what a server registers.

        Raises:
            RequestError: a part is malformed, unsupported or carries a credential.
        """
        dependencies = self.python.conda_dependencies
        asked = define_conda(dependencies.conda_file)
        settings = self._settings()
        usual = Environment(None)._settings()  # noqa: SLF001  # its own class
        for key in ("name", "version", "environmentVariables", "assetId"):
            del settings[key]
        return replace(
            asked,
            constraints=tuple(parse_requirement(line) for line in dependencies.pip_constraints),
            environment_variables={**asked.environment_variables, **self.environment_variables},
            extras=copy.deepcopy(difference_json(settings, usual)),
        )

    def clone(self, new_name: str) -> "Environment":
        """A copy under another name, without a version; nothing is shared with this one.

        Raises:
            RequestError: `invalid_name`: the name is empty.
        """
        if not new_name:
            raise RequestError("a clone needs a name", code="invalid_name", hint="give the new environment's name")
        copied = copy.deepcopy(self)
        copied.name, copied.version, copied.asset_id = new_name, None, None
        return copied

    def save_to_directory(self, path: str | Path, overwrite: bool = False) -> None:  # noqa: FBT001, FBT002  # Azure's signature
        """Write the environment into a folder, in Azure's layout.

        Raises:
            ConflictError: `already_exists`.
            RequestError: the environment is malformed or carries a credential.
        """
        dependencies = self.python.conda_dependencies
        constraints = tuple(dependencies.pip_constraints)
        file = dependencies.conda_file
        if constraints:
            file = replace(file, pip=(*file.pip, f"-c {CONSTRAINTS_NAME}"))
        settings = self._settings()
        dockerfile = self.docker.base_dockerfile
        settings["docker"] = {**self.docker.to_json(), "baseDockerfile": None}
        check_no_secret_fields(settings)
        content = EnvironmentFolder(
            settings=settings, conda=format_conda(file), dockerfile=dockerfile, constraints=constraints
        )
        write_environment_folder(Path(path), content, overwrite=overwrite)

    @staticmethod
    def load_from_directory(path: str | Path) -> "Environment":
        """The environment that a folder holds, as `save_to_directory` or Azure's tools write it.

        Raises:
            NotFoundError: `file_not_found`.
            RequestError: a file is malformed.
        """
        folder = Path(path)
        content = read_environment_folder(folder)
        environment = Environment(read_text_value(content.settings, "name"))
        version = read_text_value(content.settings, "version")
        environment.version = int(version) if version and version.isascii() and version.isdigit() else None
        environment._read_settings(content.settings)
        environment.asset_id = read_text_value(content.settings, "assetId")
        conda = content.conda or _inline_conda(content.settings)
        if conda is not None:
            file = parse_conda(conda)
            environment.python.conda_dependencies = CondaDependencies.from_file(file, folder=folder)
        if content.dockerfile is not None:
            environment.docker.base_dockerfile = content.dockerfile
        return environment

    # what a server does with it

    def register(self, workspace: Workspace) -> "Environment":
        """This environment as the server keeps it, with its version; an equal definition makes no new version.

        Raises:
            RequestError: a part is malformed, unsupported or carries a credential; `invalid_name`.
        """
        if not self.name:
            raise RequestError("the environment has no name", code="invalid_name", hint="Environment(name='my-env')")
        return Environment._of(register_definition(workspace, self.name, self.definition()))

    def build(self, workspace: Workspace) -> Build:
        """Lock this environment and make it on a node; registers it first when it has no version.

        Returns:
            The build, at once; wait with `wait_for_completion`.
        """
        registered = self if self.version is not None else self.register(workspace)
        return request_build(workspace, str(registered.name), registered.version)

    def get_lock(self, workspace: Workspace) -> str:
        """Its lock as PEP 751 text (`pylock.toml`).

        Raises:
            NotFoundError: `environment_not_built`.
        """
        return fetch_lock(workspace, str(self.name), self.version)

    @staticmethod
    def get(workspace: Workspace, name: str, version: int | str | None = None) -> "Environment":
        """The environment `name` in that version, or in its latest.

        Raises:
            NotFoundError: `unknown_environment`.
        """
        number = None if version is None else parse_version(version)
        return Environment._of(fetch_environment(workspace, name, number))

    @staticmethod
    def list(workspace: Workspace) -> "dict[str, Environment]":
        """The latest version of each environment, by name."""
        return {view.name: Environment._of(view) for view in fetch_environments(workspace)}

    @staticmethod
    def add_private_pip_wheel(workspace: Workspace, file_path: str | Path, exist_ok: bool = False) -> str:  # noqa: ARG004, FBT001, FBT002  # Azure's signature; equal content is welcome anyway, other content never
        """Upload a wheel to the workspace; its stable URL, for `CondaDependencies.add_pip_package`.

        The URL holds no secret, ends in the file's name and `#sha256=...`, and is the same for the same content.

        Raises:
            NotFoundError: `file_not_found`.
            WheelError: what is wrong with the file, and the legal name.
            ConflictError: `wheel_exists`: other content under that name, whatever `exist_ok` says.
        """
        return workspace.wheels.add(file_path).url

    @classmethod
    def _of(cls, view: EnvironmentView) -> "Environment":
        return cls.from_definition(Definition.from_json(view.definition), name=view.name, version=view.version)

    def __repr__(self) -> str:
        return json.dumps(hide_secrets(self._settings()), indent=4, sort_keys=True)

    def __str__(self) -> str:
        return f"Environment(Name: {self.name},\nVersion: {self.version})"

    def _settings(self) -> dict[str, object]:
        """The sections in Azure's JSON form and key order, without the packages."""
        return {
            "name": self.name,
            "version": None if self.version is None else str(self.version),
            "environmentVariables": dict(self.environment_variables),
            "python": self.python.to_json(),
            "docker": self.docker.to_json(),
            "spark": self.spark,
            "databricks": self.databricks,
            "r": self.r,
            "inferencingStackVersion": self.inferencing_stack_version,
            "assetId": self.asset_id,
        }

    def _read_settings(self, settings: Mapping[str, object]) -> None:
        """Take the sections of a JSON object, except name and version."""
        self.python.read_json(settings.get("python") or {}, where="python")
        self.docker.read_json(settings.get("docker") or {}, where="docker")
        self.spark = read_object(settings, "spark")
        self.databricks = read_object(settings, "databricks")
        self.r = read_object(settings, "r")
        self.inferencing_stack_version = read_text_value(settings, "inferencingStackVersion")
        variables = read_object(settings, "environmentVariables") or {}
        if variables and variables != _AZURE_PLACEHOLDER:
            self.environment_variables = {name: str(value) for name, value in variables.items()}


def _dependencies_of(asked: Requirements, pip_version: str | None) -> CondaDependencies:
    dependencies = CondaDependencies()
    if pip_version is not None:
        dependencies.add_conda_package(f"pip={pip_version}")
    file = replace(
        dependencies.conda_file,
        pip=(*(line.line for line in asked.requirements), *(str(option) for option in asked.options)),
    )
    return CondaDependencies.from_file(file, constraints=[line.line for line in asked.constraints])


def _inline_conda(settings: Mapping[str, object]) -> str | None:
    """The packages as Azure's REST form holds them, inside the Python section; JSON is YAML."""
    inline = read_object(read_object(settings, "python") or {}, "condaDependencies")
    return json.dumps(inline) if inline else None
