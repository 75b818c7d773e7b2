"""Conda environment files: reading what people and tools write, emitting what Azure's objects emit.

Read by a loader that leaves every scalar a text, so that `3.10` stays 3.10, and that refuses duplicate keys, which YAML
would resolve silently to the last. The key order on the way out is that of Azure's default file: name, dependencies,
channels. Source: conda's environment file format; `reference/azure.md` §1.4.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import yaml

from wheelkeep.definition.conda_package import conda_package_name, conda_package_version
from wheelkeep.definition.model import Definition
from wheelkeep.definition.python_version import parse_python
from wheelkeep.definition.requirements import Requirements, parse_requirements
from wheelkeep.definition.secrecy import shown
from wheelkeep.errors import RequestError

__all__ = [
    "DEFAULT_NAME",
    "CondaFile",
    "conda_file_of",
    "conda_structure",
    "define_conda",
    "define_pip_lines",
    "format_conda",
    "parse_conda",
]

DEFAULT_NAME = "project_environment"
"""The name that Azure's objects write when nobody chose one."""

_KEYS = frozenset({"name", "channels", "dependencies", "prefix", "variables"})
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CondaFile:
    """A conda environment file, its texts as written. `prefix`, a path of one machine, is dropped."""

    name: str | None = None
    packages: tuple[str, ...] = ()
    """Conda packages with Python, in their order."""
    pip: tuple[str, ...] = ()
    """Lines of the `pip` section: requirements and options."""
    channels: tuple[str, ...] = ()
    variables: dict[str, str] = field(default_factory=dict)


class _TextLoader(yaml.BaseLoader):
    """Leaves scalars texts and refuses a mapping that says a key twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:  # noqa: FBT001, FBT002  # PyYAML's own signature
        """The mapping of `node`; raises `yaml.constructor.ConstructorError` for a key that stands twice."""
        seen: set[object] = set()
        for key_node, _ in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else id(key_node)
            if key in seen:
                raise yaml.constructor.ConstructorError(None, None, "a key stands twice", key_node.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


def parse_conda(text: str) -> CondaFile:
    """The conda environment file that `text` writes.

    Raises:
        RequestError: `invalid_conda_file`.
    """
    document = _load(text.removeprefix("\ufeff"))
    if not isinstance(document, dict) or not document:
        raise _invalid("not a valid YAML structure: a conda file is a mapping")
    for key in document:
        if key not in _KEYS:
            raise _invalid(f"unknown {shown(str(key))} key in environment specification")
    packages, pip = _split_dependencies(_texts_or_blocks(document.get("dependencies"), "dependencies"))
    return CondaFile(
        name=_text(document.get("name"), "name"),
        packages=tuple(packages),
        pip=tuple(pip),
        channels=tuple(_texts(document.get("channels"), "channels")),
        variables=_variables(document.get("variables")),
    )


def define_conda(file: CondaFile, *, read: Callable[[str], str] | None = None) -> Definition:
    """The definition that a conda file asks for.

    Args:
        file: what `parse_conda` gave.
        read: gives the text of a file that the pip section includes by `-r` or `-c`; None refuses them.

    Raises:
        RequestError: a part is malformed, unsupported or carries a credential.
    """
    pins = [package for package in file.packages if conda_package_name(package) == "python"]
    versions = {parse_python(conda_package_version(package)) for package in pins}
    if len(versions) > 1:
        raise _invalid("python is pinned twice, differently", hint="keep one python entry under dependencies")
    pip = define_pip_lines(file.pip, read=read)
    return Definition(
        python=versions.pop() if versions else None,
        requirements=pip.requirements,
        options=pip.options,
        constraints=pip.constraints,
        conda_packages=tuple(package for package in file.packages if package not in pins),
        channels=file.channels,
        name=file.name,
        environment_variables=file.variables,
    )


def define_pip_lines(lines: Sequence[str], *, read: Callable[[str], str] | None = None) -> Requirements:
    """What the lines of a pip section say; they are lines of a requirements file.

    Raises:
        RequestError: a line is malformed, unsupported or carries a credential.
    """
    return parse_requirements("\n".join(lines), name="pip", read=read)


def conda_file_of(definition: Definition) -> CondaFile:
    """The conda file of `definition`, without its constraints, which a conda file cannot hold."""
    python = definition.python
    pin = [] if python is None else [f"python={python}" if python[0].isdigit() else f"python{python}"]
    return CondaFile(
        name=definition.name,
        packages=(*pin, *definition.conda_packages),
        pip=(*(line.line for line in definition.requirements), *(str(option) for option in definition.options)),
        channels=definition.channels,
        variables=dict(definition.environment_variables),
    )


def conda_structure(file: CondaFile) -> dict[str, object]:
    """The mapping that a conda file writes, in Azure's key order, without empty parts except `dependencies`."""
    dependencies: list[object] = list(file.packages)
    if file.pip:
        dependencies.append({"pip": list(file.pip)})
    structure: dict[str, object] = {"name": file.name or DEFAULT_NAME, "dependencies": dependencies}
    if file.channels:
        structure["channels"] = list(file.channels)
    if file.variables:
        structure["variables"] = dict(file.variables)
    return structure


def format_conda(file: CondaFile) -> str:
    """The YAML text of `file`; the same value gives the same text."""
    return yaml.safe_dump(
        conda_structure(file), sort_keys=False, default_flow_style=False, allow_unicode=True, width=1 << 16
    )


def _load(text: str) -> object:
    if len(text) > _LARGEST:
        raise _invalid("a conda file of more than 1 MiB")
    try:
        return yaml.load(text, Loader=_TextLoader)  # noqa: S506  # a BaseLoader makes texts, lists and mappings alone
    except yaml.MarkedYAMLError as error:
        place = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise _invalid(f"not a valid YAML structure{place}: {error.problem or 'it cannot be read'}") from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError):
        raise _invalid("not a valid YAML structure") from None


def _split_dependencies(items: Sequence[object]) -> tuple[list[str], list[str]]:
    packages: list[str] = []
    pip: list[str] = []
    for item in items:
        if isinstance(item, str):
            conda_package_name(item)
            packages.append(item.strip())
        elif isinstance(item, dict) and list(item) == ["pip"]:
            pip.extend(_texts(item["pip"], "pip"))
        else:
            raise _invalid(
                "dependencies holds packages and one mapping, pip", hint="write '- pip:' and a list below it"
            )
    return packages, pip


def _texts_or_blocks(value: object, key: str) -> Sequence[object]:
    if value is None or value == "":
        return []
    if not isinstance(value, list):
        raise _invalid(f"{key} must be a list")
    return value


def _texts(value: object, key: str) -> list[str]:
    found: list[str] = []
    for item in _texts_or_blocks(value, key):
        if not isinstance(item, str) or not item.strip() or not item.isprintable():
            raise _invalid(f"{key} must be a list of texts, one line each")
        found.append(item.strip())
    return found


def _text(value: object, key: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not value.isprintable():
        raise _invalid(f"{key} must be a text")
    return value


def _variables(value: object) -> dict[str, str]:
    if value is None or value == "":
        return {}
    if not isinstance(value, dict):
        raise _invalid("variables must be a mapping of names to texts")
    for name, text in value.items():
        if not isinstance(name, str) or not isinstance(text, str):
            raise _invalid("variables must be a mapping of names to texts")
    return dict(value)


def _invalid(
    message: str, *, hint: str = "a conda file has name, channels, dependencies and variables"
) -> RequestError:
    return RequestError(f"environment error: {message}", code="invalid_conda_file", hint=hint)
