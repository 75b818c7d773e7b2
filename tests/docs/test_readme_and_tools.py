"""README, CI, the locked tools and the project file agree; links lead somewhere; no registry's host stands anywhere."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pypi_simple import PYPI_SIMPLE_ENDPOINT

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md", "src/**/*.md")
    for page in ROOT.glob(pattern)
    if ".venv" not in page.parts
)


def _makes(text: str) -> set[str]:
    return {target for line in re.findall(r"\bmake ((?:[a-z]+ ?)+)", text) for target in line.split()}


def test_every_make_command_of_the_readme_is_run_by_ci() -> None:
    blocks = "\n".join(re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL))
    run = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

    assert _makes(blocks)
    assert _makes(blocks) <= _makes(run)


def test_make_alone_lists_every_target() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    shown = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert phony is not None
    assert set(phony[1].split()) == set(re.findall(r"^  make (\w+)", shown, re.MULTILINE))


def test_make_bench_runs_every_measurement() -> None:
    programs = {file for file in (ROOT / "benchmarks").glob("*.py") if "__main__" in file.read_text(encoding="utf-8")}
    planned = subprocess.run(["make", "-n", "bench"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"benchmarks/\w+\.py", planned)) == {f"benchmarks/{file.name}" for file in programs}


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs" / "decisions" / "0003-dependencies.md").read_text(encoding="utf-8")
    wanted = {Requirement(line).name for line in project["dependencies"] + project["optional-dependencies"]["server"]}

    assert set(re.findall(r"^\| ([a-z0-9-]+) \| (?!it replaces)", page, re.MULTILINE)) == wanted


def test_the_readmes_line_before_the_samples_puts_the_programs_on_the_path() -> None:
    [line] = re.findall(r"^make setup && .*", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)

    where = subprocess.run(
        ["sh", "-c", f"{line}\ncommand -v wheelkeep; command -v python; wheelkeep --version"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()[-3:]

    assert where[:2] == [str(ROOT / ".venv/bin/wheelkeep"), str(ROOT / ".venv/bin/python")]
    assert where[2].startswith("wheelkeep ")


@pytest.mark.parametrize(("noted", "made_anew"), [("/elsewhere", True), (None, False)])
def test_setup_makes_venv_anew_in_a_checkout_that_was_moved(
    tmp_path: Path, noted: str | None, *, made_anew: bool
) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    if noted is not None:
        (tmp_path / ".venv" / ".ready").write_text(f"{noted}\n")

    planned = subprocess.run(["make", "-n", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert ("rm -rf .venv" in planned) == made_anew
    assert "locked packages into .venv" in planned


def test_setup_has_nothing_to_do_where_it_was_done(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / ".ready").write_text(f"{tmp_path}\n")

    planned = subprocess.run(["make", "-n", "setup"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert "rm -rf" not in planned
    assert "Nothing to be done" in planned


def test_each_part_has_a_readme() -> None:
    sources = ROOT / "src" / "wheelkeep"
    parts = [
        sources,
        *(file.parent for pattern in ("*", "server/*") for file in sources.glob(f"{pattern}/__init__.py")),
    ]

    assert [part.name for part in parts if not (part / "README.md").is_file()] == []


def test_the_locked_tools_satisfy_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked: dict[str, set[Version]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==([\w.!+-]+)", text, re.MULTILINE):
        locked.setdefault(canonicalize_name(name), set()).add(Version(version))
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    wanted += [line for lines in extras.values() for line in lines]

    for requirement in map(Requirement, wanted):
        if requirement.name != "wheelkeep":
            versions = locked.get(canonicalize_name(requirement.name), set())
            assert any(requirement.specifier.contains(version) for version in versions), f"{requirement}: make lock"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_file_leads_to_one(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not urlsplit(target).scheme and not target.startswith("#"):
            assert (page.parent / target.partition("#")[0]).exists(), target


def test_no_file_names_the_host_of_a_public_registry() -> None:
    host = urlsplit(PYPI_SIMPLE_ENDPOINT).hostname
    assert host is not None
    found = subprocess.run(
        ["git", "grep", "--untracked", "--files-with-matches", "--fixed-strings", host],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1, found.stdout
