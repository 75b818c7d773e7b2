"""What `check_wheel` accepts and refuses, over real zip files."""

import base64
import hashlib
import io
import random
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wheelkeep.digest import digest_of_file
from wheelkeep.errors import WheelError
from wheelkeep.testing.wheels import build_wheel
from wheelkeep.wheel.archive import ArchiveLimits
from wheelkeep.wheel.check import CheckedWheel, check_wheel


def refused(path: Path, filename: str | None = None, **options: ArchiveLimits) -> WheelError:
    with pytest.raises(WheelError) as caught:
        check_wheel(path, filename or path.name, **options)
    return caught.value


def checked_or_refused(path: Path) -> CheckedWheel | WheelError:
    try:
        return check_wheel(path, path.name)
    except WheelError as error:
        return error


def rewritten(path: Path, *, extra: zipfile.ZipInfo | None = None, data: bytes = b"", **changes: int) -> Path:
    """The wheel at `path` with another member or with other attributes of all members."""
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(path, "w") as target:
        for member in source.infolist():
            body = source.read(member)
            for name, value in changes.items():
                setattr(member, name, value)
            target.writestr(member, body)
        if extra is not None:
            target.writestr(extra, data)
    return path


def test_a_good_wheel_is_known_whole(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "My.Custom", "1.0", requires_python=">=3.9, <4", requires=["six>=1"])
    checked = check_wheel(path, path.name)
    assert (checked.project, checked.version, checked.filename) == (
        "my-custom",
        "1.0",
        "my_custom-1.0-py3-none-any.whl",
    )
    assert checked.digest == digest_of_file(path)
    assert checked.size == path.stat().st_size
    assert checked.requires_python == ">=3.9, <4"
    assert checked.metadata == zipfile.ZipFile(path).read("my_custom-1.0.dist-info/METADATA")
    assert checked.tags == ("py3-none-any",)


def test_a_rebuild_that_differs_only_in_zip_times_or_compression_has_the_same_content(tmp_path: Path) -> None:
    first = build_wheel(tmp_path / "a", "demo")
    second = build_wheel(tmp_path / "b", "demo", modified=(2024, 5, 6, 7, 8, 10))
    third = build_wheel(tmp_path / "c", "demo", compression=zipfile.ZIP_STORED)
    found = [check_wheel(path, path.name) for path in (first, second, third)]
    assert len({one.digest for one in found}) == 3
    assert len({one.content_digest for one in found}) == 1


@pytest.mark.parametrize("files", [{"demo/__init__.py": "x = 2\n"}, {"demo/other.py": "x = 1\n"}])
def test_other_bytes_or_names_are_other_content(tmp_path: Path, files: dict[str, str]) -> None:
    one = build_wheel(tmp_path / "a", "demo", files={"demo/__init__.py": "x = 1\n"})
    two = build_wheel(tmp_path / "b", "demo", files=files)
    assert check_wheel(one, one.name).content_digest != check_wheel(two, two.name).content_digest


def test_an_executable_bit_is_content(tmp_path: Path) -> None:
    files = {"demo-1.0.data/scripts/run": "#!/bin/sh\n"}
    one = build_wheel(tmp_path / "a", "demo", files=files)
    two = build_wheel(tmp_path / "b", "demo", files=files, programs=list(files))
    assert check_wheel(one, one.name).content_digest != check_wheel(two, two.name).content_digest


def test_azures_sample_name_is_refused_with_the_legal_name(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "my-custom", "1.0", filename="my-custom.whl")
    error = refused(path)
    assert error.code == "invalid_wheel_filename"
    assert "my_custom-1.0-py3-none-any.whl" in error.hint
    assert "this file's legal name is my_custom-1.0-py3-none-any.whl" in error.hint


def test_the_legal_name_in_the_hint_keeps_the_files_own_tags(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "fast", "2.1", tag="cp311-cp311-manylinux_2_28_x86_64", filename="fast.whl")
    assert "fast-2.1-cp311-cp311-manylinux_2_28_x86_64.whl" in refused(path).hint


@pytest.mark.parametrize(
    "filename",
    ["", "x.whl", "demo-1.0.whl", "demo-1.0-py3-none-any.zip", "../demo-1.0-py3-none-any.whl",
     "de mo-1.0-py3-none-any.whl",
     "demo-one-py3-none-any.whl", "dëmo-1.0-py3-none-any.whl", "demo-1.0-py3-none-any.whl\n",
     "a" * 300 + "-1.0-py3-none-any.whl"],
)  # fmt: skip
def test_an_illegal_file_name_is_refused(tmp_path: Path, filename: str) -> None:
    path = tmp_path / "some"
    path.write_bytes(b"not a zip either")
    error = refused(path, filename or " ")
    assert error.code == "invalid_wheel_filename"
    assert "my_custom-1.0-py3-none-any.whl" in error.hint


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 100, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(content)
    assert refused(path).code in {"not_a_wheel", "invalid_wheel_metadata"}


