"""What a lock promises: once locked, nothing needs the feed, its token, the node's folder or the wheel's good name."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelkeep import Environment
from wheelkeep.errors import ConflictError, NotFoundError, ResolutionError
from wheelkeep.proc import ProcessId
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened

pytestmark = [pytest.mark.servers, pytest.mark.slow]

TOKEN = "keptcanary0d1f2e3c"


@pytest.fixture
def own(places: Places) -> Iterator[User]:
    """A user with a workspace of their own and no public index."""
    with opened(places) as workspace:
        yield User(workspace, places.project)


def test_a_run_needs_neither_feed_nor_connection_nor_what_the_node_had(
    own: User, places: Places, tmp_path: Path
) -> None:
    with FeedSimulator(build_wheel(tmp_path, "kept-for-good")) as feed:
        feed.behaviour.accepts = {TOKEN}
        own.workspace.set_connection("feed", "PythonFeed", feed.base_url, "PAT", TOKEN)
        environment = own.build("kept", ["kept-for-good"], [f"--extra-index-url {feed.url}"])
    own.workspace.delete_connection("feed")
    shutil.rmtree(places.node)

    run = own.submit(environment, "import kept_for_good; print(kept_for_good.__version__)")
    run.wait_for_completion()

    assert "1.0\n" in run.get_all_logs()


def test_another_build_of_the_same_version_asks_the_index_nothing_and_locks_the_same(
    user: User, public: FeedSimulator, tmp_path: Path
) -> None:
    public.add(build_wheel(tmp_path / "old", "floats", "1.0"))
    environment = user.build("floating", ["floats"])
    first = user.lines(environment)
    public.add(build_wheel(tmp_path / "new", "floats", "2.0"))

    environment.build(user.workspace).wait_for_completion(show_output=False)

    assert user.lines(environment) == first
    assert 'version = "1.0"' in first
    assert [request.path for request in public.seen].count("/simple/floats/") == 1


def test_a_yanked_wheel_is_not_resolved_anew_and_stays_in_the_locks_that_name_it(user: User, tmp_path: Path) -> None:
    wheel = user.workspace.wheels.add(build_wheel(tmp_path, "yanked-one"))
    environment = user.build("has-yanked", ["yanked-one"])
    user.workspace.wheels.yank(wheel.filename, "wrong numbers")

    run = user.submit(environment, "import yanked_one; print('still here')")
    run.wait_for_completion()
    error = user.fail("wants-yanked", ["yanked-one>=1"])

    assert "still here\n" in run.get_all_logs()
    check_told(error, ResolutionError, "no_matching_version", "yanked-one", "wrong numbers")


def test_a_wheel_that_a_lock_names_is_not_deleted_by_accident(user: User, tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "in-use")
    user.workspace.wheels.add(path)
    environment = user.build("uses-it", ["in-use"])

    with pytest.raises(ConflictError) as caught:
        user.workspace.wheels.delete(path.name)
    check_told(caught.value, ConflictError, "wheel_in_use", "uses-it")
    user.workspace.wheels.delete(path.name, force=True)

    run = user.submit(environment, "import in_use; print('held by the lock')")
    run.wait_for_completion()
    assert "held by the lock\n" in run.get_all_logs()
    with pytest.raises(NotFoundError):
        user.workspace.wheels.get(path.name)
    with pytest.raises(ConflictError):
        user.workspace.wheels.add(build_wheel(tmp_path / "other", "in-use", files={"in_use.py": "other = True\n"}))


def test_an_environment_name_is_one_whatever_its_case_and_versions_count_up(user: User) -> None:
    first = user.register("CaseStudy", ["attrs>=20"])
    second = user.register("casestudy", ["attrs>=21"])
    again = user.register("CASESTUDY", ["attrs>=21"])

    assert (first.version, second.version, again.version) == (1, 2, 2)
    assert Environment.get(user.workspace, "CaseStudy", 1).version == 1


def test_a_build_takes_a_wheel_by_url_and_by_name_as_the_same_file(user: User, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "two-ways", extras={"extra": []})
    url = Environment.add_private_pip_wheel(workspace=user.workspace, file_path=wheel)

    by_url = user.submit(user.build("by-url", [url]), "print('ok')")
    by_name = user.submit(user.build("by-name", ["two-ways==1.0"]), "print('ok')")

    assert by_url.wait_for_completion()["status"] == by_name.wait_for_completion()["status"] == "Completed"
    assert by_url.view.lock_digest == by_name.view.lock_digest


def test_programs_that_open_a_new_folder_at_once_share_one_server_and_one_worker(places: Places, own: User) -> None:
    own.workspace.close()
    program = "from wheelkeep import Workspace; import sys; print(Workspace.local(sys.argv[1]).url)"
    others = [
        subprocess.Popen([sys.executable, "-c", program, places.project], env=os.environ, stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    urls = {other.communicate(timeout=60)[0] for other in others}

    assert len(urls) == 1
    assert places.log("server").count("listening on") == 2
    assert all(ProcessId.parse((places.data / f"{name}.pid").read_text()).alive for name in ("server", "worker"))
