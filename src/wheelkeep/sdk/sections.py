"""The sections of an `Environment`: Python and Docker, with the names of Azure ML's v1 objects.

A name that a section does not have raises AttributeError, so a typing mistake fails where it is made. What this service
does not use yet (base images, Dockerfiles) is kept for fidelity; `definition.resolution` refuses what would change the
environment. Source: `reference/azure.md` §1.3, §1.5.
"""

from collections.abc import Mapping
from typing import ClassVar

from wheelkeep.sdk.conda_dependencies import CondaDependencies
from wheelkeep.sdk.settings_json import malformed

__all__ = ["ContainerRegistry", "DockerImagePlatform", "DockerSection", "PythonSection"]


_OBJECTS = frozenset({"buildContext", "registryIdentity"})
"""Keys whose values are objects when they are not null; the others are texts."""


class _Section:
    """Declared values alone, with their names in Azure's JSON."""

    __slots__ = ()
    json_names: ClassVar[Mapping[str, str]] = {}

    def to_json(self) -> dict[str, object]:
        """The section in Azure's JSON form, in its key order."""
        values = {name: getattr(self, attribute) for attribute, name in self.json_names.items()}
        return {name: value.to_json() if isinstance(value, _Section) else value for name, value in values.items()}

    def read_json(self, value: object, *, where: str) -> None:
        """Take the values of a JSON object; a key that is missing or null leaves the default.

        Raises:
            RequestError: `invalid_environment`: it is no object, or a value has another type.
        """
        if not isinstance(value, Mapping):
            raise malformed(where, "is no object")
        for attribute, name in self.json_names.items():
            given = value.get(name)
            present = getattr(self, attribute)
            if isinstance(present, _Section) and given is not None:
                present.read_json(given, where=f"{where}.{name}")
            elif given is not None:
                usual = (dict if name in _OBJECTS else str) if present is None else type(present)
                if type(given) is not usual:
                    raise malformed(f"{where}.{name}", f"must be a {usual.__name__}")
                setattr(self, attribute, given)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}=...' for name in self.json_names)})"


class ContainerRegistry(_Section):
    """A registry of base images. Its credential belongs into a connection; a definition with one is refused."""

    __slots__ = ("address", "password", "registry_identity", "username")
    json_names: ClassVar[Mapping[str, str]] = {
        "address": "address",
        "username": "username",
        "password": "password",
        "registry_identity": "registryIdentity",
    }

    def __init__(self) -> None:
        self.address: str | None = None
        self.username: str | None = None
        self.password: str | None = None
        self.registry_identity: dict[str, object] | None = None


class DockerImagePlatform(_Section):
    """The platform of a base image."""

    __slots__ = ("architecture", "os")
    json_names: ClassVar[Mapping[str, str]] = {"os": "os", "architecture": "architecture"}

    def __init__(self) -> None:
        self.os = "Linux"
        self.architecture = "amd64"


_IMAGE_SOURCES = frozenset({"base_image", "base_dockerfile", "build_context"})


class DockerSection(_Section):
    """The image below the environment. Setting one of image, Dockerfile and build context takes the other two away."""

    __slots__ = (
        "arguments",
        "base_dockerfile",
        "base_image",
        "base_image_registry",
        "build_context",
        "enabled",
        "platform",
        "shared_volumes",
        "shm_size",
    )
    json_names: ClassVar[Mapping[str, str]] = {
        "enabled": "enabled",
        "base_image": "baseImage",
        "base_dockerfile": "baseDockerfile",
        "build_context": "buildContext",
        "shared_volumes": "sharedVolumes",
        "shm_size": "shmSize",
        "arguments": "arguments",
        "base_image_registry": "baseImageRegistry",
        "platform": "platform",
    }

    def __init__(self) -> None:
        self.base_image: str | None = None
        self.base_dockerfile: str | None = None
        self.build_context: dict[str, object] | None = None
        self.base_image_registry = ContainerRegistry()
        self.platform = DockerImagePlatform()
        self.enabled = False
        self.shared_volumes = True
        self.shm_size = "2g"
        self.arguments: list[str] = []

    def __setattr__(self, name: str, value: object) -> None:
        if name in _IMAGE_SOURCES and value is not None:
            for other in _IMAGE_SOURCES - {name}:
                super().__setattr__(other, None)
        super().__setattr__(name, value)


class PythonSection(_Section):
    """The Python and its packages."""

    __slots__ = (
        "base_conda_environment",
        "conda_dependencies",
        "conda_dependencies_file",
        "interpreter_path",
        "user_managed_dependencies",
    )
    json_names: ClassVar[Mapping[str, str]] = {
        "user_managed_dependencies": "userManagedDependencies",
        "interpreter_path": "interpreterPath",
        "conda_dependencies_file": "condaDependenciesFile",
        "base_conda_environment": "baseCondaEnvironment",
    }

    def __init__(self) -> None:
        self.user_managed_dependencies = False
        self.interpreter_path = "python"
        self.conda_dependencies = CondaDependencies()
        self.conda_dependencies_file: str | None = None
        self.base_conda_environment: str | None = None

    def __setattr__(self, name: str, value: object) -> None:
        if name == "conda_dependencies" and not isinstance(value, CondaDependencies):
            raise TypeError(f"conda_dependencies must be CondaDependencies, not {type(value).__name__}")
        super().__setattr__(name, value)
