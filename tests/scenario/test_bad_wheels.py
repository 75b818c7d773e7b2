"""A wheel that is none is refused with what is wrong, and the next correct one is taken."""

import zipfile
from pathlib import Path

import pytest

from wheelkeep import Environment
from wheelkeep.errors import ConflictError, NotFoundError, WheelError, WheelkeepError
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.wheels import build_wheel

pytestmark = pytest.mark.servers

METADATA_OF_ANOTHER = b"Metadata-Version: 2.1\nName: another\nVersion: 1.0\n"


def _refused(user: User, wheel: Path) -> WheelkeepError:
    with pytest.raises(WheelkeepError) as caught:
        Environment.add_private_pip_wheel(workspace=user.workspace, file_path=wheel)
    assert wheel.name not in [view.filename for view in user.workspace.wheels.list()]
    return caught.value


def test_the_file_name_in_azures_sample_is_refused_with_the_legal_name(user: User, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "my-custom", filename="my-custom.whl")

    check_told(_refused(user, wheel), WheelError, "invalid_wheel_filename", "my-custom.whl", "py3-none-any.whl")


def test_a_file_that_is_no_zip_is_refused(user: User, tmp_path: Path) -> None:
    wheel = tmp_path / "no_zip-1.0-py3-none-any.whl"
    wheel.write_bytes(b"this is no zip archive")

    check_told(_refused(user, wheel), WheelError, "not_a_wheel", "zip")


def test_metadata_of_another_name_is_refused_naming_both(user: User, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "one-name", metadata=METADATA_OF_ANOTHER)

    check_told(_refused(user, wheel), WheelError, "wheel_name_mismatch", "another", "one")


def test_a_member_outside_the_environment_is_refused(user: User, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "escapes", files={"escapes/__init__.py": "", "../../evil.py": "print('evil')"})

    check_told(_refused(user, wheel), WheelError, "wheel_member_escapes", "evil.py")


def test_a_zip_bomb_is_refused(user: User, tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, "bomb", files={"bomb/zeros.bin": bytes(300 << 20)}, compression=zipfile.ZIP_DEFLATED)

    check_told(_refused(user, wheel), WheelError, "wheel_bomb")


def test_the_same_name_with_other_bytes_is_refused_naming_both_hashes(user: User, tmp_path: Path) -> None:
    first = build_wheel(tmp_path / "first", "taken-name")
    other = build_wheel(tmp_path / "other", "taken-name", files={"taken_name/__init__.py": "changed = True\n"})
    kept = user.workspace.wheels.add(first)

    for exist_ok in (False, True):
        with pytest.raises(ConflictError) as caught:
            Environment.add_private_pip_wheel(workspace=user.workspace, file_path=other, exist_ok=exist_ok)
        check_told(caught.value, ConflictError, "wheel_exists", kept.sha256.removeprefix("sha256:")[:12], "version")

    assert user.workspace.wheels.get(first.name).sha256 == kept.sha256


def test_a_rebuild_that_differs_only_in_its_zip_times_is_the_same_wheel(user: User, tmp_path: Path) -> None:
    first = build_wheel(tmp_path / "first", "rebuilt")
    rebuilt = build_wheel(tmp_path / "again", "rebuilt", modified=(2024, 5, 6, 7, 8, 10))

    urls = {Environment.add_private_pip_wheel(workspace=user.workspace, file_path=wheel) for wheel in (first, rebuilt)}

    assert first.read_bytes() != rebuilt.read_bytes()
    assert len(urls) == 1


def test_a_missing_file_is_told(user: User, tmp_path: Path) -> None:
    check_told(_refused(user, tmp_path / "absent-1.0-py3-none-any.whl"), NotFoundError, "file_not_found", "absent")
