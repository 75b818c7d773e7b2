"""What was asked of an environment, as one frozen value with a JSON form and a digest for comparison.

A definition is asked, a lock is given: nothing here says what will be installed. Its parts are kept as they were
written, because the definition is shown to people; `digest` is what equality means. Read next: `resolution.py`.
Source: contract §2 and §4.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from wheelkeep.definition.conda_package import conda_package_name
from wheelkeep.definition.options import PipOption, parse_options
from wheelkeep.definition.python_version import parse_python
from wheelkeep.definition.requirement import RequirementLine, parse_requirement
from wheelkeep.definition.secrecy import check_no_secret, check_no_secret_fields, shown
from wheelkeep.digest import Digest, digest_of_value
from wheelkeep.errors import RequestError

__all__ = ["Definition"]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Json(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The JSON form: every part may be left out."""

    python: str | None = None
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    conda_packages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    name: str | None = None
    environment_variables: dict[str, str] = {}
    extras: dict[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What was asked.

    Attributes:
        python: `3.11`, `3.11.7`, a range as `>=3.8,<3.13`, or None for the node's own minor version.
        requirements: pip requirements in their order, as written, with their hashes.
        options: pip options in their order, which is the order of the feeds.
        constraints: lines of constraints files.
        conda_packages: conda packages other than Python, as written; `pip` may be among them.
        channels: conda channels in their order.
        name: the conda file's own name; not counted in comparisons.
        environment_variables: set for runs and builds.
        extras: what other tools put into a definition (base image, Spark, R), kept for fidelity, uninterpreted.
    """

    python: str | None = None
    requirements: tuple[RequirementLine, ...] = ()
    options: tuple[PipOption, ...] = ()
    constraints: tuple[RequirementLine, ...] = ()
    conda_packages: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    name: str | None = None
    environment_variables: Mapping[str, str] = field(default_factory=dict)
    extras: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_text(self.name or "", "the conda name")
        for package in self.conda_packages:
            conda_package_name(package)
            check_no_secret(package, where="a conda package", category="CondaChannel")
        for channel in self.channels:
            _check_text(channel, "a conda channel")
            check_no_secret(channel, where="a conda channel", category="CondaChannel")
        for name, value in self.environment_variables.items():
            _check_variable(name, value)
        check_no_secret_fields(self.extras)

    @property
    def digest(self) -> Digest:
        """What two definitions share when they ask for the same.

        Not counted: the conda name, comments, the spelling of a requirement, the authority of a workspace wheel's URL;
        without real conda packages also the channels, because nothing comes from them.
        """
        packages = [package for package in self.conda_packages if package.strip() != "pip"]
        needs_channels = any(conda_package_name(package) != "pip" for package in packages)
        return digest_of_value(
            {
                "python": self.python,
                "requirements": [line.canonical for line in self.requirements],
                "options": [str(option) for option in self.options],
                "constraints": [line.canonical for line in self.constraints],
                "conda_packages": packages,
                "channels": list(self.channels) if needs_channels else [],
                "environment_variables": dict(self.environment_variables),
                "extras": dict(self.extras),
            }
        )

    def to_json(self) -> dict[str, object]:
        """The JSON form, stable and without empty parts; `from_json` reads it back to an equal value."""
        parts: dict[str, object] = {
            "python": self.python,
            "requirements": [line.line for line in self.requirements],
            "options": [str(option) for option in self.options],
            "constraints": [line.line for line in self.constraints],
            "conda_packages": list(self.conda_packages),
            "channels": list(self.channels),
            "name": self.name,
            "environment_variables": dict(self.environment_variables),
            "extras": dict(self.extras),
        }
        return {key: value for key, value in parts.items() if value}

    @classmethod
    def from_json(cls, value: object) -> "Definition":
        """The definition that a JSON object writes; everything in it is checked again, whoever sent it.

        Raises:
            RequestError: `invalid_environment`, `invalid_requirement`, `invalid_option`, `invalid_conda_file` or
                `secret_in_definition`.
        """
        try:
            check_no_secret_fields(value)
            form = msgspec.convert(value, _Json)
        except (msgspec.ValidationError, RecursionError) as error:
            raise RequestError(
                f"the definition cannot be read: {error}",
                code="invalid_environment",
                hint="a definition is the JSON form of wheelkeep.definition; see docs/reference",
            ) from None
        return cls(
            python=None if form.python is None else parse_python(form.python),
            requirements=tuple(parse_requirement(line) for line in form.requirements),
            options=tuple(option for line in form.options for option in parse_options(line)),
            constraints=tuple(parse_requirement(line) for line in form.constraints),
            conda_packages=form.conda_packages,
            channels=form.channels,
            name=form.name,
            environment_variables=form.environment_variables,
            extras=form.extras,
        )


def _check_text(text: str, what: str) -> None:
    if not text.isprintable():
        raise RequestError(
            f"{what} holds control characters", code="invalid_environment", hint="use printable characters on one line"
        )


def _check_variable(name: str, value: str) -> None:
    if not _VARIABLE.fullmatch(name):
        raise RequestError(
            f"{shown(name)!r} is no name of an environment variable",
            code="invalid_environment",
            hint="use letters, digits and '_', not beginning with a digit",
        )
    try:
        value.encode()
    except UnicodeEncodeError:
        value = "\0"
    if "\0" in value:
        raise RequestError(
            f"the environment variable {name} holds a value that no process can be given",
            code="invalid_environment",
            hint="use text without NUL characters",
        )
    check_no_secret(value, where=f"the environment variable {name}", category="Generic")
