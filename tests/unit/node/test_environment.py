"""Environments made by real uv from small real wheels, offline."""

import csv
import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import msgspec
import pytest

from wheelkeep.errors import BuildError, IntegrityError, ResolutionError
from wheelkeep.files import try_lock
from wheelkeep.node.environment import MARKER, UvEnvironmentMaker, sweep_environments
from wheelkeep.node.exec import make_ready
from wheelkeep.node.folder import NodeFolder
from wheelkeep.node.store import FileStore
from wheelkeep.node.watch import Quiet
from wheelkeep.testing.file_source import MemoryFiles
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.testing.work_book import sealed
from wheelkeep.wire.work import FileNote, LockView

STABLE = "https://keep.example/w/default/files/{sha256}/{name}#sha256={sha256}"
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"


def note(source: MemoryFiles, path: Path, *, direct: bool = False) -> FileNote:
    sha256 = source.add(path)
    project, version = path.name.split("-")[:2]
    return FileNote(
        project=project.replace("_", "-"),
        version=version,
        filename=path.name,
        origin="workspace",
        sha256=sha256,
        size=path.stat().st_size,
        direct_url=STABLE.format(sha256=sha256, name=path.name) if direct else None,
    )


def lock_of(*notes: FileNote) -> LockView:
    return sealed(LockView(digest=None, python=PYTHON, platform=sysconfig.get_platform(), files=list(notes)))


@pytest.fixture
def lock(source: MemoryFiles, tmp_path: Path) -> LockView:
    hello = build_wheel(
        tmp_path / "wheels",
        "hello-tool",
        files={"hello_tool.py": "def main():\n    print('hello')\n"},
        console_scripts={"hello": "hello_tool:main"},
    )
    private = build_wheel(tmp_path / "wheels", "my-private", "2.0+local")
    return lock_of(note(source, hello), note(source, private, direct=True))


def test_an_environment_imports_its_wheels_and_its_scripts_run_under_its_name(
    folder: NodeFolder, source: MemoryFiles, lock: LockView
) -> None:
    made = make_ready(source, lock, folder.root, workspace="default")
    assert subprocess.check_output([made / "bin" / "hello"], text=True) == "hello\n"
    code = "import my_private, sys; print(my_private.__version__, sys.prefix)"
    assert subprocess.check_output([made / "bin" / "python", "-c", code], text=True) == f"2.0+local {made}\n"
    assert not list(folder.environments.glob(".staged/*"))


def test_an_equal_environment_is_found_and_not_made_again(
    folder: NodeFolder, source: MemoryFiles, lock: LockView
) -> None:
    made = make_ready(source, lock, folder.root, workspace="default")
    before = (made / MARKER).stat()
    asked = len(source.starts)
    assert make_ready(source, lock, folder.root, workspace="default") == made
    assert (made / MARKER).stat() == before
    assert len(source.starts) == asked


def test_direct_url_shows_the_stable_url_alone_and_record_lists_it(
    folder: NodeFolder, source: MemoryFiles, lock: LockView
) -> None:
    made = make_ready(source, lock, folder.root, workspace="default")
    information = next(made.glob("lib/python*/site-packages/my_private-*.dist-info"))
    told = json.loads((information / "direct_url.json").read_text())
    sha256 = lock.files[1].sha256
    assert told["url"] == STABLE.format(sha256=sha256, name=lock.files[1].filename).partition("#")[0]
    assert told["archive_info"]["hashes"] == {"sha256": sha256}
    rows = list(csv.reader((information / "RECORD").read_text().splitlines()))
    assert f"{information.name}/direct_url.json" in [row[0] for row in rows]
    assert not list(made.glob("lib/python*/site-packages/hello_tool-*.dist-info/direct_url.json"))


