"""What the resolver is told: a definition turned into a plan, or a clear refusal of what is not supported yet.

Pure, so the server can refuse a definition when it is registered and not an hour later in a build. Here the workspace's
wheels get the server's present address, and the packages that Azure's scripts name by habit are left out, because runs
and endpoints provide what they did. Source: contract §3.1, §4; issue 2.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from packaging.utils import NormalizedName

from wheelkeep.definition.conda_package import conda_package_name
from wheelkeep.definition.model import Definition
from wheelkeep.definition.options import PipOption, collapse_formats
from wheelkeep.definition.requirement import RequirementLine, SourceKind
from wheelkeep.definition.requirements import check_supported_source
from wheelkeep.definition.secrecy import shown
from wheelkeep.definition.wheel_url import WorkspaceWheel
from wheelkeep.errors import RequestError

__all__ = ["PROVIDED_PROJECTS", "ResolutionPlan", "plan_resolution"]

PROVIDED_PROJECTS = frozenset(
    {
        "azureml-core",
        "azureml-defaults",
        "azureml-inference-server-http",
        "azureml-model-management-sdk",
        "azureml-pipeline",
        "azureml-pipeline-core",
        "azureml-pipeline-steps",
        "azureml-sdk",
        "azureml-telemetry",
        "azureml-train",
        "azureml-train-core",
    }
)
"""Projects that are never resolved from an index: runs and endpoints provide what they did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolutionPlan:
    """What the resolver is told, and what its answer is checked against. Nothing here is a credential.

    Attributes:
        requirements: lines of a requirements file; a workspace wheel stands as `name @ <stable URL>`.
        constraints: lines of a constraints file.
        python: `3.11`, `3.11.7`, a range as `<3.13,>=3.10`, or None for the node's own minor version.
        index_url: replaces the public index; None leaves it.
        extra_index_urls: in the definition's order.
        no_index: no index at all, only the workspace's wheels.
        prerelease: versions before a release may be chosen.
        only_binary: projects, or `:all:`.
        no_binary: always empty while source builds are not supported; the seam for them.
        require_hashes: every file must be among `hashes`.
        hashes: the `--hash` values per project, `sha256:<hex>`.
        workspace_wheels: the wheels that the definition names by URL.
        provided: projects that were left out because runs and endpoints provide them.
        notes: what was ignored and why, for the build's log.
    """

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    python: str | None = None
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    no_index: bool = False
    prerelease: bool = False
    only_binary: tuple[str, ...] = ()
    no_binary: tuple[str, ...] = ()
    require_hashes: bool = False
    hashes: Mapping[NormalizedName, tuple[str, ...]] = field(default_factory=dict)
    workspace_wheels: tuple[WorkspaceWheel, ...] = ()
    provided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def allows(self, project: str, sha256: str) -> bool:
        """Whether the definition's hashes let the file of `project` with this `sha256` (hexadecimal) into the lock.

        A lock names its files by sha256, so other hashes were refused when this was planned.
        """
        wanted = self.hashes.get(NormalizedName(project))
        if wanted is None:
            return not self.require_hashes or any(
                wheel.project == project and wheel.sha256 == sha256 for wheel in self.workspace_wheels
            )
        return f"sha256:{sha256}" in wanted


def plan_resolution(definition: Definition, *, base_url: str | None = None) -> ResolutionPlan:
    """What the resolver is told for `definition`.

    Args:
        definition: what was asked.
        base_url: the server's present address, put into the URLs of workspace wheels; None leaves them as written.

    Raises:
        RequestError: `unsupported`, naming the part and what to do instead.
    """
    _check_supported(definition)
    kept = [line for line in definition.requirements if not _is_provided(line)]
    by_name = {name: [option for option in definition.options if option.name == name] for name in _NAMES}
    index_urls = by_name["--index-url"]
    return ResolutionPlan(
        requirements=tuple(_resolver_line(line, base_url) for line in kept),
        constraints=tuple(_resolver_line(line, base_url) for line in definition.constraints),
        python=definition.python,
        index_url=index_urls[-1].value if index_urls else None,
        extra_index_urls=tuple(option.value or "" for option in by_name["--extra-index-url"]),
        no_index=bool(by_name["--no-index"]),
        prerelease=bool(by_name["--pre"]),
        only_binary=collapse_formats(definition.options, "--only-binary"),
        require_hashes=bool(by_name["--require-hashes"]),
        hashes=_hashes([*kept, *definition.constraints]),
        workspace_wheels=tuple(line.wheel for line in [*kept, *definition.constraints] if line.wheel is not None),
        provided=tuple(str(line.project) for line in definition.requirements if _is_provided(line)),
        notes=_notes(definition),
    )


