"""Equal requests share one build; builds and runs are canceled, waiting and working; logs are read again."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from wheelkeep import Environment
from wheelkeep.errors import CanceledError
from wheelkeep.proc import end_group
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened, wait_until

pytestmark = [pytest.mark.servers, pytest.mark.slow]

STUBBORN = """
import pathlib, signal, sys, time
def end(*_):
    pathlib.Path(sys.argv[1]).write_text("got SIGTERM")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def slow(user: User, tmp_path: Path) -> Iterator[FeedSimulator]:
    """A feed whose pages take half a second, as one connection: a name stays with the connection that it came from."""
    with FeedSimulator(build_wheel(tmp_path, "slowly")) as feed:
        feed.behaviour.page_delay_s = 0.5
        user.workspace.set_connection("slow", "PythonFeed", feed.base_url, "None")
        yield feed


@pytest.fixture(scope="module")
def environment(shared: User, public: FeedSimulator, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A built environment for scripts."""
    public.add(build_wheel(tmp_path_factory.mktemp("wheel"), "for-cancels"))
    return shared.build("for-cancels", ["for-cancels"])


def test_equal_requests_at_the_same_time_share_one_build(user: User, slow: FeedSimulator) -> None:
    environment = user.register("shared", ["slowly"], [f"--extra-index-url {slow.url}"])
    with ThreadPoolExecutor(4) as pool:
        builds = list(pool.map(environment.build, [user.workspace] * 4))

    for build in builds:
        build.wait_for_completion(show_output=False)

    assert len({build.id for build in builds}) == 1
    assert [request.path for request in slow.seen].count("/simple/slowly/") == 1


def test_a_build_is_canceled_while_it_works(user: User, slow: FeedSimulator) -> None:
    slow.behaviour.page_delay_s = 20.0
    build = user.start_build("canceled", ["slowly"], [f"--extra-index-url {slow.url}"])
    wait_until("the feed is asked", lambda: bool(slow.seen))

    build.cancel()
    with pytest.raises(CanceledError):
        build.wait_for_completion(show_output=False)

    assert build.view.status == "Canceled"
    slow.behaviour.page_delay_s = 0.0
    again = Environment.get(user.workspace, "canceled").build(user.workspace)
    assert again.id != build.id
    assert again.wait_for_completion(show_output=False).view.status == "Succeeded"


def test_a_run_is_canceled_while_it_works_and_its_script_gets_sigterm(
    user: User, environment: Environment, tmp_path: Path
) -> None:
    run = user.submit(environment, STUBBORN, arguments=[str(tmp_path / "note")])
    wait_until("the script is ready", lambda: "ready" in run.get_all_logs())

    run.cancel()
    with pytest.raises(CanceledError):
        run.wait_for_completion()

    assert run.get_status() == "Canceled"
    assert (tmp_path / "note").read_text() == "got SIGTERM"


def test_a_build_and_a_run_are_canceled_while_they_wait(places: Places, tmp_path: Path) -> None:
    with FeedSimulator(build_wheel(tmp_path, "waiting")) as index, opened(places, public_index=index.url) as workspace:
        user = User(workspace, places.project)
        end_group(places.process("worker"))
        build = user.start_build("waits", ["waiting"])
        run = user.submit(Environment.get(workspace, "waits"), "print('never')")
        assert (build.status, run.get_status()) == ("Queued", "Preparing")

        run.cancel()
        build.cancel()

        assert (build.status, run.get_status()) == ("Canceled", "Canceled")
        workspace.ensure_worker()
        with pytest.raises(CanceledError):
            build.wait_for_completion(show_output=False)
        assert index.seen == []


def test_a_log_that_is_followed_left_and_read_again_is_the_same(user: User, environment: Environment) -> None:
    run = user.submit(
        environment, "import time\nfor n in range(40):\n    print('line', n, flush=True); time.sleep(0.02)"
    )

    left = "".join(line.text for line in islice(run.follow(), 3))
    whole = "".join(line.text for line in run.follow())

    assert whole.startswith(left)
    assert run.get_all_logs() == whole
    assert [line for line in whole.splitlines() if line.startswith("line")] == [f"line {n}" for n in range(40)]
