"""The key ring: private, durable, rotated without losing what older keys sealed."""

import subprocess
import sys
from pathlib import Path

import pytest

from wheelkeep.errors import IntegrityError, RequestError
from wheelkeep.server.access.keyring import KeyRing


def test_a_new_ring_has_one_key_that_is_found_again(tmp_path: Path) -> None:
    first = KeyRing.open(tmp_path / "keys")
    second = KeyRing.open(tmp_path / "keys")
    assert first.newest.material == second.newest.material
    assert len(first.keys) == 1


def test_folder_and_files_are_private(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    assert ring.folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in ring.folder.iterdir()} == {0o600}


def test_a_folder_that_others_can_read_is_refused_with_a_hint(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(RequestError, match="open to other users") as caught:
        KeyRing.open(folder)
    assert "chmod 700" in caught.value.hint


def test_rotation_keeps_the_older_keys_and_another_process_learns_the_new_one(tmp_path: Path) -> None:
    other = KeyRing.open(tmp_path / "keys")
    ring = KeyRing.open(tmp_path / "keys")
    old = ring.newest
    new = ring.rotate()
    assert ring.newest == new
    assert ring.key(old.id) == old
    assert other.key(new.id) == new


def test_purposes_and_keys_give_different_signing_keys(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    before = ring.signing_key("grant")
    assert before == KeyRing.open(tmp_path / "keys").signing_key("grant")
    assert before != ring.signing_key("path")
    ring.rotate()
    assert ring.signing_keys("grant") == (ring.signing_key("grant"), before)


def test_no_representation_shows_the_material(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    assert ring.newest.material.hex() not in repr(ring.newest)
    assert repr(ring.newest.material) not in repr(ring.newest)


def test_a_damaged_key_is_told_and_never_replaced(tmp_path: Path) -> None:
    ring = KeyRing.open(tmp_path / "keys")
    path = next(ring.folder.glob("*.key"))
    path.write_text("nonsense")
    with pytest.raises(IntegrityError, match="damaged"):
        KeyRing.open(ring.folder)


_OPEN_ONE = """
import sys, pathlib
from wheelkeep.server.access.keyring import KeyRing
print(KeyRing.open(pathlib.Path(sys.argv[1])).newest.id)
"""


def test_processes_that_open_a_new_folder_at_once_get_one_key(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _OPEN_ONE, str(tmp_path / "keys")]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    ids = {child.communicate(timeout=60)[0] for child in children}
    assert len(ids) == 1
    assert all(child.returncode == 0 for child in children)
