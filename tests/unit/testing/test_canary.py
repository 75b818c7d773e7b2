"""The search for a leaked secret finds it wherever a program may have put it, and admits what it could not read."""

import base64
import bz2
import gzip
import io
import json
import lzma
import os
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.testing.canary import Hit, inspect, search
from wheelkeep.testing.canary_forms import forms

TOKEN = "wkc/Ca+ary~%9f3b1c77e0a2"
SENTENCE = f"before {TOKEN} after".encode()


def _zip(data: bytes, name: str = "inside.txt") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def _tar(data: bytes, mode: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload] # a mode by parameter
        member = tarfile.TarInfo("inside.txt")
        member.size = len(data)
        archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(SENTENCE, id="plain"),
        pytest.param(quote(TOKEN, safe="").encode(), id="percent"),
        pytest.param(quote(TOKEN, safe="").lower().replace("ca%2bary", "Ca%2bary").encode(), id="percent-lower"),
        pytest.param(json.dumps({"value": TOKEN}).encode(), id="json"),
        pytest.param(TOKEN.encode("utf-16"), id="utf-16"),
        pytest.param(TOKEN.encode().hex().encode(), id="hex"),
        pytest.param(base64.b64encode(TOKEN.encode()), id="base64"),
        pytest.param(base64.b64encode(f"u:{TOKEN}".encode()), id="basic-2"),
        pytest.param(base64.b64encode(f"me:{TOKEN}".encode()), id="basic-3"),
        pytest.param(base64.b64encode(f"you:{TOKEN}\n".encode()), id="basic-4"),
        pytest.param(base64.urlsafe_b64encode(f"you:{TOKEN}".encode()), id="base64-urlsafe"),
        pytest.param(_zip(SENTENCE), id="zip"),
        pytest.param(_zip(b"", name=f"{TOKEN}.txt"), id="member-name"),
        pytest.param(_zip(_zip(gzip.compress(SENTENCE))), id="nested"),
        pytest.param(gzip.compress(SENTENCE), id="gzip"),
        pytest.param(bz2.compress(SENTENCE), id="bzip2"),
        pytest.param(lzma.compress(SENTENCE), id="xz"),
        pytest.param(zlib.compress(SENTENCE), id="zlib"),
        pytest.param(_tar(SENTENCE, "w"), id="tar"),
        pytest.param(_tar(SENTENCE, "w:gz"), id="tar-gzip"),
        pytest.param(_zip(b"x" * 100 + base64.b64encode(f"u:{TOKEN}".encode())), id="base64-in-zip"),
    ],
)
def test_a_planted_secret_is_found_in_every_form(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "innocent.bin").write_bytes(written)
    (tmp_path / "other.txt").write_text("nothing here")

    hits = search(TOKEN, [tmp_path])

    assert hits
    assert all("innocent.bin" in hit.place for hit in hits)


def test_nothing_is_found_where_nothing_stands(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text("Authorization: ****")
    (tmp_path / "some.whl").write_bytes(_zip(b"harmless"))

    findings = inspect(TOKEN, [tmp_path])

    assert findings.hits == ()
    assert (findings.files, findings.parts, findings.unreadable) == (2, 1, ())


def test_a_secret_across_the_border_of_two_pieces_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wheelkeep.testing.canary._CHUNK_BYTES", 5)
    (tmp_path / "log.txt").write_bytes(b"." * 7 + TOKEN.encode() + b"." * 100)

    assert search(TOKEN, [tmp_path]) == [Hit(str(tmp_path / "log.txt"), "plain")]


def test_a_value_that_is_spread_over_pages_of_a_database_is_found(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA page_size = 512")
        connection.execute('CREATE TABLE "odd ""name" (id INTEGER, body)')
        connection.executemany(
            'INSERT INTO "odd ""name" VALUES (?, ?)',
            [(1, None), (2, "x" * 495 + TOKEN * 40), (3, gzip.compress(SENTENCE))],
        )
        connection.commit()

    places = {hit.place for hit in search(TOKEN, [tmp_path])}

    assert f'{path}!odd "name[2].body' in places
    assert f'{path}!odd "name[3].body!(gzip)' in places


def test_a_write_ahead_log_is_read_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE kept (value)")
        connection.execute("INSERT INTO kept VALUES (?)", (TOKEN,))
        connection.commit()
        before = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if not entry.name.endswith("-shm")}
        places = {hit.place for hit in search(TOKEN, [tmp_path])}
        after = {entry.name: entry.read_bytes() for entry in tmp_path.iterdir() if not entry.name.endswith("-shm")}

    assert f"{path}!kept[1].value" in places
    assert f"{path}-wal" in places
    assert before == after


def test_names_of_files_and_targets_of_links_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "wkcCanary9f3b1c77").mkdir()
    (tmp_path / "link").symlink_to("https:/wkcCanary9f3b1c77@host")

    places = {hit.place for hit in search("wkcCanary9f3b1c77", [tmp_path])}

    assert places == {str(tmp_path / "wkcCanary9f3b1c77"), str(tmp_path / "link")}


def test_hard_links_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"data")
    os.link(tmp_path / "one", tmp_path / "two")

    assert inspect(TOKEN, [tmp_path]).files == 1


@pytest.mark.parametrize("where", ["environ", "cmdline"])
def test_a_process_that_holds_the_secret_is_found(where: str) -> None:
    token = "wkcCanary9f3b1c77"
    arguments = [sys.executable, "-c", "print('up', flush=True); input()", *([token] if where == "cmdline" else [])]
    environment = {"HELD": token} if where == "environ" else {}
    with subprocess.Popen(arguments, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        hits = search(token, [], pids=[child.pid])
        child.communicate(b"\n")

    assert hits == [Hit(f"/proc/{child.pid}/{where}", "plain")]


@pytest.mark.parametrize(
    "damage", [lambda data: data[:-10], lambda data: data[:20] + bytes(20) + data[40:]], ids=["cut", "overwritten"]
)
def test_a_damaged_archive_is_told_and_never_taken_for_clean(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    (tmp_path / "some.whl").write_bytes(damage(_zip(os.urandom(200))))

    assert len(inspect(TOKEN, [tmp_path]).unreadable) == 1
    with pytest.raises(PermissionError, match=r"could not be searched: .*some\.whl"):
        search(TOKEN, [tmp_path])


def test_a_search_in_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        search(TOKEN, [tmp_path / "missing"])


def test_a_secret_too_short_to_mean_anything_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 8"):
        search("hunter2", [tmp_path])


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=8, max_size=40),
    before=st.binary(max_size=5),
    after=st.binary(max_size=5),
)
def test_base64_betrays_the_secret_whatever_stands_around_it(secret: str, before: bytes, after: bytes) -> None:
    encoded = base64.b64encode(before + secret.encode() + after)

    assert any(pattern in encoded for pattern, form in forms(secret).items() if form == "base64")
