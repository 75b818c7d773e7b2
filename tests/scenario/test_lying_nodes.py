"""A node that lies, and grants in the wrong hands: the test speaks the node's protocol itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from wheelkeep.digest import Digest
from wheelkeep.errors import AuthenticationError, DeniedError, IntegrityError, NotFoundError
from wheelkeep.node.transport import Transport
from wheelkeep.proc import end_group
from wheelkeep.sdk.build import Build
from wheelkeep.secret import Secret
from wheelkeep.testing.feeds import FeedSimulator
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.workspaces import Places, opened
from wheelkeep.wire.resources import ConnectionBody
from wheelkeep.wire.work import EndBody, HoldBody, LeaseBody, LeaseView, LockBody, LockView

pytestmark = pytest.mark.servers


@dataclass(frozen=True)
class ByHand:
    """A workspace whose worker is ended: the test speaks the node's protocol itself."""

    user: User
    node: Transport
    feed: FeedSimulator

    def lease(self, build: Build) -> "Leased":
        """The lease of `build`."""
        body = LeaseBody(worker="liar", python="3.11.7", platform="linux-x86_64", wait_s=5.0)
        view = msgspec.json.decode(self.node.call("POST", "/api/v1/work/lease", body=body), type=LeaseView)
        assert view.id == build.id
        return Leased(view, self.node.with_token(Secret(view.grant)))


@dataclass(frozen=True)
class Leased:
    """Work in the hands of the test."""

    view: LeaseView
    door: Transport

    def page(self, project: str) -> bytes:
        """A page of the build's own index."""
        return self.door.call("GET", f"/w/default/builds/{self.view.id}/simple/{project}/")

    def propose(self, *packages: str) -> LockView:
        """Send a lock of these entries."""
        pylock = "\n".join(['lock-version = "1.0"', 'created-by = "uv"', *packages])
        body = LockBody(
            fence=self.view.fence,
            pylock=pylock,
            python="3.11",
            platform="linux-x86_64",
            resolver="uv 0.0",
            tags=["py3-none-any"],
        )
        answer = self.door.call("PUT", f"/api/v1/work/{self.view.id}/lock", body=body)
        return msgspec.json.decode(answer, type=LockView)

    def end(self) -> None:
        """Say that it is over."""
        self.door.call(
            "POST", f"/api/v1/work/{self.view.id}/end", body=EndBody(fence=self.view.fence, state="Canceled")
        )


def _entry(name: str, version: str, sha256: str) -> str:
    filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
    return (
        f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        f'wheels = [{{ name = "{filename}", url = "https://attacker.example/{filename}", '
        f'hashes = {{ sha256 = "{sha256}" }} }}]\n'
    )


@pytest.fixture
def by_hand(places: Places, tmp_path: Path) -> Iterator[ByHand]:
    """A workspace without a worker, and a public index with `honest` 1.0."""
    wheel = build_wheel(tmp_path / "wheels", "honest")
    with FeedSimulator(wheel) as index, opened(places, public_index=index.url) as workspace:
        end_group(places.process("worker"))
        token = Secret((places.data / "worker-token").read_text().strip())
        yield ByHand(User(workspace, tmp_path), Transport(workspace.url, token), index)


def test_a_lock_with_a_foreign_file_is_refused(by_hand: ByHand) -> None:
    leased = by_hand.lease(by_hand.user.start_build("honest", ["honest"]))
    leased.page("honest")

    for foreign in (
        _entry("honest", "1.0", "0" * 64),
        _entry("honest", "6.6", "0" * 64),
        _entry("evil", "1.0", "0" * 64),
    ):
        with pytest.raises(IntegrityError) as caught:
            leased.propose(foreign)
        check_told(caught.value, IntegrityError, "lock_mismatch")


def test_a_file_that_no_lock_names_is_not_held(by_hand: ByHand, tmp_path: Path) -> None:
    sha256 = Digest.of((tmp_path / "wheels" / "honest-1.0-py3-none-any.whl").read_bytes()).hex
    leased = by_hand.lease(by_hand.user.start_build("honest", ["honest"]))
    leased.propose(_entry("honest", "1.0", sha256))

    body = HoldBody(fence=leased.view.fence, filename="evil-1.0-py3-none-any.whl")

    with pytest.raises(NotFoundError) as caught:
        leased.door.call("POST", f"/api/v1/work/{leased.view.id}/hold", body=body)

    assert caught.value.code == "unknown_file"


def test_a_grant_opens_its_own_build_while_that_lasts(by_hand: ByHand) -> None:
    leased = by_hand.lease(by_hand.user.start_build("honest", ["honest"]))

    assert b"honest-1.0" in leased.page("honest")

    leased.end()
    with pytest.raises(AuthenticationError):
        leased.page("honest")


def test_a_grant_opens_no_other_workspace(by_hand: ByHand) -> None:
    leased = by_hand.lease(by_hand.user.start_build("honest", ["honest"]))

    for path in ("/w/other/simple/honest/", "/w/other/files/" + "0" * 64 + "/honest-1.0-py3-none-any.whl"):
        with pytest.raises(DeniedError):
            leased.door.call("GET", path)


def test_a_grant_writes_nothing_and_reads_no_connection(by_hand: ByHand) -> None:
    leased = by_hand.lease(by_hand.user.start_build("honest", ["honest"]))
    body = ConnectionBody(category="PythonFeed", target="https://evil.example", auth_type="PAT", value="x" * 20)

    for method, path, sent in (
        ("PUT", "/api/v1/workspaces/default/connections/evil", body),
        ("GET", "/api/v1/workspaces/default/connections", None),
        ("POST", "/api/v1/tokens", None),
        ("PUT", "/api/v1/workspaces/default/wheels/evil-1.0-py3-none-any.whl", None),
    ):
        with pytest.raises((DeniedError, AuthenticationError)):
            leased.door.call(method, path, body=sent)


def test_a_nodes_token_reads_neither_wheels_nor_connections(by_hand: ByHand) -> None:
    for path in ("/api/v1/workspaces/default/connections", "/api/v1/workspaces/default/wheels", "/w/default/simple/x/"):
        with pytest.raises((DeniedError, AuthenticationError)):
            by_hand.node.call("GET", path)
