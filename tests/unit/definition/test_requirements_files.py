"""Requirements files: lines, continuations, comments, and the files that they include."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.definition.requirements import logical_lines, parse_requirements
from wheelkeep.errors import NotFoundError, RequestError

SHA = "ab" * 32


def reader(files: dict[str, str], asked: list[str] | None = None):  # type: ignore[no-untyped-def]  # noqa: ANN201  # a closure
    def read(path: str) -> str:
        if asked is not None:
            asked.append(path)
        if path not in files:
            raise NotFoundError("it is not there", code="file_not_found")
        return files[path]

    return read


def test_a_whole_file_is_read_in_its_order() -> None:
    text = (
        "\ufeff# pinned\r\n\r\n-i https://h/simple  # the feed\r\n--extra-index-url=https://g/simple\r\n"
        f"foo==1 \\\r\n    --hash=sha256:{SHA} \\\r\n    --hash=sha256:{'cd' * 32}\r\n"
        "bar[x]>=2 ; python_version > '3' # why\r\n--pre\r\nhttps://h/x-1-py3-none-any.whl#sha256=" + SHA
    )
    read = parse_requirements(text)
    assert [line.line for line in read.requirements] == [
        f"foo==1 --hash=sha256:{SHA} --hash=sha256:{'cd' * 32}",
        "bar[x]>=2 ; python_version > '3'",
        f"https://h/x-1-py3-none-any.whl#sha256={SHA}",
    ]
    assert [str(option) for option in read.options] == [
        "--index-url https://h/simple",
        "--extra-index-url https://g/simple",
        "--pre",
    ]
    assert read.constraints == ()


def test_included_files_are_read_relative_to_the_file_that_names_them() -> None:
    asked: list[str] = []
    files = {"a/b.txt": "b\n-r ../c.txt\n", "c.txt": "c\n--constraint limits/d.txt", "limits/d.txt": "d<3\n-r e.txt"}
    files["limits/e.txt"] = "e<4"
    read = parse_requirements("-r a/b.txt\nz", read=reader(files, asked))
    assert asked == ["a/b.txt", "c.txt", "limits/d.txt", "limits/e.txt"]
    assert [line.text for line in read.requirements] == ["b", "c", "z"]
    assert [line.text for line in read.constraints] == ["d<3", "e<4"]


@pytest.mark.parametrize(
    "spelling", ["-r b.txt", "-rb.txt", "--requirement b.txt", "--requirement=b.txt", "-r 'b.txt'"]
)
def test_every_spelling_of_an_include_is_followed(spelling: str) -> None:
    assert parse_requirements(spelling, read=reader({"b.txt": "b"})).requirements[0].text == "b"


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("foo\n\nbar baz", "invalid_requirement", "requirements.txt, line 3: "),
        ("foo \\\n bar", "invalid_requirement", "requirements.txt, line 1: "),
        ("--nonsense", "invalid_option", "requirements.txt, line 1: "),
        ("-r b.txt", "invalid_requirement", "b.txt, line 2: "),
        ("-r loop.txt", "invalid_requirement", "loop.txt, line 1: loop.txt includes itself"),
        ("-r https://h/r.txt", "unsupported", "requirements.txt, line 1: "),
        ("-r a b", "invalid_option", "requirements.txt, line 1: -r and -c need one file"),
        ("-e .", "unsupported", "requirements.txt, line 1: editable"),
        ("--editable=git+https://h/a", "unsupported", "requirements.txt, line 1: editable"),
        ("./wheels/x-1-py3-none-any.whl", "unsupported", "requirements.txt, line 1: "),
        ("git+https://h/a/b", "unsupported", "requirements.txt, line 1: "),
        ("b @ git+https://h/a/b", "unsupported", "requirements.txt, line 1: "),
        ("https://h/x-1.tar.gz", "unsupported", "requirements.txt, line 1: "),
        ("-i https://u:p@h/simple", "secret_in_definition", "requirements.txt, line 1: the option -i carries"),
    ],
)
def test_an_error_says_file_and_line(text: str, code: str, message: str) -> None:
    files = {"b.txt": "ok\nnot ok", "loop.txt": "-c loop.txt"}
    with pytest.raises(RequestError) as caught:
        parse_requirements(text, read=reader(files))
    assert caught.value.code == code
    assert str(caught.value).startswith(message)
    assert caught.value.hint


def test_a_missing_include_is_named_with_the_file_that_includes_it() -> None:
    with pytest.raises(NotFoundError, match=r"a\.txt includes no\.txt"):
        parse_requirements("-r a.txt", read=reader({"a.txt": "-r no.txt"}))


def test_an_include_is_refused_where_there_is_no_folder() -> None:
    with pytest.raises(RequestError) as caught:
        parse_requirements("-r other.txt")
    assert caught.value.code == "unsupported"


def test_the_same_file_may_be_included_twice() -> None:
    read = parse_requirements(
        "-r a.txt\n-r b.txt", read=reader({"a.txt": "-c c.txt", "b.txt": "-c c.txt", "c.txt": "c"})
    )
    assert len(read.constraints) == 2


@given(st.text(alphabet="ab=#\\ \n\r\t-;", max_size=80))
def test_logical_lines_are_never_empty_and_hold_no_comment(text: str) -> None:
    for number, line in logical_lines(text):
        assert number >= 1
        assert line == line.strip() != ""
        assert not line.startswith("#")


@given(st.text(max_size=200))
def test_any_text_is_a_requirements_file_or_a_request_error(text: str) -> None:
    try:
        read = parse_requirements(text)
    except RequestError:
        return
    lines = [*(line.line for line in read.requirements), *(str(option) for option in read.options)]
    again = parse_requirements("\n".join(lines))
    assert [line.canonical for line in again.requirements] == [line.canonical for line in read.requirements]
    assert again.options == read.options
