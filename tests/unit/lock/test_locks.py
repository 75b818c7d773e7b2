"""The lock: its identity, its document."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from uv import find_uv_bin

from wheelkeep.digest import digest_of_value
from wheelkeep.errors import RequestError
from wheelkeep.lock.document import format_lock, parse_lock
from wheelkeep.lock.model import Lock, LockedFile
from wheelkeep.lock.pylock import parse_pylock


def locked(name: str = "acme_x", version: str = "1.0", sha256: str = "ab" * 32, **more: str | None) -> LockedFile:
    return LockedFile(
        project=canonicalize_name(name),
        version=version,
        filename=f"{name}-{version}-py3-none-any.whl",
        sha256=sha256,
        size=3,
        origin=more.pop("origin", None) or "workspace",
        **more,
    )


def lock(*files: LockedFile, python: str = "3.11", platform: str = "linux-x86_64") -> Lock:
    return Lock(python=python, platform=platform, files=files)


def test_the_identity_is_the_content_and_nothing_else() -> None:
    one = lock(locked("a"), locked("b", sha256="cd" * 32))
    value = {"python": "3.11", "platform": "linux-x86_64", "files": ["ab" * 32, "cd" * 32]}
    assert one.digest == digest_of_value(value)
    other = lock(
        locked("b", version="9", sha256="ab" * 32, origin="https://h/simple", url="https://h/b.whl"),
        locked("c", sha256="cd" * 32, direct_url="https://h/c.whl"),
    )
    assert one.digest == other.digest
    assert one.digest != lock(*one.files, python="3.12").digest
    assert one.digest != lock(*one.files, platform="win-amd64").digest
    assert one.digest != lock(one.files[0]).digest


def test_files_stand_in_the_order_of_their_projects() -> None:
    assert [file.project for file in lock(locked("b"), locked("a")).files] == ["a", "b"]
    assert lock(locked("b"), locked("a")) == lock(locked("a"), locked("b"))
    assert lock(locked("a"), locked("b")).size == 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"sha256": "AB" * 32},
        {"version": "x"},
        {"name": "my"},
        {"url": "https://u:p@h/a.whl"},
        {"url": "https://h/a.whl?sig=x"},
        {"direct_url": "not a url"},
        {"marker": "nonsense"},
        {"origin": "a\nb"},
    ],
)
def test_a_malformed_file_is_refused(wrong: dict[str, str]) -> None:
    values: dict[str, str] = {"project": "acme-x", "filename": "acme_x-1.0-py3-none-any.whl", "version": "1.0"}
    values |= {"sha256": "ab" * 32, "origin": "public"}
    values |= {"project": wrong["name"]} if "name" in wrong else wrong
    with pytest.raises(RequestError) as caught:
        LockedFile(size=3, **values)
    assert caught.value.code == "invalid_lock"


def test_a_project_stands_once() -> None:
    with pytest.raises(RequestError, match="stands twice"):
        lock(locked("a"), locked("a", version="2"))


def test_old_metadata_does_not_spoil_a_lock() -> None:
    assert locked(requires_python=">=3.6.*").requires_python is None
    assert locked(requires_python=">= 3.8").requires_python == ">=3.8"


TEXTS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12).filter(
    str.isprintable
)
FILES = st.builds(
    LockedFile,
    project=st.just("acme-x"),
    version=st.just("1.0+l.1"),
    filename=st.sampled_from(["acme_x-1.0+l.1-py3-none-any.whl", "acme_x-1.0+l.1-2-cp311-cp311-linux_x86_64.whl"]),
    sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    size=st.integers(0, 1 << 40),
    origin=TEXTS,
    url=st.none() | st.just("https://h/x/acme_x-1.0%2Bl.1-py3-none-any.whl"),
    direct_url=st.none() | st.just(f"http://h/w/default/files/{'ab' * 32}/acme_x-1.0%2Bl.1-py3-none-any.whl"),
    requires_python=st.none() | st.just(">=3.8"),
    marker=st.none() | st.just('python_version > "3"'),
)


@given(st.lists(FILES, max_size=1), TEXTS.filter(bool))
def test_a_lock_is_written_and_read_back_without_loss(files: list[LockedFile], platform: str) -> None:
    written = lock(*files, platform=platform)
    text = format_lock(written)
    assert parse_lock(text) == written
    assert format_lock(parse_lock(text)) == text
    assert [found.project for found in parse_pylock(text)] == [file.project for file in files]


def test_equal_locks_are_the_same_text_without_time_or_tool_version() -> None:
    text = format_lock(lock(locked("b", origin="https://h/simple"), locked("a")))
    assert text == format_lock(lock(locked("a"), locked("b", origin="https://h/simple")))
    assert text == (
        'lock-version = "1.0"\nrequires-python = "==3.11.*"\ncreated-by = "wheelkeep"\n\n'
        '[[packages]]\nname = "a"\nversion = "1.0"\n'
        f'wheels = [{{ name = "a-1.0-py3-none-any.whl", path = "a-1.0-py3-none-any.whl", size = 3, '
        f'hashes = {{ sha256 = "{"ab" * 32}" }} }}]\n'
        '[packages.tool.wheelkeep]\norigin = "workspace"\nfilename = "a-1.0-py3-none-any.whl"\n\n'
        '[[packages]]\nname = "b"\nversion = "1.0"\n'
        f'wheels = [{{ name = "b-1.0-py3-none-any.whl", path = "b-1.0-py3-none-any.whl", size = 3, '
        f'hashes = {{ sha256 = "{"ab" * 32}" }} }}]\n'
        '[packages.tool.wheelkeep]\norigin = "https://h/simple"\nfilename = "b-1.0-py3-none-any.whl"\n\n'
        '[tool.wheelkeep]\npython = "3.11"\nplatform = "linux-x86_64"\n'
        f'digest = "{lock(locked("a"), locked("b")).digest}"\n'
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ab" * 32, "cd" * 32),
        ('origin = "workspace"\n', ""),
        ("size = 3, ", ""),
        ("[tool.wheelkeep]", "[tool.other]"),
        ('platform = "linux-x86_64"', "platform = 3"),
        ('version = "1.0"\n', ""),
    ],
)
def test_a_lock_that_was_changed_is_refused(old: str, new: str) -> None:
    text = format_lock(lock(locked()))
    assert old in text
    with pytest.raises(RequestError) as caught:
        parse_lock(text.replace(old, new, 1))
    assert caught.value.code == "invalid_lock"


def test_uv_reads_what_is_written(tmp_path: Path) -> None:
    path = tmp_path / "pylock.toml"
    path.write_text(format_lock(lock(python=f"{sys.version_info.major}.{sys.version_info.minor}")))
    command = [find_uv_bin(), "pip", "install", "--dry-run", "--offline", "--no-config", "--no-cache"]
    done = subprocess.run(
        [*command, "--python", sys.executable, "-r", str(path)], capture_output=True, text=True, check=False, env={}
    )
    assert done.returncode == 0, done.stderr