_NAMES = ("--index-url", "--extra-index-url", "--no-index", "--pre", "--require-hashes", "--trusted-host")


def _is_provided(line: RequirementLine) -> bool:
    """Whether runs provide it; a wheel of that name that the user uploaded is the user's own wish."""
    return line.kind is SourceKind.INDEX and line.project in PROVIDED_PROJECTS


def _resolver_line(line: RequirementLine, base_url: str | None) -> str:
    if line.wheel is None or line.requirement is None:
        return line.line
    extras = f"[{','.join(sorted(line.requirement.extras))}]" if line.requirement.extras else ""
    marker = f" ; {line.marker}" if line.marker else ""
    written = urlsplit(line.requirement.url or "")
    address = base_url or f"{written.scheme}://{written.netloc}"
    return f"{line.requirement.name}{extras} @ {line.wheel.url(address)}{marker}"


def _hashes(lines: Sequence[RequirementLine]) -> dict[NormalizedName, tuple[str, ...]]:
    found: dict[NormalizedName, tuple[str, ...]] = {}
    for line in lines:
        if line.hashes and line.project is not None:
            found[line.project] = (*found.get(line.project, ()), *line.hashes)
    return found


def _notes(definition: Definition) -> tuple[str, ...]:
    notes: list[str] = []
    if any(option.name == "--trusted-host" for option in definition.options):
        notes.append("--trusted-host is ignored: certificates are always checked")
    if any(option.name == "--prefer-binary" for option in definition.options):
        notes.append("--prefer-binary is ignored: only wheels are used")
    if any(conda_package_name(package) == "pip" for package in definition.conda_packages):
        notes.append("the conda package pip is ignored: uv installs the environment")
    return tuple(notes)


def _check_supported(definition: Definition) -> None:
    for package in definition.conda_packages:
        name = conda_package_name(package)
        if name != "pip":
            raise _unsupported(
                f"the conda package {shown(package)!r}",
                f"name the pip package of {name} under pip instead; conda packages come later",
            )
    for option in definition.options:
        _check_supported_option(option)
    for line in [*definition.requirements, *definition.constraints]:
        check_supported_source(line)
        _check_supported_hashes(line)
        if line.kind is SourceKind.WHEEL:
            raise _unsupported(
                f"the wheel {shown(line.text)!r} under a URL of its own",
                "download it and `wheelkeep wheel add` it, then name the URL that this gives",
            )
    _check_supported_extras(definition.extras)


def _check_supported_option(option: PipOption) -> None:
    if option.name == "--find-links":
        raise _unsupported(
            "--find-links", "serve the folder as an index and use --extra-index-url; private storage comes later"
        )
    if option.name == "--no-binary" and option.value != ":none:":
        raise _unsupported(f"--no-binary {option.value}", "only wheels are used for now: remove the option")


def _check_supported_hashes(line: RequirementLine) -> None:
    for value in line.hashes:
        kind, _, _ = value.partition(":")
        if kind != "sha256":
            raise _unsupported(
                f"the --hash={kind} of {line.project}",
                "pin by --hash=sha256: instead, as `pip-compile --generate-hashes` and `pip hash` write it",
            )


def _check_supported_extras(extras: Mapping[str, object]) -> None:
    python = extras.get("python")
    if isinstance(python, Mapping) and python.get("userManagedDependencies"):
        raise _unsupported("an environment with user-managed dependencies", "name its packages; images come later")
    docker = extras.get("docker")
    if isinstance(docker, Mapping) and (docker.get("baseDockerfile") or docker.get("buildContext")):
        raise _unsupported("an environment made by a Dockerfile", "name its packages; images come later")


def _unsupported(what: str, hint: str) -> RequestError:
    return RequestError(f"{what} is not supported yet", code="unsupported", hint=hint)
