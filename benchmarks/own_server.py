"""The whole Wheelkeep server, as users start it, for the benchmarks beside it."""

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measuring import Target, free_port, running, wait_for
from wheelkeep.settings import child_environment

__all__ = ["NAME", "wheelkeep_server"]

NAME = "wheelkeep"


@contextmanager
def wheelkeep_server(folder: Path, wheels: list[Path], *, path: str, headers: dict[str, str]) -> Iterator[Target]:
    """A server in `folder`, with `wheels` uploaded by twine, and its URL `path` asked with a reader's token."""
    program = (sys.executable, "-m", "wheelkeep.server")
    place = {"HOME": str(folder), "WHEELKEEP_HOME": str(folder / "data"), "WHEELKEEP_PUBLIC_INDEX": "none"}
    port = free_port()
    with running(*program, "serve", "--listen", f"127.0.0.1:{port}", home=folder, variables=place) as process:
        wait_for(port)
        made = subprocess.run(
            [*program, "token", "create", "--json"],
            check=True,
            capture_output=True,
            env=child_environment(place),
        )
        token = json.loads(made.stdout)["token"]
        upload = [sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"]
        subprocess.run(
            [*upload, "--repository-url", f"http://127.0.0.1:{port}/w/default/legacy/", *map(str, wheels)],
            check=True,
            capture_output=True,
            env=child_environment({"TWINE_USERNAME": "__token__", "TWINE_PASSWORD": token}),
        )
        login = b64encode(f"__token__:{token}".encode()).decode()
        yield Target(NAME, process.pid, port, path, headers | {"Authorization": f"Basic {login}"})
