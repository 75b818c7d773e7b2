"""Wheelkeep's main job, from beginning to end, on real input: `make demo`.

A team has a wheel of its own and a private feed with a password. Both, and scikit-learn from the public index, reach a
training run; then the feed goes away and the run repeats. Everything that is made lies in `.demo/`. Read in this order:
`main` below, `demo_feed.py` (the feed), `demo_report.py` (what is told), `demo_leaks.py` (the proof).
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from demo_feed import Feed
from demo_leaks import finds_planted, processes_of, search_leaks
from demo_report import Steps, show_next, show_origins
from wheelkeep import Build, CondaDependencies, Environment, Experiment, Run, ScriptRunConfig, WheelkeepError, Workspace
from wheelkeep.lock.document import parse_lock

EXAMPLES = Path(__file__).resolve().parents[1]
ROOT = EXAMPLES.parent / ".demo"
FAILED, INTERRUPTED = 1, 130


def build_wheel(project: Path, folder: Path) -> Path:
    """The wheel of an example package, built by uv without a network."""
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--offline", "--quiet", "--wheel", "--out-dir", folder, project], check=True)
    return max(folder.glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime)


def register(workspace: Workspace, wheel: Path, feed: Feed) -> Environment:
    """The environment of the story, registered: the wheel, the feed's package, scikit-learn. No credential is in it."""
    url = Environment.add_private_pip_wheel(workspace=workspace, file_path=str(wheel))
    print(f"   wheel       {url}")
    workspace.set_connection(name="acme-feed", category="PythonFeed", target=feed.url, authType="PAT", value=feed.token)
    print(f"   connection  acme-feed -> {feed.url} (its token is encrypted; only the gateway uses it)")
    dependencies = CondaDependencies()
    dependencies.add_pip_package(url)
    dependencies.add_pip_package("acme-features==1.*")
    dependencies.add_pip_package("scikit-learn")
    dependencies.set_pip_option(f"--extra-index-url {feed.url}/simple/")
    environment = Environment(name="digits")
    environment.python.conda_dependencies = dependencies
    registered = environment.register(workspace)
    print(f"   environment {registered.name}:{registered.version}")
    return registered


def build(workspace: Workspace, environment: Environment) -> Build:
    """The finished build of the environment, its log shown."""
    made = environment.build(workspace)
    made.wait_for_completion(show_output=True)
    return made


def train(workspace: Workspace, environment: Environment) -> Run:
    """A finished training run, its log shown."""
    config = ScriptRunConfig(
        source_directory=EXAMPLES / "train", script="train.py", arguments=["--seed", "7"], environment=environment
    )
    run = Experiment(workspace, "digits").submit(config)
    run.wait_for_completion(show_output=True)
    print(f"   run {run.id}: {run.get_status()}, {run.get_metrics()}")
    return run


def prove(feed: Feed, home: Path) -> bool:
    """Search the token everywhere, show that the search works, say what was found; whether all is well."""
    if not finds_planted(feed.token, ROOT):
        print("   the search does not find a planted token: it proves nothing")
        return False
    processes = processes_of(home)
    findings = search_leaks(feed.token, ROOT, processes)
    size_mib = findings.size_bytes / (1 << 20)
    print(f"   searched {findings.files} files, {findings.parts} parts of archives and databases, {size_mib:.0f} MiB,")
    print(f"   and the environment and arguments of {len(processes)} processes")
    for hit in findings.hits:
        print(f"   LEAK: {hit.place} ({hit.form})")
    for place in findings.unreadable:
        print(f"   not readable: {place}")
    if not findings.hits:
        print("   the token stands nowhere; planted in a gzipped database value and in a zip in a wheel it is found")
    return bool(processes) and not findings.hits and not findings.unreadable


def tell(steps: Steps, feed: Feed, workspace: Workspace) -> bool:
    """The story, step by step; whether it ended as it must."""
    with steps.step("a feed with a password, and a wheel that only this team has"):
        wheel = build_wheel(EXAMPLES / "digit_shapes", ROOT / "dist")
        feed.start()
        print(f"   {feed.url} serves acme-features to those who know its token")
    with steps.step("the wheel is uploaded, the feed connected, the environment registered"):
        environment = register(workspace, wheel, feed)
    with steps.step("the environment is locked and made"):
        build(workspace, environment)
    with steps.step("a training run uses all three"):
        first = train(workspace, environment)
    feed.stop()
    with steps.step("the feed is gone; the run repeats from what the workspace holds"):
        second = train(workspace, environment)
    accuracies = [run.get_metrics()["accuracy"] for run in (first, second)]
    with steps.step("what came from where"):
        lock = parse_lock(environment.get_lock(workspace))
        show_origins(lock)
    with steps.step("the proof: the feed's token is searched everywhere"):
        clean = prove(feed, workspace.home or ROOT)
    print(f"\naccuracy on digits the model never saw: {accuracies[0]:.4f}, and without the feed {accuracies[1]:.4f}")
    return clean and accuracies[0] == accuracies[1]


def main() -> int:
    """Tell the story; 0 when it ended well."""
    ROOT.mkdir(exist_ok=True)
    for name in [name for name in os.environ if name.startswith("WHEELKEEP_")]:
        del os.environ[name]
    places = {"WHEELKEEP_HOME": ROOT / ".wheelkeep", "WHEELKEEP_NODE": ROOT / "node", "WHEELKEEP_KEYS": ROOT / "keys"}
    os.environ.update({name: str(place) for name, place in places.items()})
    feed = Feed(ROOT / "feed")
    build_wheel(EXAMPLES / "acme_features", feed.packages)
    steps = Steps()
    began = time.monotonic()
    workspace = Workspace.local(ROOT)
    print(f"an embedded workspace at {workspace.url}, ready after {time.monotonic() - began:.2f} s")
    try:
        well = tell(steps, feed, workspace)
    finally:
        feed.stop()
        workspace.close()
    steps.show()
    if well:
        show_next(ROOT, places)
    return 0 if well else FAILED


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WheelkeepError as error:
        sys.exit(f"error: {error.message}" + (f"\nhint: {error.hint}" if error.hint else ""))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
