"""Scripts that are missing or fail, workspaces and servers that are not there, a user who presses Ctrl-C."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wheelkeep import Environment, ScriptRunConfig, Workspace
from wheelkeep.errors import AuthenticationError, NotFoundError, RequestError, RunError, UnreachableError
from wheelkeep.sdk.build import Build
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import wait_until

pytestmark = pytest.mark.servers

PROGRAM = str(Path(sys.executable).with_name("wheelkeep"))


@pytest.fixture(scope="module")
def environment(shared: User, public: FeedSimulator, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """A built environment for scripts."""
    public.add(build_wheel(tmp_path_factory.mktemp("wheel"), "for-scripts"))
    return shared.build("for-scripts", ["for-scripts"])


def test_a_missing_script_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(RequestError) as caught:
        ScriptRunConfig(source_directory=tmp_path, script="absent.py")

    check_told(caught.value, RequestError, "script_not_found", "absent.py", str(tmp_path))


def test_a_missing_source_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError) as caught:
        ScriptRunConfig(source_directory=tmp_path / "nowhere", script="train.py")

    check_told(caught.value, NotFoundError, "file_not_found", "nowhere")


def test_a_script_that_the_ignore_file_leaves_out_is_told(user: User, environment: Environment) -> None:
    run = user.submit(environment, "print('never')", files={".amlignore": "train.py\n"})

    with pytest.raises(RunError) as caught:
        run.wait_for_completion()

    check_told(caught.value, RunError, "script_not_started", "train.py", ".amlignore")


def test_a_script_that_fails_is_told_with_its_exit_code_and_last_words(user: User, environment: Environment) -> None:
    run = user.submit(environment, "import sys\nprint('the loss is nan', file=sys.stderr)\nsys.exit(3)\n")

    with pytest.raises(RunError) as caught:
        run.wait_for_completion()

    check_told(caught.value, RunError, "run_failed", "3", "the loss is nan")
    assert (run.get_status(), run.view.exit_code) == ("Failed", 3)
    assert "the loss is nan\n" in run.get_all_logs()


def test_who_saw_the_log_is_not_told_its_last_words_again(
    user: User, environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = user.submit(environment, "import sys\nprint('the loss is nan', file=sys.stderr)\nsys.exit(3)\n")

    with pytest.raises(RunError) as caught:
        run.wait_for_completion(show_output=True)

    shown = capsys.readouterr().err
    assert shown.count("the loss is nan") == 1
    assert "exit code" not in shown
    assert "the loss is nan" not in caught.value.hint
    check_told(caught.value, RunError, "run_failed", "exit code 3", f"wheelkeep run logs {run.id}")


def test_a_script_that_raises_shows_its_own_traceback_in_the_log(user: User, environment: Environment) -> None:
    run = user.submit(environment, "raise ValueError('bad data in row 7')\n")

    with pytest.raises(RunError, match="bad data in row 7"):
        run.wait_for_completion()

    assert "Traceback (most recent call last):" in run.get_all_logs()


def test_an_unknown_workspace_of_a_server_is_told(user: User, shared: User) -> None:
    token = (shared.workspace.home or Path()) / "token"

    with pytest.raises(NotFoundError) as caught:
        Workspace.get("nowhere", url=user.workspace.url, token=token.read_text())

    check_told(caught.value, NotFoundError, "unknown_workspace", "nowhere")


def test_a_wrong_token_is_told(user: User) -> None:
    with pytest.raises(AuthenticationError) as caught:
        Workspace.get("default", url=user.workspace.url, token="wk_nonsense")

    check_told(caught.value, AuthenticationError, "token_invalid", "token")


def test_a_server_that_is_not_there_is_told(free_port: int) -> None:
    with pytest.raises(UnreachableError) as caught:
        Workspace.get("default", url=f"http://127.0.0.1:{free_port}", token="wk_any")

    check_told(caught.value, UnreachableError, "server_unreachable", f"127.0.0.1:{free_port}")


def test_an_environment_that_does_not_exist_is_told(user: User) -> None:
    with pytest.raises(NotFoundError) as caught:
        Environment.get(user.workspace, "never-made")

    check_told(caught.value, NotFoundError, "unknown_environment", "never-made")


def test_ctrl_c_in_a_program_ends_the_waiting_and_says_what_goes_on(
    user: User, shared: User, environment: Environment
) -> None:
    run = user.submit(environment, "import time\nprint('begun', flush=True)\ntime.sleep(600)\n")
    program = (
        "import sys; from wheelkeep import Run, Workspace;"
        "Run.get(Workspace.from_config(), sys.argv[1]).wait_for_completion(show_output=True)"
    )
    waiting = subprocess.Popen(
        [sys.executable, "-c", program, run.id],
        env=os.environ | {"WHEELKEEP_HOME": str(shared.workspace.home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stdout is not None
    begun = waiting.stdout.readline()
    waiting.send_signal(signal.SIGINT)
    _, err = waiting.communicate(timeout=10)
    status = run.get_status()
    run.cancel()

    assert begun == "begun\n"
    assert waiting.returncode == -signal.SIGINT
    assert f"the run {run.id} goes on; run.cancel() stops it\n" in err
    assert "KeyboardInterrupt" in err
    assert status == "Running"


def test_what_a_run_left_is_fetched_whole(user: User, environment: Environment, tmp_path: Path) -> None:
    text = "import pathlib\npath = pathlib.Path('outputs/deep/a b.txt')\npath.parent.mkdir()\npath.write_text('42')\n"
    run = user.submit(environment, text)
    run.wait_for_completion()

    paths = run.download_outputs(tmp_path / "left")

    assert paths == [tmp_path / "left" / "outputs" / "deep" / "a b.txt"]
    assert paths[0].read_text() == "42"
    with pytest.raises(RequestError, match="no file of a run"):
        run.download_file("outputs/../../secret")


def test_ctrl_c_ends_the_waiting_command_with_130_and_the_build_goes_on(
    user: User, shared: User, tmp_path: Path
) -> None:
    with FeedSimulator(build_wheel(tmp_path, "slow-one")) as feed:
        feed.behaviour.page_delay_s = 1.5
        user.workspace.set_connection("slow-feed", "PythonFeed", feed.base_url, "None")
        user.register("slow-one", ["slow-one"], [f"--extra-index-url {feed.url}"])
        command = subprocess.Popen(
            [PROGRAM, "env", "build", "slow-one"],
            env=os.environ | {"WHEELKEEP_HOME": str(shared.workspace.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        wait_until("the feed is asked", lambda: bool(feed.seen))
        command.send_signal(signal.SIGINT)
        out, err = command.communicate(timeout=10)

        assert command.returncode == 130
        assert out == ""
        assert "the build goes on" in err
        assert "Traceback" not in err
        [build] = [one for one in Build.list(user.workspace) if one.view.environment == "slow-one"]
        assert build.wait_for_completion(show_output=False).view.status == "Succeeded"
