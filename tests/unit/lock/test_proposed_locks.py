"""What a resolver proposes is read without belief, and the wheel that fits a node is chosen."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.tags import compatible_tags, cpython_tags

from wheelkeep.errors import RequestError, ResolutionError
from wheelkeep.lock.choice import choose_wheel
from wheelkeep.lock.pylock import ProposedFile, ProposedPackage, parse_pylock

SAMPLE = (Path(__file__).parent / "samples" / "uv.pylock.toml").read_text()
GLIBC = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 4, -1)]
PLATFORMS = [*GLIBC, "manylinux2014_x86_64", "manylinux1_x86_64", "linux_x86_64", "musllinux_1_2_x86_64"]
LINUX = [
    str(tag)
    for tags in (
        cpython_tags((3, 11), abis=["cp311"], platforms=PLATFORMS),
        compatible_tags((3, 11), interpreter="cp311", platforms=PLATFORMS),
    )
    for tag in tags
]
HEAD = 'lock-version = "1.0"\ncreated-by = "x"\n'


def package(*filenames: str) -> ProposedPackage:
    files = tuple(ProposedFile(filename=name, url=None, sha256=None, size=None) for name in filenames)
    return ProposedPackage(project="a", version="1", wheels=files)


def one(entry: str) -> str:
    return f'{HEAD}[[packages]]\nname = "a"\nversion = "1"\n{entry}\n'


def code_of(text: str) -> str:
    """The code with which `text` is refused, or an empty text."""
    try:
        parse_pylock(text)
    except RequestError as error:
        return error.code
    return ""


def test_uvs_lock_is_read() -> None:
    acme, cryptography, direct = parse_pylock(SAMPLE)
    assert (acme.project, acme.version, acme.direct, acme.has_source) == ("acme-x", "1.0+local", False, False)
    assert acme.wheels[0].filename == "acme_x-1.0+local-py3-none-any.whl"
    assert (len(cryptography.wheels), cryptography.has_source) == (3, True)
    assert cryptography.wheels[0].size == 22962
    assert (direct.direct, direct.has_source) == (True, False)
    assert direct.wheels[0].sha256 == "22859b6305941eb51a4a612c38b68eb1bb6887dbff0c1879da0351aa07614433"
    assert direct.wheels[0].filename == "direct-3.0-py3-none-any.whl"


def test_the_wheel_that_fits_best_is_chosen() -> None:
    chosen = [choose_wheel(found, LINUX).filename for found in parse_pylock(SAMPLE)]
    assert chosen == [
        "acme_x-1.0+local-py3-none-any.whl",
        "cryptography-50.0.2-cp311-abi3-manylinux_2_28_x86_64.whl",
        "direct-3.0-py3-none-any.whl",
    ]


def test_a_url_is_kept_without_userinfo_query_and_fragment() -> None:
    entry = 'wheels = [{ url = "https://u:p@h/a-1-py3-none-any.whl?sig=x#y", hashes = { sha512 = "ab" } }]'
    (found,) = parse_pylock(one(entry))
    assert found.wheels == (
        ProposedFile(filename="a-1-py3-none-any.whl", url="https://h/a-1-py3-none-any.whl", sha256=None, size=None),
    )


@pytest.mark.parametrize(
    "entry",
    [
        'sdist = { url = "https://h/a-1.tar.gz", hashes = { sha256 = "ab" } }',
        'archive = { url = "https://h/a-1.tar.gz", hashes = { sha256 = "ab" } }',
        'vcs = { type = "git", url = "https://h/a", commit-id = "ab" }',
        'directory = { path = "." }',
    ],
)
def test_a_package_without_wheels_is_source_only_by_name(entry: str) -> None:
    (found,) = parse_pylock(one(entry))
    assert found.has_source
    with pytest.raises(ResolutionError, match="a 1 exists only as source") as caught:
        choose_wheel(found, LINUX)
    assert caught.value.code == "source_only"
    assert caught.value.detail == {"project": "a", "version": "1"}


@pytest.mark.parametrize(
    "filename",
    ["a-1-cp310-cp310-linux_x86_64.whl", "a-1-cp311-cp311-win_amd64.whl", "a-1-cp311-cp311-manylinux_2_17_aarch64.whl"],
)
def test_a_wheel_for_another_place_is_refused_with_what_there_is(filename: str) -> None:
    with pytest.raises(ResolutionError) as caught:
        choose_wheel(package(filename), LINUX)
    assert caught.value.code == "wrong_platform"
    assert filename.removeprefix("a-1-").removesuffix(".whl") in caught.value.hint


@pytest.mark.parametrize(
    ("filenames", "chosen"),
    [
        (["a-1-py3-none-any.whl", "a-1-cp311-cp311-linux_x86_64.whl"], 1),
        (["a-1-py3-none-any.whl", "a-1-2-py3-none-any.whl", "a-1-1-py3-none-any.whl"], 1),
        (["a-1-py2.py3-none-any.whl", "a-1-cp36-abi3-manylinux1_x86_64.whl"], 1),
        (["a-1-cp311-cp311-musllinux_1_2_x86_64.whl", "a-1-cp311-cp311-manylinux2014_x86_64.whl"], 1),
        (["a-1-cp311-cp311-musllinux_1_2_x86_64.whl"], 0),
    ],
)
def test_the_order_of_the_nodes_tags_decides(filenames: list[str], chosen: int) -> None:
    assert choose_wheel(package(*filenames), LINUX).filename == filenames[chosen]
    assert choose_wheel(package(*reversed(filenames)), LINUX).filename == filenames[chosen]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not toml",
        "lock-version = '9.0'\ncreated-by='x'\npackages=[]",
        HEAD,
        HEAD + "packages = 3",
        one(""),
        one('wheels = [{ url = "https://h/my-custom.whl", hashes = { sha256 = "ab" } }]'),
        one('wheels = [{ url = "https://h/a-1-py3-none-any.whl", hashes = {} }]'),
        one('wheels = [{ url = "https://[/a-1-py3-none-any.whl", hashes = { sha256 = "ab" } }]'),
        one('archive = { url = "https://h/bad.whl", hashes = { sha256 = "ab" } }').replace('version = "1"\n', ""),
        one('directory = { path = "." }') + '[[packages]]\nname = "a"\nversion = "2"\ndirectory = { path = "." }',
        one('marker = "nonsense"\ndirectory = { path = "." }'),
    ],
)
def test_what_is_no_lock_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_pylock(text)
    assert caught.value.code == "invalid_lock"
    assert caught.value.hint


@given(st.text(max_size=200))
def test_any_text_is_a_lock_or_a_request_error(text: str) -> None:
    assert {code_of(candidate) for candidate in (text, HEAD + text, one(text))} <= {"", "invalid_lock"}


@given(st.integers(0, len(SAMPLE)), st.integers(0, 40), st.text(alphabet='"[]{}=\n.,:/%@a1', max_size=6))
def test_a_damaged_lock_is_read_or_refused(start: int, length: int, noise: str) -> None:
    assert code_of(SAMPLE[:start] + noise + SAMPLE[start + length :]) in {"", "invalid_lock"}
