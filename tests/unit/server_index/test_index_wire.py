"""How pages leave the house: JSON, HTML, negotiation, ETags. Source: reference/index.md §8."""

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.utils import NormalizedName
from pypi_simple import ProjectPage as ReadPage

from wheelkeep.server.index.model import ProjectFile, ProjectPage
from wheelkeep.server.index.negotiation import Form, choose_form
from wheelkeep.server.index.rendered import render_list, render_project
from wheelkeep.server.index.wire import list_html, list_json, project_html, project_json

SHA256 = "ab" * 32
NASTY = '<script>alert("x")</script>&\''
PIP = b"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01"
UV = b"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01"


def page(**changes: object) -> ProjectPage:
    values: dict[str, object] = {
        "filename": "demo-1.0-py3-none-any.whl",
        "url": "../../files/x/demo-1.0-py3-none-any.whl",
        "sha256": SHA256,
        "size": 123,
        "requires_python": ">=3.9,<4",
        "core_metadata": "cd" * 32,
        "upload_time": "2026-11-22T08:30:00.000000Z",
    } | changes
    file = ProjectFile(**values)  # type: ignore[arg-type]  # the values are of the fields' types, mixed
    return ProjectPage(name=NormalizedName("demo"), origin="workspace", files=(file,), versions=("1.0",))


def only_file(body: bytes) -> dict[str, object]:
    (file,) = json.loads(body)["files"]
    return dict(file)


def test_the_json_page_has_every_member_of_pep_691_and_700() -> None:
    body = json.loads(project_json(page()))
    assert body["meta"] == {"api-version": "1.4"}
    assert (body["name"], body["versions"]) == ("demo", ["1.0"])
    assert body["files"] == [
        {
            "filename": "demo-1.0-py3-none-any.whl",
            "url": "../../files/x/demo-1.0-py3-none-any.whl",
            "hashes": {"sha256": SHA256},
            "core-metadata": {"sha256": "cd" * 32},
            "data-dist-info-metadata": {"sha256": "cd" * 32},
            "yanked": False,
            "size": 123,
            "upload-time": "2026-11-22T08:30:00.000000Z",
            "requires-python": ">=3.9,<4",
        }
    ]


@pytest.mark.parametrize(("yanked", "written"), [(False, False), (True, True), ("broken", "broken"), ("", True)])
def test_yanked_is_a_boolean_or_a_reason_never_an_empty_text(yanked: str | bool, written: str | bool) -> None:  # noqa: FBT001 - a case of the table
    assert only_file(project_json(page(yanked=yanked)))["yanked"] == written


def test_a_file_without_a_hash_still_has_the_object_of_hashes() -> None:
    file = only_file(project_json(page(sha256=None, size=None, upload_time=None)))
    assert file["hashes"] == {}
    assert "size" not in file
    assert "dist-info-metadata" not in file


def test_the_html_page_is_read_back_as_it_was_meant() -> None:
    read = ReadPage.from_html("demo", project_html(page(yanked="broken")).decode(), "http://x/w/team/simple/demo/")
    (package,) = read.packages
    assert read.repository_version == "1.4"
    assert package.filename == "demo-1.0-py3-none-any.whl"
    assert package.url == "http://x/w/team/files/x/demo-1.0-py3-none-any.whl"
    assert package.digests == {"sha256": SHA256}
    assert package.requires_python == ">=3.9,<4"
    assert package.has_metadata
    assert package.metadata_digests == {"sha256": "cd" * 32}
    assert package.yanked_reason == "broken"


def test_the_html_page_names_metadata_in_both_spellings() -> None:
    text = project_html(page()).decode()
    assert f'data-core-metadata="sha256={"cd" * 32}"' in text
    assert f'data-dist-info-metadata="sha256={"cd" * 32}"' in text
    assert "data-yanked" not in text
    assert "&gt;=3.9,&lt;4" in text


def test_a_yank_without_a_reason_is_an_attribute_without_a_value() -> None:
    assert 'data-yanked=""' in project_html(page(yanked=True)).decode()


