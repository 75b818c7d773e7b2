"""Wheelkeep gives every machine-learning environment its private Python packages, and never gives away a credential.

The names below are the SDK. They load on first use, so `import wheelkeep` costs milliseconds and no server library.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wheelkeep.errors import WheelkeepError
    from wheelkeep.sdk.build import Build
    from wheelkeep.sdk.conda_dependencies import CondaDependencies
    from wheelkeep.sdk.environment import Environment
    from wheelkeep.sdk.experiment import Experiment
    from wheelkeep.sdk.run import Run
    from wheelkeep.sdk.script_run_config import ScriptRunConfig
    from wheelkeep.sdk.sections import DockerSection, PythonSection
    from wheelkeep.sdk.workspace import Workspace

    __version__: str

__all__ = [
    "Build",
    "CondaDependencies",
    "DockerSection",
    "Environment",
    "Experiment",
    "PythonSection",
    "Run",
    "ScriptRunConfig",
    "WheelkeepError",
    "Workspace",
    "__version__",
]

_HOME_OF = {
    "Build": "wheelkeep.sdk.build",
    "CondaDependencies": "wheelkeep.sdk.conda_dependencies",
    "DockerSection": "wheelkeep.sdk.sections",
    "Environment": "wheelkeep.sdk.environment",
    "Experiment": "wheelkeep.sdk.experiment",
    "PythonSection": "wheelkeep.sdk.sections",
    "Run": "wheelkeep.sdk.run",
    "ScriptRunConfig": "wheelkeep.sdk.script_run_config",
    "WheelkeepError": "wheelkeep.errors",
    "Workspace": "wheelkeep.sdk.workspace",
}


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - costs more than all the rest

    try:
        return version("wheelkeep")
    except PackageNotFoundError:  # pragma: no cover - only a source tree that was never installed has no version
        return "0"


def __getattr__(name: str) -> object:
    if name != "__version__" and name not in _HOME_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = _version() if name == "__version__" else getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
