"""What a page tells people to type exists: commands and their options, imports, settings."""

import re
import shlex
from pathlib import Path

import click
import pytest

import wheelkeep
from wheelkeep.cli.main import program
from wheelkeep.settings import SETTINGS

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/guides/*.md", "docs/concepts/*.md", "examples/**/*.md")
    for page in ROOT.glob(pattern)
    if not page.is_relative_to(ROOT / ".venv")
)


def _blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def _commands(page: Path) -> list[str]:
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(_blocks(page, r"\w*"))
    lines = re.findall(r"^\s*(?:[A-Z_]+=\S+ )*wheelkeep (.+)$", blocks, re.MULTILINE)
    return [*lines, *re.findall(r"`wheelkeep ([^`]+)`", text)]


def _check(command: str) -> str:
    """What is wrong with a documented command; empty when nothing is."""
    words = shlex.split(command.partition(" | ")[0].partition(" > ")[0], comments=True)
    current: click.Command = program
    context = click.Context(program)
    while words and isinstance(current, click.Group) and not words[0].startswith("-"):
        found = current.get_command(context, words[0])
        if found is None:
            return f"no command {words[0]}"
        current = found
        words.pop(0)
    known = {option for parameter in current.params for option in parameter.opts} | {"--help", "--version"}
    ours = words[: words.index("--")] if "--" in words else words
    return ", ".join(f"no option {word}" for word in ours if word.startswith("--") and word.split("=")[0] not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_documented_commands_exist(page: Path) -> None:
    wrong = {command: problem for command in _commands(page) if (problem := _check(command))}

    assert wrong == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_documented_python_compiles_and_imports_what_exists(page: Path) -> None:
    for block in _blocks(page, "python"):
        compile(block, str(page), "exec")
        for names in re.findall(r"^from wheelkeep import (.+)$", block, re.MULTILINE):
            assert {name.strip() for name in names.split(",")} <= set(wheelkeep.__all__)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_documented_settings_exist(page: Path) -> None:
    assert set(re.findall(r"WHEELKEEP_[A-Z_]+", page.read_text(encoding="utf-8"))) <= {each.name for each in SETTINGS}


def test_commands_that_a_hint_or_a_docstring_names_exist() -> None:
    named = [(file, command) for file in (ROOT / "src").rglob("*.py") for command in _named(file)]
    wrong = [(str(file.relative_to(ROOT)), command) for file, command in named if _check(command)]

    assert len(named) > 20
    assert wrong == []


def _named(file: Path) -> list[str]:
    return re.findall(r"`wheelkeep ([^`\n]+)`", file.read_text(encoding="utf-8"))


def test_the_readme_documents_commands_at_all() -> None:
    assert len(_commands(ROOT / "README.md")) > 4
