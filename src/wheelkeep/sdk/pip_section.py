"""The lines of a pip section: which of them speak of the same project or option. Pure; for `CondaDependencies`."""

from collections.abc import Callable, Iterable

from packaging.requirements import Requirement

from wheelkeep.definition.conda import define_pip_lines
from wheelkeep.definition.options import option_name, parse_options
from wheelkeep.definition.requirement import RequirementLine, SourceKind, parse_requirement
from wheelkeep.definition.requirements import logical_lines
from wheelkeep.errors import RequestError

__all__ = ["expand_lines", "merge_lines", "one_line", "project_key", "replaces", "without_option"]

_INCLUDES = ("-r", "-c", "--requirement", "--constraint")


def one_line(text: str) -> str:
    """`text` without comment and surrounding space.

    Raises:
        RequestError: `invalid_requirement`: it is empty or more than one line.
        TypeError: it is no text.
    """
    if not isinstance(text, str):
        raise TypeError(f"a text is needed, not {type(text).__name__}")
    lines = [line for _, line in logical_lines(text)]
    if len(lines) != 1:
        raise RequestError(
            "one requirement, option or package is needed, on one line",
            code="invalid_requirement",
            hint="add several one after the other, or use set_pip_requirements",
        )
    return lines[0]


def expand_lines(lines: Iterable[str], *, read: Callable[[str], str] | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines of a pip section, each checked, one requirement or option each; and the constraints.

    The order is kept; only when a line includes a file (`-r`, `-c`) do all requirements come before all options.

    Raises:
        RequestError: a line is malformed, unsupported or carries a credential.
        NotFoundError: an included file is not there.
    """
    texts = [line for text in lines for _, line in logical_lines(text)]
    whole = define_pip_lines(texts, read=read)
    if any(text.startswith(_INCLUDES) for text in texts):
        expanded = [*(line.line for line in whole.requirements), *(str(option) for option in whole.options)]
    else:
        expanded = [line for text in texts for line in _split(text)]
    return tuple(expanded), tuple(line.line for line in whole.constraints)


def project_key(line: RequirementLine) -> str:
    """What two requirements of one project share; the text itself when nothing says the project."""
    return line.project or line.text


def replaces(added: RequirementLine, line: str) -> bool:
    """Whether `added` takes the place of `line`: the same project, and not two parts told apart by their markers."""
    if line.startswith("-"):
        return False
    present = parse_requirement(line)
    if project_key(present) != project_key(added):
        return False
    return not (added.marker and present.marker and added.marker != present.marker)


def without_option(lines: Iterable[str], written: str) -> list[str]:
    """`lines` without the option `written`: with a value that one, without the last of that name; absent is fine.

    Raises:
        RequestError: `invalid_option`.
    """
    kept = list(lines)
    bare = "=" not in written and len(written.split()) == 1
    name = option_name(written) if bare else ""
    key = None if bare else parse_options(written)[0].key
    for place in range(len(kept) - 1, -1, -1):
        present = parse_options(kept[place])[0] if kept[place].startswith("-") else None
        if present is not None and (present.name == name if bare else present.key == key):
            del kept[place]
            break
    return kept


def merge_lines(requirements: Iterable[str]) -> list[str]:
    """One requirement a project: `["a==1", "a>=0"]` gives `["a==1,>=0"]`; URLs and markers stay apart.

    Raises:
        RequestError: `invalid_requirement`.
    """
    merged: dict[tuple[str, str], RequirementLine] = {}
    for text in requirements:
        line = parse_requirement(one_line(text))
        apart = line.marker if line.kind is SourceKind.INDEX else line.text
        key = (project_key(line), apart)
        merged[key] = _merge(merged[key], line) if key in merged else line
    return [line.line for line in merged.values()]


def _split(text: str) -> list[str]:
    if text.startswith("-"):
        return [str(option) for option in parse_options(text)]
    return [parse_requirement(text).line]


def _merge(first: RequirementLine, second: RequirementLine) -> RequirementLine:
    """One requirement with the versions and extras of both, in the order in which they were written."""
    if first.requirement is None or second.requirement is None:
        return first
    written = [_versions(line.requirement) for line in (first, second) if line.requirement]
    versions = ",".join(dict.fromkeys(word for text in written for word in text.split(",") if word))
    extras = ",".join(sorted(first.requirement.extras | second.requirement.extras))
    marker = f" ; {first.marker}" if first.marker else ""
    name = first.requirement.name + (f"[{extras}]" if extras else "")
    hashes = "".join(f" --hash={value}" for value in dict.fromkeys((*first.hashes, *second.hashes)))
    return parse_requirement(f"{name}{versions}{marker}{hashes}")


def _versions(requirement: Requirement) -> str:
    return str(requirement.specifier)
