"""One requirement, one option, one workspace URL: what is understood, what is refused, nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.definition.options import (
    PipOption,
    add_option,
    collapse_formats,
    option_name,
    parse_options,
)
from wheelkeep.definition.requirement import SourceKind, parse_requirement
from wheelkeep.definition.wheel_url import WorkspaceWheel, find_workspace_wheel
from wheelkeep.errors import RequestError

SHA = "ab" * 32
STABLE = f"http://127.0.0.1:8400/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl"


@pytest.mark.parametrize(
    ("text", "kind", "project", "canonical"),
    [
        ("Foo_Bar", SourceKind.INDEX, "foo-bar", "foo-bar"),
        ("foo[y, x] >= 1, <2", SourceKind.INDEX, "foo", "foo[x,y]<2,>=1"),
        ("bar; python_version<'3.9'", SourceKind.INDEX, "bar", 'bar; python_version < "3.9"'),
        (f"foo==1 --hash=sha256:{SHA.upper()}", SourceKind.INDEX, "foo", f"foo==1 sha256:{SHA}"),
        (STABLE, SourceKind.WORKSPACE, "my-custom", f"my-custom @ {STABLE[21:]}"),
        (f"{STABLE}#sha256={SHA}", SourceKind.WORKSPACE, "my-custom", f"my-custom @ {STABLE[21:]}"),
        (f"my.custom[x] @ {STABLE}", SourceKind.WORKSPACE, "my-custom", f"my-custom[x] @ {STABLE[21:]}"),
        (
            f"{STABLE} ; python_version>'3'",
            SourceKind.WORKSPACE,
            "my-custom",
            f'my-custom @ {STABLE[21:]} ; python_version > "3"',
        ),
        ("https://h/x-1.0-py3-none-any.whl", SourceKind.WHEEL, "x", "x @ https://h/x-1.0-py3-none-any.whl"),
        ("x@https://h/x-1.0-py3-none-any.whl", SourceKind.WHEEL, "x", "x @ https://h/x-1.0-py3-none-any.whl"),
        ("https://h/x-1.0.tar.gz", SourceKind.SOURCE, "x", "x @ https://h/x-1.0.tar.gz"),
        ("git+https://h/a/b@v1#egg=B", SourceKind.VERSION_CONTROL, "b", "b @ git+https://h/a/b@v1#egg=B"),
        ("git+https://h/a/b", SourceKind.VERSION_CONTROL, None, "git+https://h/a/b"),
        ("b @ git+ssh://git@h/a/b", SourceKind.VERSION_CONTROL, "b", "b @ git+ssh://git@h/a/b"),
        ("file:///d/x-1.0-py3-none-any.whl", SourceKind.LOCAL, "x", "x @ file:///d/x-1.0-py3-none-any.whl"),
        ("./x", SourceKind.LOCAL, None, "./x"),
        ("../x-1.0-py3-none-any.whl", SourceKind.LOCAL, None, "../x-1.0-py3-none-any.whl"),
        ("dist/x-1.0-py3-none-any.whl", SourceKind.LOCAL, None, "dist/x-1.0-py3-none-any.whl"),
        ("C:\\x", SourceKind.LOCAL, None, "C:\\x"),
    ],
)
def test_a_requirement_is_recognised(text: str, kind: SourceKind, project: str | None, canonical: str) -> None:
    line = parse_requirement(text)
    assert (line.kind, line.project, line.canonical) == (kind, project, canonical)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "one requirement"),
        ("numpy=1.26", "'=='"),
        ("foo bar", "PEP 508"),
        ("foo[", "PEP 508"),
        ("foo==1; nonsense", "PEP 508"),
        ("-e .", "set_pip_option"),
        ("foo --pre", "set_pip_option"),
        ("foo==1 --hash=md5:abc", "one requirement"),
        ("foo==1 --hash=sha256:abc", "one requirement"),
        ("https://h/my-custom.whl", "PEP 427"),
        (f"other @ {STABLE}", "one requirement"),
        (f"{STABLE}#sha256={'cd' * 32}", "one requirement"),
        ("foo @ gopher://h/foo-1.0-py3-none-any.whl", "one requirement"),
        ("https://[", "one requirement"),
        ("foo\x00", "one requirement"),
        ("foo\u2028bar", "one requirement"),
        ("a" * 5000, "one requirement"),
    ],
)
def test_what_is_no_requirement_is_refused_with_what_to_do(text: str, hint: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_requirement(text)
    assert caught.value.code == "invalid_requirement"
    assert hint in caught.value.hint


@given(st.text(max_size=200))
def test_any_text_is_a_requirement_or_a_request_error(text: str) -> None:
    try:
        line = parse_requirement(text)
    except RequestError:
        return
    assert parse_requirement(line.line).canonical == line.canonical


@given(st.text(alphabet="ab=<>!~[]();@:/#.-_ '\"1,+%?&\\", max_size=60))
def test_any_text_of_a_requirements_own_letters_is_read_or_refused(text: str) -> None:
    try:
        line = parse_requirement(text)
    except RequestError:
        return
    assert parse_requirement(line.line).canonical == line.canonical


NAMES = st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,10}[A-Za-z0-9]", fullmatch=True)


@given(NAMES, st.sampled_from(["", "==1.0", ">=1,<2", "~=1.4.2", "!=3"]), st.sampled_from(["", "[a]", "[a,b-c]"]))
def test_a_requirement_keeps_its_text_and_normalises_its_name(name: str, version: str, extras: str) -> None:
    line = parse_requirement(f"{name}{extras}{version}")
    assert line.line == f"{name}{extras}{version}"
    assert line.canonical == parse_requirement(f"{name.upper()}{extras}{version}").canonical


@pytest.mark.parametrize(
    "url",
    [
        f"https://h:1/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl#sha256={SHA}",
        f"http://127.0.0.1/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl",
        f"/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl",
    ],
)
def test_a_workspace_wheel_is_recognised_under_any_authority(url: str) -> None:
    assert find_workspace_wheel(url) == WorkspaceWheel("default", SHA, "my_custom-1.0-py3-none-any.whl")


@pytest.mark.parametrize(
    "url",
    [
        f"https://h/x/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl",
        f"https://h/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl?x=1",
        f"https://h/w/default/files/{SHA[:-1]}/my_custom-1.0-py3-none-any.whl",
        f"https://h/w/default/files/{SHA}/my-custom.whl",
        f"https://h/w/default/files/{SHA}/a/my_custom-1.0-py3-none-any.whl",
        f"git+https://h/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl",
        "https://[",
    ],
)
def test_another_url_is_no_workspace_wheel(url: str) -> None:
    assert find_workspace_wheel(url) is None


def test_a_local_version_stands_encoded_in_a_stable_url() -> None:
    wheel = WorkspaceWheel("team.a", SHA, "x-1.0+local-py3-none-any.whl")
    assert wheel.url("https://h:8/") == f"https://h:8/w/team.a/files/{SHA}/x-1.0%2Blocal-py3-none-any.whl#sha256={SHA}"
    assert find_workspace_wheel(wheel.url("https://h")) == wheel
    assert (wheel.project, wheel.version) == ("x", "1.0+local")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("-i https://h/simple", ["--index-url https://h/simple"]),
        ("-ihttps://h/simple", ["--index-url https://h/simple"]),
        ("--pypi-url=https://h/simple", ["--index-url https://h/simple"]),
        ("--extra-index-url 'https://h/simple/'", ["--extra-index-url https://h/simple/"]),
        ("--no-index --pre", ["--no-index", "--pre"]),
        ("-f ./wheels", ["--find-links ./wheels"]),
        ("--only-binary=Foo_Bar,:all:", ["--only-binary foo-bar,:all:"]),
        ("--trusted-host h --require-hashes", ["--trusted-host h", "--require-hashes"]),
    ],
)
def test_an_option_is_read_in_one_spelling(text: str, written: list[str]) -> None:
    options = parse_options(text)
    assert [str(option) for option in options] == written
    assert parse_options(" ".join(written)) == options


@pytest.mark.parametrize(
    "text",
    [
        "",
        "simple",
        "--extra-index-uri https://h",
        "--index-url",
        "--index-url notaurl",
        "--index-url ftp://h/simple",
        "--no-index=1",
        "--only-binary ,",
        "--index-url 'https://h",
        "--proxy http://h",
        "--password=hunter2",
        "--index-url https://h/\x01",
    ],
)
def test_an_unknown_or_malformed_option_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_options(text)
    assert caught.value.code == "invalid_option"
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_an_index_on_the_machines_own_disk_is_not_supported() -> None:
    with pytest.raises(RequestError) as caught:
        parse_options("--index-url file:///srv/simple")
    assert caught.value.code == "unsupported"


@given(st.text(max_size=100))
def test_any_text_is_options_or_a_request_error(text: str) -> None:
    try:
        options = parse_options("--" + text)
    except RequestError:
        return
    assert parse_options(" ".join(str(option) for option in options)) == options


def test_a_repeatable_option_adds_up_and_another_is_replaced() -> None:
    options: tuple[PipOption, ...] = ()
    for text in ("--extra-index-url https://a/", "-i https://x/", "--extra-index-url https://b/", "-i https://y/"):
        options = add_option(options, parse_options(text)[0])
    assert [option.value for option in options] == ["https://a/", "https://b/", "https://y/"]


def test_format_controls_add_up_as_pip_adds_them() -> None:
    options = parse_options("--only-binary a,b --only-binary :none: --only-binary c --no-binary :all:")
    assert collapse_formats(options, "--only-binary") == ("c",)
    assert collapse_formats(options, "--no-binary") == (":all:",)
    assert option_name("-f") == "--find-links"
