"""Requirements that cannot be met: each is told by its own code, with what to do."""

import platform
from pathlib import Path

import pytest

from wheelkeep import Environment
from wheelkeep.errors import ResolutionError
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers

PYTHON = platform.python_version()


def test_a_requirement_that_does_not_exist(user: User) -> None:
    check_told(
        user.fail("absent", ["there-is-no-such-thing"]), ResolutionError, "no_such_package", "there-is-no-such-thing"
    )


def test_a_version_that_does_not_exist(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    public.add(build_wheel(tmp_path, "versioned", "1.0"))

    check_told(user.fail("versioned", ["versioned>=7"]), ResolutionError, "no_matching_version", "versioned>=7", "1.0")


def test_requirements_that_exclude_each_other(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        public.add(build_wheel(tmp_path, "contested", version))
    public.add(build_wheel(tmp_path, "wants-old", "1.0", requires=["contested<2"]))

    error = user.fail("conflicting", ["wants-old", "contested>=2"])

    check_told(error, ResolutionError, "conflicting_requirements", "wants-old", "contested<2", "contested>=2")


def test_two_lines_that_exclude_each_other(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        public.add(build_wheel(tmp_path, "pinned-twice", version))

    lines = tmp_path / "requirements.txt"
    lines.write_text("pinned-twice==1.0\npinned-twice==2.0\n")
    build = Environment.from_pip_requirements("pinned-twice", lines).register(user.workspace).build(user.workspace)

    with pytest.raises(ResolutionError) as caught:
        build.wait_for_completion(show_output=False)

    check_told(caught.value, ResolutionError, "conflicting_requirements", "pinned-twice==1.0")


def test_a_package_that_needs_another_python(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    public.add(build_wheel(tmp_path, "futuristic", "1.0", requires_python=">=4.2"))

    error = user.fail("futuristic", ["futuristic"])

    check_told(error, ResolutionError, "wrong_python", "futuristic", "4.2", PYTHON)


def test_a_package_whose_only_wheel_is_for_another_python(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    public.add(build_wheel(tmp_path, "old-tag", "1.0", tag="cp36-cp36m-manylinux2014_x86_64"))

    check_told(user.fail("old-tag", ["old-tag"]), ResolutionError, "wrong_python", "old-tag", PYTHON)


def test_a_package_whose_only_wheel_is_for_another_platform(user: User, public: FeedSimulator, tmp_path: Path) -> None:
    public.add(build_wheel(tmp_path, "elsewhere", "1.0", tag="py3-none-win_amd64"))

    check_told(user.fail("elsewhere", ["elsewhere"]), ResolutionError, "wrong_platform", "elsewhere", "platform")


def test_a_package_that_is_a_source_distribution_only(user: User) -> None:
    page = b"""{"meta": {"api-version": "1.1"}, "name": "from-source", "files":
        [{"filename": "from_source-1.0.tar.gz", "url": "../../files/from_source-1.0.tar.gz", "hashes": {}}]}"""
    with FeedSimulator() as feed:
        feed.behaviour.page = page
        user.workspace.set_connection("sources", "PythonFeed", feed.base_url, "None")

        error = user.fail("from-source", ["from-source"], [f"--extra-index-url {feed.url}"])

    check_told(error, ResolutionError, "source_only", "from-source", "wheel")
