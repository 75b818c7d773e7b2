"""What a definition asks for is done, refused, or told: never silently ignored."""

import pytest

from wheelkeep import Environment
from wheelkeep.errors import IntegrityError, RequestError, ResolutionError
from wheelkeep.testing.feeds import Behaviour, FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers


def test_a_range_of_pythons_that_no_node_has_is_refused_by_the_build(user: User) -> None:
    lines = user.folder / "conda.yml"
    lines.write_text("dependencies:\n- python>=3.0,<3.3\n")
    build = Environment.from_conda_specification("ancient", lines).register(user.workspace).build(user.workspace)

    with pytest.raises(ResolutionError) as caught:
        build.wait_for_completion(show_output=False)

    check_told(caught.value, ResolutionError, "python_unavailable", "<3.3,>=3.0")


def test_a_hash_that_no_lock_holds_is_refused_when_it_is_registered(user: User) -> None:
    with pytest.raises(RequestError) as caught:
        _register(user, "other-hash", f"acme==1 --hash=sha512:{'ab' * 64}\n")

    check_told(caught.value, RequestError, "unsupported", "--hash=sha512", "sha256")


def test_a_pin_by_hash_holds_where_the_index_says_no_hash(user: User) -> None:
    wheel = build_wheel(user.folder, "hashless", "1.0")
    with FeedSimulator(wheel, behaviour=Behaviour(with_hashes=False)) as feed:
        user.workspace.set_connection("hashless", "PythonFeed", feed.base_url, "None")
        lines = f"--index-url {feed.url}\nhashless==1.0 --hash=sha256:{'ab' * 32}\n"
        build = _register(user, "hashless", lines).build(user.workspace)

        with pytest.raises(IntegrityError) as caught:
            build.wait_for_completion(show_output=False)

    check_told(caught.value, IntegrityError, "hash_mismatch", wheel.name, "--hash")


def test_what_a_definition_loses_stands_in_the_builds_log_once(user: User) -> None:
    build = _register(user, "told", "--prefer-binary\n--trusted-host feed.example.com\nazureml-defaults\n").build(
        user.workspace
    )
    build.wait_for_completion(show_output=False)
    log = build.get_log()

    assert log.count("--trusted-host is ignored: certificates are always checked\n") == 1
    assert log.count("--prefer-binary is ignored: only wheels are used\n") == 1
    assert log.count("left out, because runs provide what they did: azureml-defaults\n") == 1


def _register(user: User, name: str, lines: str) -> Environment:
    path = user.folder / f"{name}.txt"
    path.write_text(lines)
    return Environment.from_pip_requirements(name, path).register(user.workspace)