def test_nothing_that_an_uploader_writes_becomes_mark_up() -> None:
    text = project_html(page(requires_python=NASTY, yanked=NASTY, filename=NASTY, url=NASTY)).decode()
    assert "<script" not in text
    assert 'alert("' not in text


def test_lists_name_every_project() -> None:
    assert json.loads(list_json(["a", "b-c"])) == {
        "meta": {"api-version": "1.4"},
        "projects": [{"name": "a"}, {"name": "b-c"}],
    }
    assert '<a href="b-c/">b-c</a>' in list_html(["a", "b-c"]).decode()


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Form.OLD_HTML),
        (b"*/*", Form.OLD_HTML),
        (b"", Form.OLD_HTML),
        (PIP, Form.JSON),
        (UV, Form.JSON),
        (b"text/html", Form.OLD_HTML),
        (b"text/*", Form.OLD_HTML),
        (b"application/vnd.pypi.simple.v1+html", Form.HTML),
        (b"application/vnd.pypi.simple.latest+json", Form.JSON),
        (b"application/vnd.pypi.simple.latest+html", Form.HTML),
        (b"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html", Form.JSON),
        (b"application/vnd.pypi.simple.v1+json;q=0.1, text/html", Form.OLD_HTML),
        (b"APPLICATION/vnd.PyPI.simple.v1+JSON", Form.JSON),
        (b"application/vnd.pypi.simple.v1+json;q=0, */*", Form.OLD_HTML),
        (b"text/html;q=0, */*;q=0.5", Form.HTML),
        (b"application/json", None),
        (b"application/vnd.pypi.simple.v2+json", None),
        (b"application/vnd.pypi.simple.v1+json;q=0", None),
        (b"application/vnd.pypi.simple.v1+json;q=abc", None),
        (b"application/vnd.pypi.simple.v1+json;q=nan", None),
    ],
)
def test_the_accept_header_decides_the_form(accept: bytes | None, form: Form | None) -> None:
    assert choose_form(accept) is form


@pytest.mark.parametrize(
    ("query", "form"),
    [
        (b"format=application/vnd.pypi.simple.v1+json", Form.JSON),
        (b"format=application%2Fvnd.pypi.simple.v1%2Bjson", Form.JSON),
        (b"x=1&format=text/html", Form.OLD_HTML),
        (b"format=application/vnd.pypi.simple.latest+html", Form.HTML),
        (b"format=application/json", None),
        (b"reformat=text/html", None),
    ],
)
def test_the_format_parameter_wins_over_the_header(query: bytes, form: Form | None) -> None:
    assert choose_form(b"application/json", query) is form


@given(st.binary(max_size=80), st.binary(max_size=40))
def test_any_header_gets_a_form_or_none(accept: bytes, query: bytes) -> None:
    assert choose_form(accept, query) in {*Form, None}


def test_each_representation_has_its_own_strong_etag_and_the_same_content() -> None:
    files = page(filename="x" * 300)
    rendered = render_project(files)
    bodies = [rendered.body(form, compressed=compressed) for form in Form for compressed in (False, True)]
    assert len({body.etag for body in bodies}) == 6
    for plain, packed in zip(bodies[::2], bodies[1::2], strict=True):
        assert gzip.decompress(packed.data) == plain.data
        assert dict(packed.headers)[b"content-encoding"] == b"gzip"
        assert not packed.etag.startswith(b"W/")
    again = render_project(files)
    assert again.body(Form.JSON).etag == bodies[0].etag


def test_a_small_body_is_not_compressed() -> None:
    rendered = render_list(())
    assert rendered.body(Form.JSON, compressed=True) is rendered.body(Form.JSON)


def test_headers_forbid_what_would_serve_a_stranger() -> None:
    headers = dict(render_project(page()).body(Form.JSON).headers)
    assert headers[b"cache-control"] == b"private, no-cache"
    assert headers[b"vary"] == b"Accept, Accept-Encoding"
    assert headers[b"content-type"] == b"application/vnd.pypi.simple.v1+json"
