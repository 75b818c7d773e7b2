"""What of a source folder is sent, and that the same folder is the same bytes."""

import os
import zipfile
from pathlib import Path

import pytest

from wheelkeep.digest import digest_of_file
from wheelkeep.errors import RequestError
from wheelkeep.sdk import snapshot
from wheelkeep.sdk.snapshot import list_files, pack_folder


def make(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


def names(folder: Path) -> list[str]:
    return [path.as_posix() for path in list_files(folder)]


def test_what_never_belongs_to_a_source_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "train.py", "pkg/a.py", "pkg/__pycache__/a.pyc", ".wheelkeep/token", ".git/config", "old.pyc")

    assert names(tmp_path) == ["pkg/a.py", "train.py"]


def test_a_rule_cannot_bring_the_workspaces_own_folder_back(tmp_path: Path) -> None:
    make(tmp_path, "train.py", ".wheelkeep/token")
    (tmp_path / ".amlignore").write_text("!.wheelkeep/\n!.wheelkeep/token\n", encoding="utf-8")

    assert names(tmp_path) == [".amlignore", "train.py"]


def test_amlignore_is_used_instead_of_gitignore(tmp_path: Path) -> None:
    make(tmp_path, "train.py", "data/big.bin", "notes.txt")
    (tmp_path / ".gitignore").write_text("notes.txt\n", encoding="utf-8")
    assert names(tmp_path) == [".gitignore", "data/big.bin", "train.py"]

    (tmp_path / ".amlignore").write_text("data/\n", encoding="utf-8")
    assert names(tmp_path) == [".amlignore", ".gitignore", "notes.txt", "train.py"]


def test_a_link_that_leads_outside_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x", encoding="utf-8")
    source = make(tmp_path / "src", "train.py")
    (source / "stolen").symlink_to(secret)

    assert names(source) == ["train.py"]


def test_the_same_files_give_the_same_archive_whatever_their_times(tmp_path: Path) -> None:
    source = make(tmp_path, "b.py", "a.py")
    with pack_folder(source) as archive:
        first = digest_of_file(archive)
    os.utime(source / "a.py", (1, 1))

    with pack_folder(source) as archive:
        assert digest_of_file(archive) == first


def test_an_executable_stays_one(tmp_path: Path) -> None:
    make(tmp_path, "run.sh").joinpath("run.sh").chmod(0o755)

    with pack_folder(tmp_path) as archive, zipfile.ZipFile(archive) as opened:
        assert opened.getinfo("run.sh").external_attr >> 16 & 0o111


def test_too_many_files_are_refused_with_the_way_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_FILES", 2)
    make(tmp_path, "a", "b", "c")

    with pytest.raises(RequestError) as caught:
        list_files(tmp_path)

    assert caught.value.code == "snapshot_too_large"
    assert ".amlignore" in caught.value.hint


def test_too_many_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MOST_BYTES", 3)
    make(tmp_path, "long-name")

    with pytest.raises(RequestError) as caught:
        list_files(tmp_path)

    assert caught.value.code == "snapshot_too_large"
