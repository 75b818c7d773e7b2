"""A full disk, on either side: told as such, and the same request succeeds once there is room."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wheelkeep import Workspace
from wheelkeep.errors import ResourceError, WheelkeepError
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened

pytestmark = [
    pytest.mark.servers,
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system"),
]

MIB = 1 << 20


@contextmanager
def _small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 8 MiB at `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", folder], check=False, capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def node_disk(places: Places) -> Iterator[Path]:
    """The node's folder on a small file system."""
    with _small_disk(places.node) as folder:
        yield folder


@pytest.fixture
def server_disk(places: Places) -> Iterator[Path]:
    """The project, and in it the data folder, on a small file system."""
    with _small_disk(places.project) as folder:
        yield folder


def _fill(folder: Path) -> Path:
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while stream.write(bytes(MIB // 16)):
                continue
        except OSError:
            return filler
    return filler


def _big_wheel(folder: Path, name: str) -> Path:
    return build_wheel(folder, name, files={f"{name.replace('-', '_')}/weights.bin": os.urandom(3 * MIB)})


def _set_connections(workspace: Workspace) -> None:
    """Write to the database until something is in the way."""
    for number in range(500):
        workspace.set_connection(f"x-{number}", "PythonFeed", "https://feed.example.com", "PAT", "a" * 4000)


def test_a_full_disk_of_the_node_fails_the_build_and_room_heals_it(
    places: Places, node_disk: Path, tmp_path: Path
) -> None:
    with (
        FeedSimulator(_big_wheel(tmp_path / "wheels", "big-one")) as index,
        opened(places, public_index=index.url) as workspace,
    ):
        user = User(workspace, tmp_path)
        user.build("empty", [])
        filler = _fill(node_disk)

        check_told(user.fail("big", ["big-one"]), ResourceError, "disk_full", "node", "WHEELKEEP_NODE")

        filler.unlink()
        user.build("big", ["big-one"])


def test_a_full_disk_of_the_server_refuses_a_wheel_and_room_heals_it(
    places: Places, server_disk: Path, tmp_path: Path
) -> None:
    wheel = _big_wheel(tmp_path / "wheels", "big-two")
    with opened(places) as workspace:
        filler = _fill(server_disk)

        with pytest.raises(WheelkeepError) as caught:
            workspace.wheels.add(wheel)
        check_told(caught.value, ResourceError, "disk_full")
        with pytest.raises(WheelkeepError) as caught:
            _set_connections(workspace)
        check_told(caught.value, ResourceError, "disk_full")

        filler.unlink()
        assert workspace.wheels.add(wheel).filename == wheel.name
        assert "Traceback" not in places.log("server")


def test_a_full_disk_of_the_server_fails_the_build_that_would_hold_a_file(
    places: Places, server_disk: Path, tmp_path: Path
) -> None:
    with (
        FeedSimulator(_big_wheel(tmp_path / "wheels", "big-three")) as index,
        opened(places, public_index=index.url) as workspace,
    ):
        user = User(workspace, tmp_path)
        index.behaviour.with_metadata = True
        spare = server_disk / "spare"
        spare.write_bytes(bytes(2 * MIB))
        filler = _fill(server_disk)
        spare.unlink()

        check_told(user.fail("big", ["big-three"]), ResourceError, "disk_full", "server")

        filler.unlink()
        user.build("big", ["big-three"])
