"""Upstream pages as values: both forms, every oddity, and nothing but a page or a ValueError from any bytes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import canonicalize_name

from wheelkeep.secret import SafeUrl
from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.origin.page_parser import parse_page

URL = SafeUrl.parse("https://feed.example/simple/acme/")
JSON = "application/vnd.pypi.simple.v1+json"
SHA = "ab" * 32


def parse(data: bytes, content_type: str = JSON) -> ProjectPage:
    return parse_page(
        data, project=canonicalize_name("acme"), url=URL, content_type=content_type, origin="connection:one"
    )


def page_of(*files: dict[str, object], **more: object) -> bytes:
    return json.dumps({"meta": {"api-version": "1.1"}, "name": "acme", "files": files, **more}).encode()


def test_a_json_file_is_read_with_all_that_it_says() -> None:
    page = parse(
        page_of(
            {
                "filename": "acme-1.0-py3-none-any.whl",
                "url": "../../files/acme-1.0-py3-none-any.whl",
                "hashes": {"sha256": SHA.upper(), "md5": "00"},
                "requires-python": ">=3.9",
                "core-metadata": {"sha256": SHA},
                "size": 5,
                "upload-time": "2024-01-01T00:00:00Z",
                "yanked": "broken",
            },
            versions=["1.0"],
        )
    )
    (file,) = page.files
    assert file.url == "https://feed.example/files/acme-1.0-py3-none-any.whl"
    assert (file.sha256, file.size, file.core_metadata) == (SHA, 5, SHA)
    assert (file.requires_python, file.yanked, page.versions) == (">=3.9", "broken", ("1.0",))
    assert page.origin == "connection:one"


@pytest.mark.parametrize(
    ("offered", "expected"),
    [
        ({"core-metadata": True}, True),
        ({"core-metadata": False}, False),
        ({"core-metadata": None}, False),
        ({"dist-info-metadata": {"sha256": SHA}}, SHA),
        ({"data-dist-info-metadata": {"md5": "0"}}, True),
        ({"core-metadata": {"sha256": "short"}}, True),
        ({}, False),
    ],
)
def test_core_metadata_is_read_under_its_three_names(offered: dict[str, object], expected: object) -> None:
    page = parse(page_of({"filename": "acme-1.0-py3-none-any.whl", "url": "x.whl", **offered}))
    assert page.files[0].core_metadata == expected


@pytest.mark.parametrize("sha256", ["", "xyz", SHA[:-1], SHA + "00"])
def test_only_a_well_formed_sha256_counts(sha256: str) -> None:
    page = parse(page_of({"filename": "acme-1.0.tar.gz", "url": "x", "hashes": {"sha256": sha256}}))
    assert page.files[0].sha256 is None


@pytest.mark.parametrize(
    "file",
    [
        {"filename": "../../etc/passwd", "url": "x"},
        {"filename": "acme-1.0-py3-none-any.whl/", "url": "x"},
        {"filename": "acme 1.0.whl", "url": "x"},
        {"filename": "acme-1.0.exe", "url": "x"},
        {"filename": "other-1.0-py3-none-any.whl", "url": "x"},
        {"filename": "acme_train-1.0-py3-none-any.whl", "url": "x"},
        {"filename": "acme-train-1.0.tar.gz", "url": "x"},
        {"filename": "acme-latest.tar.gz", "url": "x"},
        {"filename": "<script>.whl", "url": "x"},
        {"filename": "acme-1.0.tar.gz", "url": "javascript:alert(1)"},
        {"filename": "acme-1.0.tar.gz", "url": "file:///etc/passwd"},
        {"filename": "acme-1.0.tar.gz", "url": "https://u:p@feed.example/x"},
        {"filename": "acme-1.0.tar.gz", "url": "https://[broken/x"},
    ],
)
def test_a_file_that_cannot_be_offered_is_left_out(file: dict[str, object]) -> None:
    assert parse(page_of(file)).files == ()


@pytest.mark.parametrize(
    ("data", "content_type", "reason"),
    [
        (b"{", JSON, "PEP 691"),
        (b"[]", JSON, "PEP 691"),
        (b'{"files": 3}', JSON, "PEP 691"),
        (b"\xff\xfe", JSON, "PEP 691"),
        (page_of(meta={"api-version": "2.0"}), JSON, "version"),
        (b"<html>", "", "missing"),
        (b"<html>", "image/png", "image/png"),
        (b'<meta name="pypi:repository-version" content="2.0">', "text/html", "version"),
    ],
)
def test_what_is_no_page_is_told_in_words(data: bytes, content_type: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse(data, content_type)


HTML = b"""<!DOCTYPE html><html><body>
<a href="../../files/acme-1.0-py3-none-any.whl#sha256=%s" data-requires-python="&gt;=3.9"
   data-core-metadata="sha256=%s" data-yanked="">acme-1.0-py3-none-any.whl</a>
<a href="https://cdn.example/acme-1.0.tar.gz#md5=00">acme-1.0.tar.gz</a>
<a href="/elsewhere/">parent</a>
</body></html>""" % (SHA.encode(), SHA.encode())


def test_an_html_page_is_read_with_all_that_it_says() -> None:
    wheel, source = parse(HTML, "text/html; charset=utf-8").files
    assert wheel.url == "https://feed.example/files/acme-1.0-py3-none-any.whl"
    assert (wheel.sha256, wheel.requires_python, wheel.core_metadata, wheel.yanked) == (SHA, ">=3.9", SHA, True)
    assert (source.url, source.sha256, source.core_metadata) == ("https://cdn.example/acme-1.0.tar.gz", None, False)


def test_links_are_resolved_against_the_pages_base() -> None:
    data = b'<base href="https://files.example/pool/"><a href="acme-1.0-py3-none-any.whl">x</a>'
    assert parse(data, "text/html").files[0].url == "https://files.example/pool/acme-1.0-py3-none-any.whl"


@given(st.binary(max_size=300), st.sampled_from([JSON, "text/html"]))
def test_any_bytes_are_a_page_or_a_value_error(data: bytes, content_type: str) -> None:
    try:
        page = parse(data, content_type)
    except ValueError:
        return
    assert page.name == "acme"


_JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "filename": st.sampled_from(["acme-1.0.tar.gz"]) | _JSON_VALUES,
            "url": st.sampled_from(["x", "https://feed.example/x"]) | _JSON_VALUES,
            "hashes": _JSON_VALUES,
            "size": _JSON_VALUES,
            "yanked": _JSON_VALUES,
            "core-metadata": _JSON_VALUES,
        },
    )
)
def test_any_json_file_is_read_or_refused(file: dict[str, object]) -> None:
    try:
        page = parse(page_of(file))
    except ValueError:
        return
    assert all(one.url.startswith("http") for one in page.files)