def test_metadata_of_another_name_is_refused_with_the_legal_name(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", metadata=b"Metadata-Version: 2.1\nName: Other-Thing\nVersion: 1.0\n")
    error = refused(path)
    assert error.code == "wheel_name_mismatch"
    assert "other_thing-1.0-py3-none-any.whl" in error.hint


def test_metadata_of_another_version_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", metadata=b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0.1\n")
    assert refused(path).code == "wheel_name_mismatch"


def test_a_renamed_wheel_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", "1.0", filename="demo-2.0-py3-none-any.whl")
    assert refused(path).code == "wheel_name_mismatch"


@pytest.mark.parametrize(
    "metadata",
    [b"", b"Metadata-Version: 2.1\nName: demo\n", b"Metadata-Version: 2.1\nVersion: 1.0\n", b"\xff\xfe\x00",
     b"Name demo",
     b"Metadata-Version: 2.1\nName: demo\nName: demo\nVersion: 1.0\n",
     b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Python: three\n",
     b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nRequires-Dist: a b c !!\n"],
)  # fmt: skip
def test_malformed_metadata_is_refused(tmp_path: Path, metadata: bytes) -> None:
    assert refused(build_wheel(tmp_path, "demo", metadata=metadata)).code == "invalid_wheel_metadata"


def test_a_field_too_new_for_its_metadata_version_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", metadata=b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\nLicense-File: L\n")
    assert check_wheel(path, path.name).project == "demo"


@pytest.mark.parametrize(
    ("omitted", "code"),
    [("METADATA", "invalid_wheel_metadata"), ("WHEEL", "invalid_wheel_metadata"), ("RECORD", "invalid_wheel_record")],
)
def test_a_wheel_without_one_of_its_three_files_is_refused(tmp_path: Path, omitted: str, code: str) -> None:
    assert refused(build_wheel(tmp_path, "demo", omit=[omitted])).code == code


def test_an_unknown_wheel_version_is_refused(tmp_path: Path) -> None:
    assert refused(build_wheel(tmp_path, "demo", wheel_file=b"Wheel-Version: 2.0\n")).code == "invalid_wheel_metadata"


@pytest.mark.parametrize(
    "record",
    [b"", b"\xff", b"demo/__init__.py,,\n", b"demo/__init__.py,md5=AAAA,3\n", b"demo/__init__.py,sha256=AAAA,3\n",
     b'"unclosed', b"demo/__init__.py,sha256=%s,20,too,many\n", b"a,,\na,,\n"],
)  # fmt: skip
def test_a_wrong_record_is_refused(tmp_path: Path, record: bytes) -> None:
    assert refused(build_wheel(tmp_path, "demo", record=record)).code == "invalid_wheel_record"


def test_a_member_that_record_does_not_list_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", unrecorded={"sitecustomize.py": b"import os"})
    error = refused(path)
    assert error.code == "invalid_wheel_record"
    assert "sitecustomize.py" in error.message


def test_a_listed_member_that_is_not_there_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")
    record = zipfile.ZipFile(path).read("demo-1.0.dist-info/RECORD")
    listed = b"ghost.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n" + record
    assert "ghost.py" in refused(build_wheel(tmp_path, "demo", record=listed)).message


def test_a_changed_member_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo.py": "x = 1\n"})
    record = zipfile.ZipFile(path).read("demo-1.0.dist-info/RECORD")
    assert (
        refused(build_wheel(tmp_path, "demo", files={"demo.py": "x = 2\n"}, record=record)).code
        == "invalid_wheel_record"
    )


def test_record_may_use_sha512(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo.py": "x"})
    record = zipfile.ZipFile(path).read("demo-1.0.dist-info/RECORD").decode().splitlines()
    text = base64.urlsafe_b64encode(hashlib.sha512(b"x").digest()).rstrip(b"=").decode()
    record[0] = f"demo.py,sha512={text},1"
    again = build_wheel(tmp_path, "demo", files={"demo.py": "x"}, record="\n".join(record).encode())
    assert check_wheel(again, again.name).project == "demo"


@pytest.mark.parametrize(
    "name",
    ["../evil.py", "/etc/passwd", "demo/../../evil.py", "demo\\..\\evil.py", "C:/evil.py", "demo//evil.py", "./evil.py",
     "demo/\x07bell.py", "demo/../evil.py"],
)  # fmt: skip
def test_a_member_that_leads_outside_is_refused(tmp_path: Path, name: str) -> None:
    assert refused(build_wheel(tmp_path, "demo", files={name: b"boom"})).code == "wheel_member_escapes"


def test_a_name_with_a_nul_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo/aXb.py": b"boom"})
    path.write_bytes(path.read_bytes().replace(b"demo/aXb.py", b"demo/a\x00b.py"))
    assert refused(path).code == "wheel_member_escapes"


def test_a_symbolic_link_is_refused(tmp_path: Path) -> None:
    error = refused(build_wheel(tmp_path, "demo", links={"demo/link": "/etc/passwd"}))
    assert error.code == "wheel_member_escapes"
    assert "symbolic link" in error.message


def test_a_device_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("demo/pipe")
    member.external_attr = stat.S_IFIFO << 16
    member.create_system = 3
    assert refused(rewritten(build_wheel(tmp_path, "demo"), extra=member)).code == "wheel_member_escapes"


def test_a_bomb_is_refused_by_its_ratio_without_being_expanded(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo/zeros": bytes(70 << 20)})
    assert path.stat().st_size < 1 << 20
    assert refused(path).code == "wheel_bomb"


def test_too_many_members_are_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={f"demo/{n}.py": b"" for n in range(30)})
    assert refused(path, limits=ArchiveLimits(members=20)).code == "wheel_bomb"


def test_a_large_total_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo/data": random.Random(1).randbytes(5000)})  # noqa: S311 - filler
    assert refused(path, limits=ArchiveLimits(expanded_bytes=4000)).code == "wheel_bomb"


def test_a_directory_that_claims_too_many_members_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")
    content = bytearray(path.read_bytes())
    struct.pack_into("<L", content, len(content) - 22 + 12, 0xFFFFFFF0)
    path.write_bytes(content)
    assert refused(path).code == "wheel_bomb"


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"a.py": b"1" * 100, "b.py": b"1" * 100}, compression=zipfile.ZIP_STORED)
    content = bytearray(path.read_bytes())
    directory = content.find(b"PK\x01\x02")
    second = content.find(b"PK\x01\x02", directory + 4)
    content[second + 42 : second + 46] = content[directory + 42 : directory + 46]  # both begin at the first
    content[second + 46 : second + 50] = b"a.py"
    path.write_bytes(content)
    assert refused(path).code in {"wheel_bomb", "not_a_wheel"}


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo/aa.py": b"one", "demo/ab.py": b"two"})
    path.write_bytes(path.read_bytes().replace(b"demo/ab.py", b"demo/aa.py"))
    assert refused(path).code == "not_a_wheel"


