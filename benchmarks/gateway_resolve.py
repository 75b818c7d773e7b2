"""`uv pip compile` of scikit-learn and a private package: through the gateway, and straight at the same two indexes.

Run: `.venv/bin/python benchmarks/gateway_resolve.py [ROUNDS]`. A real pypiserver with a password has the private
package, the public index is this machine's. Both ways start with an empty uv cache and ask in turn, so that the noise
of a shared machine falls on both; the gateway begins a new build each time and remembers nothing of the last one.
The goal of issue 2: at most 1.25 times.
"""

import base64
import hashlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import urllib3
import uv

from wheelkeep.server.origin.public import PublicIndex, parse_public_index
from wheelkeep.settings import child_environment, machine_index_url
from wheelkeep.testing.gateway_app import GRANT, GatewayApp
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.wire.resources import ConnectionBody

REQUIREMENTS = "scikit-learn\nacme-features\n"
USER, PASSWORD = "reader", "benchmark-password"
GOAL = 1.25


@contextmanager
def private_feed(folder: Path) -> Iterator[str]:
    """A pypiserver with a password and one package, while entered; its base URL."""
    build_wheel(folder / "packages", "acme-features", "1.2", requires=["numpy", "joblib"])
    hashed = hashlib.sha1(PASSWORD.encode()).digest()  # noqa: S324 - a scheme of Apache's htpasswd
    (folder / "htpasswd").write_text(f"{USER}:{{SHA}}{base64.b64encode(hashed).decode()}\n")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", str(port), "--disable-fallback"),
            *("-a", "update,download,list", "-P", str(folder / "htpasswd"), str(folder / "packages")),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(10)


def wait_for(url: str) -> None:
    """Return when something answers at `url`."""
    with urllib3.PoolManager() as pool:
        for _ in range(200):
            try:
                pool.request("GET", url, retries=False)
            except urllib3.exceptions.HTTPError:
                time.sleep(0.05)
            else:
                return
    raise TimeoutError(url)


def compile_with(folder: Path, *arguments: str) -> tuple[float, str]:
    """Seconds that uv took with an empty cache, and what it chose."""
    cache = folder / "cache"
    shutil.rmtree(cache, ignore_errors=True)
    command = [uv.find_uv_bin(), "pip", "compile", "-", "--no-config", "--no-build", "--no-header", "--no-annotate"]
    command += ["--system-certs"]
    begun = time.perf_counter()
    done = subprocess.run(
        [*command, "--python", sys.executable, "--cache-dir", str(cache), *arguments],
        env=child_environment({"HOME": str(folder)}),
        input=REQUIREMENTS,
        capture_output=True,
        text=True,
        check=False,
    )
    took = time.perf_counter() - begun
    if done.returncode != 0:
        raise RuntimeError(done.stderr)
    return took, done.stdout


def ways(
    folder: Path, feed: str, gateway: GatewayApp, public: PublicIndex
) -> dict[str, Callable[[int], tuple[float, str]]]:
    """The two ways, each as a function of the round's number."""
    straight_feed = f"{feed.replace('http://', f'http://{USER}:{PASSWORD}@')}/simple/"

    def straight(_: int) -> tuple[float, str]:
        return compile_with(folder, "--index", straight_feed, "--default-index", public.url)

    def through(number: int) -> tuple[float, str]:
        index = gateway.build(f"b{number}", f"{feed}/simple/")
        return compile_with(folder, "--default-index", index.replace("http://", f"http://__token__:{GRANT}@"))

    return {"uv straight": straight, "uv through the gateway": through}


def main(rounds: int) -> int:
    """Measure, print a table, and say whether the goal is met."""
    public = parse_public_index(None, machine_index_url())
    if public is None:
        raise RuntimeError("no public index")
    folder = Path(tempfile.mkdtemp(prefix="wheelkeep-benchmark-"))
    try:
        with private_feed(folder) as feed, GatewayApp(folder, public=public) as gateway:
            body = ConnectionBody(
                category="PythonFeed",
                target=feed,
                auth_type="UsernamePassword",
                value={"username": USER, "password": PASSWORD},
            )
            gateway.connections.set("w", "feed", body, by="benchmark")
            return measure(ways(folder, feed, gateway, public), rounds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure(by_name: dict[str, Callable[[int], tuple[float, str]]], rounds: int) -> int:
    """Run every way `rounds` times in turn, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in by_name}
    for number in range(rounds + 1):
        chosen = set()
        for name, way in by_name.items():
            took, output = way(number)
            chosen.add(output)
            if number:
                times[name].append(took)
        assert len(chosen) == 1, "both ways must choose the same versions"
    medians = {name: statistics.median(taken) for name, taken in times.items()}
    for name, taken in times.items():
        print(f"{name:24} median {medians[name]:.3f} s  min {min(taken):.3f}  max {max(taken):.3f}  ({rounds} rounds)")
    straight, through = medians.values()
    print(f"ratio {through / straight:.2f} (goal: at most {GOAL})")
    return 0 if through / straight <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 9))
