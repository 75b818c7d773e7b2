"""`CondaDependencies`: Azure's methods, and the deliberate differences to Azure's object."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import NotFoundError, RequestError
from wheelkeep.sdk.conda_dependencies import CondaDependencies

SHA = "ab" * 32
STABLE = f"http://127.0.0.1:8400/w/default/files/{SHA}"


@pytest.mark.parametrize("text", ["dependencies: {", "nonsense: 1\n", "dependencies:\n- pip:\n  - '=='\n"])
def test_an_error_in_a_conda_file_names_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "conda.yml"
    path.write_text(text)

    with pytest.raises(RequestError) as caught:
        CondaDependencies(path)

    assert caught.value.message.startswith(f"{path}: ")
    assert caught.value.hint


def with_packages(*packages: str) -> CondaDependencies:
    dependencies = CondaDependencies()
    for package in packages:
        dependencies.add_pip_package(package)
    return dependencies


def test_the_code_of_the_contract_writes_azures_key_order() -> None:
    dependencies = CondaDependencies()
    dependencies.add_pip_package("my-package")
    dependencies.set_pip_option("--extra-index-url https://o.test/p/_packaging/f/pypi/simple")
    dependencies.set_python_version("3.11")
    assert dependencies.serialize_to_string() == (
        "name: project_environment\ndependencies:\n- python=3.11\n- pip:\n  - my-package\n"
        "  - --extra-index-url https://o.test/p/_packaging/f/pypi/simple\nchannels:\n- conda-forge\n"
    )


def test_new_dependencies_name_no_python_and_no_packages() -> None:
    dependencies = CondaDependencies()
    assert dependencies.get_python_version() is None
    assert dependencies.as_dict() == {"name": "project_environment", "dependencies": [], "channels": ["conda-forge"]}


@pytest.mark.parametrize(
    ("present", "added", "left"),
    [
        ("numpy==1", "Numpy==2", ["Numpy==2"]),
        ("my-pkg", "my_pkg>1", ["my_pkg>1"]),
        ("foo @ https://h/foo-1-py3-none-any.whl", "foo==3", ["foo==3"]),
        (f"{STABLE}/foo-2.0-py3-none-any.whl#sha256={SHA}", "foo==3", ["foo==3"]),
        (f"{STABLE}/foo-2.0-py3-none-any.whl", "foo-bar==3", [f"{STABLE}/foo-2.0-py3-none-any.whl", "foo-bar==3"]),
        ("foo==3", f"{STABLE}/foo-2.0-py3-none-any.whl", [f"{STABLE}/foo-2.0-py3-none-any.whl"]),
        ("bar; python_version<'3.9'", "bar==2", ["bar==2"]),
        ("bar==2", "bar; python_version<'3.9'", ["bar; python_version<'3.9'"]),
        (
            "bar==1; python_version<'3.9'",
            "bar==2; python_version>='3.9'",
            ["bar==1; python_version<'3.9'", "bar==2; python_version>='3.9'"],
        ),
        ("bar==1; python_version<'3.9'", 'bar==2;python_version < "3.9"', ['bar==2;python_version < "3.9"']),
        ("foo[a]", "foo", ["foo"]),
        ("git+https://h/a#egg=foo", "foo", ["foo"]),
        ("foo", "foo-extra", ["foo", "foo-extra"]),
    ],
)
def test_the_last_word_about_a_project_wins(present: str, added: str, left: list[str]) -> None:
    assert with_packages(present, added).pip_packages == left


@pytest.mark.parametrize("removed", ["foo", "FOO==9", f"{STABLE}/foo-1-py3-none-any.whl", "foo @ https://h/foo-2.zip"])
def test_a_package_is_removed_by_whatever_names_its_project(removed: str) -> None:
    dependencies = with_packages(f"{STABLE}/foo-2.0-py3-none-any.whl#sha256={SHA}", "bar")
    dependencies.set_pip_option("--pre")
    dependencies.remove_pip_package(removed)
    dependencies.remove_pip_package("absent")
    assert dependencies.pip_packages == ["bar"]
    assert dependencies.pip_options == ["--pre"]


@pytest.mark.parametrize(
    ("package", "code"),
    [
        ("--pre", "invalid_requirement"),
        ("", "invalid_requirement"),
        ("# only a comment", "invalid_requirement"),
        ("a\nb", "invalid_requirement"),
        ("numpy=1.26", "invalid_requirement"),
        ("https://h/my-custom.whl", "invalid_requirement"),
        ("https://u:p@h/x-1-py3-none-any.whl", "secret_in_definition"),
    ],
)
def test_what_is_no_requirement_is_refused_when_it_is_added(package: str, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        with_packages(package)
    assert caught.value.code == code


def test_another_type_is_a_programmers_mistake() -> None:
    with pytest.raises(TypeError):
        with_packages(3)  # type: ignore[arg-type]


def test_several_extra_indexes_are_kept_and_one_index_is_replaced() -> None:
    dependencies = CondaDependencies()
    for option in (
        "--extra-index-url https://a/simple",
        "--extra-index-url=https://b/simple",
        "--extra-index-url https://a/simple",
        "-i https://x/simple",
        "--index-url https://y/simple --pre",
    ):
        dependencies.set_pip_option(option)
    assert dependencies.pip_options == [
        "--extra-index-url https://b/simple",
        "--extra-index-url https://a/simple",
        "--index-url https://y/simple",
        "--pre",
    ]
    dependencies.set_pip_index_url("https://z/simple")
    assert "--index-url https://z/simple" in dependencies.pip_options


@pytest.mark.parametrize(
    ("removed", "left"),
    [
        ("--extra-index-url", ["--extra-index-url https://a/", "--only-binary x"]),
        ("--extra-index-url https://a/", ["--extra-index-url https://b/", "--only-binary x"]),
        ("--only-binary", ["--extra-index-url https://a/", "--extra-index-url https://b/"]),
        ("-f", ["--extra-index-url https://a/", "--extra-index-url https://b/", "--only-binary x"]),
    ],
)
def test_an_option_is_removed_by_name_or_by_value(removed: str, left: list[str]) -> None:
    dependencies = with_packages("foo")
    for option in ("--extra-index-url https://a/", "--extra-index-url https://b/", "--only-binary x"):
        dependencies.set_pip_option(option)
    dependencies.remove_pip_option(removed)
    assert dependencies.pip_options == left
    assert dependencies.pip_packages == ["foo"]


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ("https://h/simple", "invalid_option"),
        ("--nonsense", "invalid_option"),
        ("--extra-index-url https://u:p@h/simple", "secret_in_definition"),
    ],
)
def test_what_is_no_option_is_refused(option: str, code: str) -> None:
    for call in (CondaDependencies().set_pip_option, CondaDependencies().remove_pip_option):
        with pytest.raises(RequestError) as caught:
            call(option)
        assert caught.value.code == code


def test_the_pip_section_is_replaced_whole() -> None:
    dependencies = with_packages("old")
    dependencies.set_pip_requirements(["a==1", "b", "--pre"])
    assert (dependencies.pip_packages, dependencies.pip_options) == (["a==1", "b"], ["--pre"])
    with pytest.raises(RequestError):
        dependencies.set_pip_requirements(["-r other.txt"])


@pytest.mark.parametrize(
    ("written", "version"),
    [
        ("python=3.8.*", "3.8"),
        ("python>=3.7", "3.7"),
        ("python>=3.8,<3.9", "3.8"),
        ("python==3.11", "3.11"),
        ("python", None),
        ("conda-forge::python=3.10", "3.10"),
    ],
)
def test_a_python_pin_is_read_in_every_spelling(written: str, version: str | None) -> None:
    dependencies = CondaDependencies()
    dependencies.set_python_version("3.12")
    dependencies.add_conda_package(written)
    assert dependencies.get_python_version() == version
    assert len(dependencies.conda_packages) == (version is not None)


def test_conda_packages_are_kept_once_and_removed_by_name() -> None:
    dependencies = CondaDependencies()
    for package in ("python=3.9", "numpy=1", "pythonnet=3", "numpy=2", "pip"):
        dependencies.add_conda_package(package)
    assert dependencies.conda_packages == ["python=3.9", "pythonnet=3", "numpy=2", "pip"]
    dependencies.remove_conda_package("numpy")
    dependencies.remove_conda_package("pythonnet=2")
    dependencies.remove_conda_package("python")
    assert dependencies.conda_packages == ["pythonnet=3", "pip"]


def test_channels_are_kept_once() -> None:
    dependencies = CondaDependencies()
    dependencies.add_channel("mine")
    dependencies.add_channel("mine")
    dependencies.remove_channel("conda-forge")
    assert dependencies.conda_channels == ["mine"]
    with pytest.raises(RequestError) as caught:
        dependencies.add_channel("https://u:p@h/channel")
    assert caught.value.code == "secret_in_definition"


@pytest.mark.parametrize(
    ("requirements", "merged"),
    [
        (["a==1", "a>=0"], ["a==1,>=0"]),
        (["A[x]==1", "b", "a[y]"], ["A[x,y]==1", "b"]),
        (["a; os_name=='nt'", "a>1"], ["a; os_name=='nt'", "a>1"]),
        (["a @ https://h/a-1-py3-none-any.whl", "a"], ["a @ https://h/a-1-py3-none-any.whl", "a"]),
        ([], []),
    ],
)
def test_requirements_are_merged(requirements: list[str], merged: list[str]) -> None:
    assert CondaDependencies.merge_requirements(requirements) == merged


def test_lists_make_dependencies() -> None:
    made = CondaDependencies.create(
        pip_indexurl="https://h/simple", pip_packages=["a", "b"], conda_packages=["pip=23"], python_version="3.10"
    )
    assert made.conda_packages == ["python=3.10", "pip=23"]
    assert made.pip_packages == ["a", "b"]
    assert made.pip_options == ["--index-url https://h/simple"]
    assert CondaDependencies.create().get_python_version() is None


def test_what_is_given_out_is_a_copy() -> None:
    dependencies = with_packages("a")
    dependencies.pip_packages.append("b")
    dependencies.as_dict()["dependencies"] = []
    assert dependencies.pip_packages == ["a"]


def test_a_saved_file_is_read_back(tmp_path: Path) -> None:
    dependencies = with_packages("a==1")
    dependencies.set_pip_option("--pre")
    dependencies.set_python_version("3.10")
    path = dependencies.save(tmp_path / "c.yml")
    assert CondaDependencies(path).as_dict() == dependencies.as_dict()
    relative = dependencies.save_to_file(tmp_path / "base")
    assert relative == ".azureml/auto_conda_dependencies.yml"
    assert CondaDependencies(tmp_path / "base" / relative).as_dict() == dependencies.as_dict()


def test_a_file_is_not_saved_over_a_folder_or_into_a_missing_one(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing" / "c.yml"):
        with pytest.raises(RequestError):
            CondaDependencies().save(path)


def test_a_file_may_include_others_and_its_order_is_kept(tmp_path: Path) -> None:
    (tmp_path / "plain.yml").write_text(
        "dependencies:\n- pip:\n  - --pre\n  - a # why\n  - -i https://h/s --no-index\n"
    )
    plain = CondaDependencies(tmp_path / "plain.yml")
    assert plain.conda_file.pip == ("--pre", "a", "--index-url https://h/s", "--no-index")
    (tmp_path / "c.yml").write_text("dependencies:\n- pip:\n  - -r more.txt\n  - -c limits.txt\n")
    (tmp_path / "more.txt").write_text("x\n--pre\n")
    (tmp_path / "limits.txt").write_text("y<2\n")
    made = CondaDependencies(tmp_path / "c.yml")
    assert (made.pip_packages, made.pip_options, made.pip_constraints) == (["x"], ["--pre"], ["y<2"])
    with pytest.raises(RequestError) as caught:
        made.serialize_to_string()
    assert caught.value.code == "unsupported"


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"no\.yml"):
        CondaDependencies(tmp_path / "no.yml")
    (tmp_path / "bad.yml").write_bytes(b"\xff\xfa")
    with pytest.raises(RequestError, match="UTF-8"):
        CondaDependencies(tmp_path / "bad.yml")
    (tmp_path / "utf16.yml").write_bytes("name: é\n".encode("utf-16"))
    assert CondaDependencies(tmp_path / "utf16.yml").as_dict()["name"] == "é"


@given(st.lists(st.text(max_size=20), max_size=3))
def test_any_texts_are_dependencies_or_a_request_error(texts: list[str]) -> None:
    dependencies = CondaDependencies()
    for text in texts:
        for change in (
            dependencies.add_pip_package,
            dependencies.set_pip_option,
            dependencies.add_conda_package,
            dependencies.add_channel,
            dependencies.remove_pip_package,
            dependencies.remove_pip_option,
            dependencies.remove_conda_package,
        ):
            try:
                change(text)
            except RequestError:
                continue
    file = dependencies.conda_file
    if all(not line.startswith(("git+", ".", "/")) for line in file.pip):
        try:
            again = CondaDependencies.from_file(file)
        except RequestError as error:
            if error.code != "unsupported":
                raise
        else:
            assert again.as_dict() == dependencies.as_dict()