def test_no_file_of_an_environment_has_a_second_name(folder: NodeFolder, source: MemoryFiles, lock: LockView) -> None:
    made = make_ready(source, lock, folder.root, workspace="default")
    files = [path for path in made.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {path.stat().st_nlink for path in files} == {1}


def test_a_folder_without_a_marker_is_no_environment_and_is_made_anew(
    folder: NodeFolder, source: MemoryFiles, lock: LockView
) -> None:
    made = make_ready(source, lock, folder.root, workspace="default")
    (made / MARKER).unlink()
    (made / "bin" / "hello").unlink()
    maker = UvEnvironmentMaker(folder)
    assert maker.environment(lock) is None
    assert maker.make(lock, store=FileStore(folder), watch=Quiet()) == made
    assert (made / "bin" / "hello").exists()


def test_what_a_killed_maker_left_is_swept_and_what_is_being_made_is_not(folder: NodeFolder) -> None:
    left, busy = folder.environments / ".staged" / "dead-cp311", folder.environments / ".staged" / "busy-cp311"
    for one in (left, busy, folder.environments / "unmarked-cp311"):
        one.mkdir(parents=True)
    held = try_lock(folder.lock("environment-busy-cp311"))
    assert held is not None
    with held:
        assert sweep_environments(folder) == 2
    assert busy.is_dir()
    assert not left.exists()
    assert not (folder.environments / "unmarked-cp311").exists()


MAKE = """
import sys
from pathlib import Path
import msgspec
from wheelkeep.node.exec import make_ready
from wheelkeep.testing.file_source import MemoryFiles
from wheelkeep.wire.work import LockView
root, lock, wheels = sys.argv[1:]
source = MemoryFiles()
for path in Path(wheels).iterdir():
    source.add(path)
made = make_ready(source, msgspec.json.decode(lock, type=LockView), Path(root), workspace="default")
print((made / "wheelkeep-environment.json").stat().st_mtime_ns)
"""


def test_twenty_processes_at_once_make_it_once(folder: NodeFolder, lock: LockView, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        MAKE,
        str(folder.root),
        msgspec.json.encode(lock).decode(),
        str(tmp_path / "wheels"),
    ]
    makers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(20)]
    made = [maker.communicate(timeout=100)[0] for maker in makers]
    assert [maker.returncode for maker in makers] == [0] * 20
    assert len(set(made)) == 1


def test_an_empty_lock_is_a_bare_python(folder: NodeFolder, source: MemoryFiles) -> None:
    made = make_ready(source, lock_of(), folder.root, workspace="default")
    assert (made / "bin" / "python").exists()


def test_a_lock_whose_digest_is_not_that_of_its_files_is_refused(
    folder: NodeFolder, source: MemoryFiles, lock: LockView
) -> None:
    other = LockView(digest=lock.digest, python=lock.python, platform=lock.platform, files=lock.files[:1])
    with pytest.raises(IntegrityError) as caught:
        make_ready(source, other, folder.root, workspace="default")
    assert caught.value.code == "lock_mismatch"


def test_a_lock_of_another_platform_is_refused(folder: NodeFolder, source: MemoryFiles, lock: LockView) -> None:
    other = sealed(LockView(digest=None, python=PYTHON, platform="macosx-14.0-arm64", files=lock.files))
    with pytest.raises(ResolutionError, match="this node is"):
        make_ready(source, other, folder.root, workspace="default")


def test_a_file_that_was_damaged_on_this_node_is_told_and_fetched_anew(
    folder: NodeFolder, source: MemoryFiles, lock: LockView
) -> None:
    store = FileStore(folder)
    made = make_ready(source, lock, folder.root, workspace="default")
    (made / MARKER).unlink()
    path = folder.files / str(lock.files[0].sha256) / lock.files[0].filename
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(IntegrityError, match="damaged"):
        UvEnvironmentMaker(folder).make(lock, store=store, watch=Quiet())
    assert make_ready(source, lock, folder.root, workspace="default") == made


def test_a_wheel_that_cannot_be_installed_is_told_with_the_installers_words(
    folder: NodeFolder, source: MemoryFiles, tmp_path: Path
) -> None:
    bad = tmp_path / "bad-1.0-py3-none-any.whl"
    bad.write_bytes(b"this is no zip")
    with pytest.raises(BuildError) as caught:
        make_ready(source, lock_of(note(source, bad)), folder.root, workspace="default")
    assert caught.value.code == "install_failed"
