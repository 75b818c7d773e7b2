"""`CondaDependencies`: the packages of an environment, with the methods of Azure ML's v1 object.

Scripts written for Azure work unchanged; where Azure's object loses something silently, this one does not: several
`--extra-index-url` are kept, one project is one entry whatever its spelling (PEP 503), `foo @ URL`, markers and
`.whl#sha256=` are understood, `python=3.8.*` is read, and `python` may be left out. A credential is refused at once.
Source: `reference/azure.md` §1.4 and §7; contract §4.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from wheelkeep.definition.conda import DEFAULT_NAME, CondaFile, conda_structure, format_conda, parse_conda
from wheelkeep.definition.conda_package import conda_package_name, conda_package_version
from wheelkeep.definition.options import parse_options
from wheelkeep.definition.python_version import lowest_python, parse_python
from wheelkeep.definition.requirement import parse_requirement
from wheelkeep.definition.secrecy import check_no_secret
from wheelkeep.errors import RequestError
from wheelkeep.files import write_atomically
from wheelkeep.sdk.environment_folder import folder_reader, named_in_errors, read_text
from wheelkeep.sdk.pip_section import expand_lines, merge_lines, one_line, project_key, replaces, without_option

__all__ = ["CondaDependencies"]

_DEFAULT = CondaFile(name=DEFAULT_NAME, channels=("conda-forge",))
_DEFAULT_SAVE_PATH = ".azureml/auto_conda_dependencies.yml"


class CondaDependencies:
    """Conda and pip packages, pip options and channels; mutable, as scripts expect.

    Args:
        conda_dependencies_file_path: a conda file to begin with; without one there are no packages and no Python.

    Raises:
        RequestError: the file is malformed or carries a credential.
        NotFoundError: `file_not_found`.
    """

    __slots__ = ("_constraints", "_file")

    def __init__(self, conda_dependencies_file_path: str | Path | None = None) -> None:
        self._constraints: tuple[str, ...] = ()
        self._file = _DEFAULT
        if conda_dependencies_file_path is not None:
            path = Path(conda_dependencies_file_path)
            text = read_text(path)
            with named_in_errors(path):
                self._take(parse_conda(text), folder=path.parent)

    @classmethod
    def from_file(
        cls, file: CondaFile, *, folder: Path | None = None, constraints: Iterable[str] = ()
    ) -> "CondaDependencies":
        """The dependencies that `file` writes; `-r` and `-c` in its pip section are followed from `folder`."""
        made = cls()
        made._take(file, folder=folder)
        made._constraints = (*made._constraints, *(parse_requirement(line).line for line in constraints))
        return made

    @staticmethod
    def create(
        pip_indexurl: str | None = None,
        pip_packages: Sequence[str] | None = None,
        conda_packages: Sequence[str] | None = None,
        python_version: str | None = None,
        pin_sdk_version: bool = True,  # noqa: FBT001, FBT002, ARG004  # Azure's signature; it never did anything there
    ) -> "CondaDependencies":
        """Dependencies made of lists; `pip_indexurl` replaces the public index (`--index-url`)."""
        made = CondaDependencies()
        if python_version is not None:
            made.set_python_version(python_version)
        for package in conda_packages or ():
            made.add_conda_package(package)
        for package in pip_packages or ():
            made.add_pip_package(package)
        if pip_indexurl is not None:
            made.set_pip_index_url(pip_indexurl)
        return made

    @property
    def conda_file(self) -> CondaFile:
        """The present state as a frozen value."""
        return self._file

    @property
    def pip_packages(self) -> list[str]:
        """The pip requirements, as written; a copy."""
        return [line for line in self._file.pip if not line.startswith("-")]

    @property
    def pip_options(self) -> list[str]:
        """The pip options, as written; a copy."""
        return [line for line in self._file.pip if line.startswith("-")]

    @property
    def pip_constraints(self) -> list[str]:
        """The lines of constraints files that were followed; a copy."""
        return list(self._constraints)

    @property
    def conda_packages(self) -> list[str]:
        """The conda packages with Python, as written; a copy."""
        return list(self._file.packages)

    @property
    def conda_channels(self) -> list[str]:
        """The channels in their order; a copy."""
        return list(self._file.channels)

    def add_pip_package(self, pip_package: str) -> None:
        """Add a requirement at the end; it replaces an earlier one of the same project.

        Two requirements of one project stay together only when both have markers and these differ.

        Raises:
            RequestError: `invalid_requirement` or `secret_in_definition`.
        """
        added = parse_requirement(one_line(pip_package))
        kept = [line for line in self._file.pip if not replaces(added, line)]
        self._set_pip([*kept, added.line])

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove the requirements of a project, named by its name, a requirement or a wheel's URL; absent is fine.

        Raises:
            RequestError: `invalid_requirement`.
        """
        key = project_key(parse_requirement(one_line(pip_package)))
        kept = [line for line in self._file.pip if line.startswith("-") or project_key(parse_requirement(line)) != key]
        self._set_pip(kept)

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replace the whole pip section by these lines: requirements and options.

        Raises:
            RequestError: a line is malformed or carries a credential.
        """
        lines, self._constraints = expand_lines([one_line(line) for line in pip_requirements], read=None)
        self._set_pip(lines)

    def set_pip_option(self, pip_option: str) -> None:
        """Set an option; it replaces an earlier one, unless pip adds its values up (`--extra-index-url`).

        Raises:
            RequestError: `invalid_option` or `secret_in_definition`.
        """
        for option in parse_options(one_line(pip_option)):
            kept = [line for line in self._file.pip if not (line.startswith("-") and _option_key(line) == option.key)]
            self._set_pip([*kept, str(option)])

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove an option: `--extra-index-url URL` that one, `--extra-index-url` the last of that name.

        Raises:
            RequestError: `invalid_option`.
        """
        self._set_pip(without_option(self._file.pip, one_line(pip_option)))

    def set_pip_index_url(self, index_url: str) -> None:
        """Replace the public index by the index at `index_url` (`--index-url`).

        Raises:
            RequestError: `invalid_option` or `secret_in_definition`.
        """
        self.set_pip_option(f"--index-url {index_url}")

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda package; it replaces an earlier entry of the same name.

        Python is kept as one version, as Azure does: `python>=3.7` is `python=3.7`; a bare `python` is unpinned.

        Raises:
            RequestError: `invalid_conda_file` or `secret_in_definition`.
        """
        written = one_line(conda_package)
        check_no_secret(written, where="a conda package", category="CondaChannel")
        name = conda_package_name(written)
        if name == "python":
            self.set_python_version(conda_package_version(written))
        else:
            kept = [package for package in self._file.packages if conda_package_name(package) != name]
            self._file = replace(self._file, packages=(*kept, written))

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a conda package, named exactly or by its name alone; absent is fine. `python` becomes unpinned.

        Raises:
            RequestError: `invalid_conda_file`.
        """
        written = one_line(conda_package)
        bare = conda_package_name(written) == written.lower()
        kept = tuple(
            package
            for package in self._file.packages
            if package != written and not (bare and conda_package_name(package) == written.lower())
        )
        self._file = replace(self._file, packages=kept)

    def set_python_version(self, version: str) -> None:
        """Pin Python: `3.11`, `3.11.7`, `3.8.*`, or a range, of which the oldest is taken; an empty text unpins it.

        Raises:
            RequestError: `invalid_environment`.
        """
        pin = parse_python(version)
        others = [package for package in self._file.packages if conda_package_name(package) != "python"]
        pins = [] if pin is None else [f"python={lowest_python(pin)}"]
        self._file = replace(self._file, packages=(*pins, *others))

    def get_python_version(self) -> str | None:
        """The Python that is pinned, as `3.11`, or None."""
        for package in self._file.packages:
            if conda_package_name(package) == "python":
                return parse_python(conda_package_version(package))
        return None

    def add_channel(self, channel: str) -> None:
        """Add a conda channel at the end, once.

        Raises:
            RequestError: `secret_in_definition`.
        """
        written = one_line(channel)
        check_no_secret(written, where="a conda channel", category="CondaChannel")
        if written not in self._file.channels:
            self._file = replace(self._file, channels=(*self._file.channels, written))

    def remove_channel(self, channel: str) -> None:
        """Remove a conda channel; absent is fine."""
        self._file = replace(self._file, channels=tuple(kept for kept in self._file.channels if kept != channel))

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> list[str]:
        """One requirement a project: `["a==1", "a>=0"]` gives `["a==1,>=0"]`. URLs and markers stay apart.

        Raises:
            RequestError: `invalid_requirement`.
        """
        return merge_lines(requirements)

    def as_dict(self) -> dict[str, object]:
        """The conda file's mapping, in Azure's key order; a copy."""
        return conda_structure(self._without_constraints())

    def serialize_to_string(self) -> str:
        """The conda file's YAML text.

        Raises:
            RequestError: `unsupported`: there are constraints, which a conda file alone cannot hold.
        """
        return format_conda(self._without_constraints())

    def save(self, path: str | Path) -> str:
        """Write the conda file to `path`, and give the path.

        Raises:
            RequestError: `invalid_request`: `path` is a folder, or its folder is missing.
        """
        target = Path(path)
        if target.is_dir() or not target.parent.is_dir():
            raise RequestError(
                f"{target} cannot be written: it is a folder, or its folder is missing",
                code="invalid_request",
                hint="give the path of a file in a folder that is there",
            )
        write_atomically(target, self.serialize_to_string().encode())
        return str(target)

    def save_to_file(self, base_directory: str | Path, conda_file_path: str | Path | None = None) -> str:
        """Write the conda file below `base_directory`, making folders, and give its path relative to that."""
        relative = Path(conda_file_path or _DEFAULT_SAVE_PATH)
        write_atomically(Path(base_directory) / relative, self.serialize_to_string().encode())
        return str(relative)

    def _take(self, file: CondaFile, *, folder: Path | None) -> None:
        read = None if folder is None else folder_reader(folder)
        lines, self._constraints = expand_lines(file.pip, read=read)
        self._file = replace(file, name=file.name or DEFAULT_NAME, pip=lines)

    def _set_pip(self, lines: Iterable[str]) -> None:
        self._file = replace(self._file, pip=tuple(lines))

    def _without_constraints(self) -> CondaFile:
        if self._constraints:
            raise RequestError(
                "a conda file alone cannot hold constraints",
                code="unsupported",
                hint="save the environment with save_to_directory, or pin the packages themselves",
            )
        return self._file


def _option_key(line: str) -> tuple[str, str | None]:
    return parse_options(line)[0].key