@pytest.mark.parametrize("place", ["before", "after"])
def test_bytes_around_the_archive_are_refused(tmp_path: Path, place: str) -> None:
    path = build_wheel(tmp_path, "demo")
    content = path.read_bytes()
    path.write_bytes(b"#!/bin/sh\n" + content if place == "before" else content + b"tail")
    assert refused(path).code == "not_a_wheel"


def test_a_member_that_only_streaming_readers_see_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", unrecorded={"zz_hidden.py": b"x"}, compression=zipfile.ZIP_STORED)
    content = path.read_bytes()
    directory = content.find(b"PK\x01\x02")
    hidden = content.rfind(b"PK\x01\x02")
    end = content.rfind(b"PK\x05\x06")
    tail = bytearray(content[end:])
    entries = struct.unpack_from("<H", tail, 8)[0] - 1
    struct.pack_into("<HHL", tail, 8, entries, entries, hidden - directory)
    path.write_bytes(content[:hidden] + bytes(tail))
    assert refused(path).code == "not_a_wheel"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_installers_do_not_read_is_refused(tmp_path: Path, method: int) -> None:
    assert refused(build_wheel(tmp_path, "demo", compression=method)).code == "not_a_wheel"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")
    content = bytearray(path.read_bytes())
    directory = content.find(b"PK\x01\x02")
    content[directory + 8] |= 1
    path.write_bytes(content)
    assert refused(path).code == "not_a_wheel"


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"demo.py": b"x = 1234567\n"}, compression=zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"1234567", b"7654321", 1))
    assert refused(path).code == "not_a_wheel"


def test_data_descriptors_are_no_hidden_bytes(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo")

    class Pipe(io.RawIOBase):
        def __init__(self, target: Path) -> None:
            self._file = target.open("wb")

        def writable(self) -> bool:
            return True

        def write(self, data: object) -> int:
            return self._file.write(bytes(data))  # type: ignore[call-overload]  # zipfile gives bytes

        def close(self) -> None:
            self._file.close()

    streamed = tmp_path / "streamed" / path.name
    streamed.parent.mkdir()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(Pipe(streamed), "w") as target:
        for member in source.infolist():
            target.writestr(member, source.read(member))
    assert zipfile.ZipFile(streamed).infolist()[0].flag_bits & 0x08
    assert check_wheel(streamed, path.name).content_digest == check_wheel(path, path.name).content_digest


def test_two_dist_info_folders_are_refused(tmp_path: Path) -> None:
    path = build_wheel(tmp_path, "demo", files={"other-1.0.dist-info/METADATA": b"Name: other"})
    assert refused(path).code == "invalid_wheel_metadata"


@given(st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_mutated_wheel_is_refused_or_passes_but_never_breaks_the_checker(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    if not (tmp_path / "good").exists():
        build_wheel(tmp_path / "good", "demo", requires=["six"], files={"demo.py": "x = 1\n"})
    content = bytearray((tmp_path / "good" / path.name).read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        kind = data.draw(st.sampled_from(["set", "cut", "insert"]))
        if kind == "set":
            content[place] = data.draw(st.integers(0, 255))
        elif kind == "cut":
            del content[place : place + data.draw(st.integers(1, 40))]
        else:
            content[place:place] = data.draw(st.binary(min_size=1, max_size=8))
        if not content:
            content = bytearray(b"P")
    path.write_bytes(content)
    assert isinstance(checked_or_refused(path), CheckedWheel | WheelError)
