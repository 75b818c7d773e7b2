"""What the stories share: one workspace for the quick ones, and places for a workspace of one's own."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_socket import enable_socket

from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User
from wheelkeep.testing.workspaces import Places, opened

TROUBLE = ("Traceback", " ERROR ", "has a defect")


@pytest.fixture(scope="session")
def public() -> Iterator[FeedSimulator]:
    """The public index of the shared workspace, simulated; stories add packages of unique names."""
    enable_socket()
    with FeedSimulator() as index:
        yield index


@pytest.fixture(scope="session")
def shared_places(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """The places of the shared workspace."""
    return Places(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def shared(shared_places: Places, public: FeedSimulator) -> Iterator[User]:
    """A user of the workspace that stories share when they do not disturb each other."""
    with opened(shared_places, public_index=public.url) as workspace:
        yield User(workspace, shared_places.project)


@pytest.fixture
def user(shared: User, shared_places: Places, tmp_path: Path) -> Iterator[User]:
    """A user of the shared workspace; after the story, neither side has logged a defect."""
    said = len(shared_places.log("server"))
    yield User(shared.workspace, tmp_path)
    news = shared_places.log("server")[said:] + shared_places.log("worker")
    assert not [trouble for trouble in TROUBLE if trouble in news], news[-3000:]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Places for a workspace of the story's own."""
    return Places(tmp_path).make()


@pytest.fixture
def free_port() -> int:
    """A loopback port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
