"""The definition's JSON form and digest, and the plan that the resolver is told."""

import copy
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.definition.conda import define_conda, parse_conda
from wheelkeep.definition.model import Definition
from wheelkeep.definition.requirements import parse_requirements
from wheelkeep.definition.resolution import PROVIDED_PROJECTS, plan_resolution
from wheelkeep.definition.wheel_url import WorkspaceWheel
from wheelkeep.errors import RequestError

SHA = "ab" * 32


def define(text: str, **parts: object) -> Definition:
    """The definition of a requirements file, with more parts of the JSON form."""
    read = parse_requirements(text)
    base = Definition(requirements=read.requirements, options=read.options)
    return Definition.from_json({**base.to_json(), **parts})


def wheel_url(authority: str) -> str:
    return f"{authority}/w/default/files/{SHA}/my_custom-1.0-py3-none-any.whl"


FULL: dict[str, object] = {
    "python": "3.11",
    "requirements": [f"foo==1 --hash=sha256:{SHA}", wheel_url("http://127.0.0.1:8400")],
    "options": ["--extra-index-url https://h/simple"],
    "constraints": ["x<2"],
    "conda_packages": ["pip=23"],
    "channels": ["conda-forge"],
    "name": "n",
    "environment_variables": {"A": "b"},
    "extras": {"docker": {"baseImage": "image:1"}},
}


def test_the_json_form_is_read_back_to_an_equal_value_and_the_same_text() -> None:
    definition = Definition.from_json(FULL)
    assert definition.to_json() == FULL
    assert Definition.from_json(definition.to_json()) == definition
    assert Definition().to_json() == {}


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, "invalid_environment"),
        ([], "invalid_environment"),
        ({"pyton": "3.11"}, "invalid_environment"),
        ({"requirements": "numpy"}, "invalid_environment"),
        ({"requirements": [1]}, "invalid_environment"),
        ({"requirements": ["numpy=1"]}, "invalid_requirement"),
        ({"options": ["--nonsense"]}, "invalid_option"),
        ({"python": "snake"}, "invalid_environment"),
        ({"conda_packages": ["?"]}, "invalid_conda_file"),
        ({"name": "a\nb"}, "invalid_environment"),
        ({"channels": ["a\nb"]}, "invalid_environment"),
        ({"environment_variables": {"A=B": "x"}}, "invalid_environment"),
        ({"environment_variables": {"A": "x\x00"}}, "invalid_environment"),
        ({"environment_variables": {"A": "\ud800"}}, "invalid_environment"),
        ({"requirements": ["https://u:p@h/x-1-py3-none-any.whl"]}, "secret_in_definition"),
        ({"extras": {"docker": {"baseImageRegistry": {"password": "p"}}}}, "secret_in_definition"),
    ],
)
def test_a_malformed_json_form_is_refused(value: object, code: str) -> None:
    with pytest.raises(RequestError) as caught:
        Definition.from_json(value)
    assert caught.value.code == code
    assert caught.value.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(FULL)), JSON | st.sampled_from(list(FULL.values()))))
def test_any_json_is_a_definition_or_a_request_error(value: dict[str, object]) -> None:
    try:
        definition = Definition.from_json(value)
    except RequestError:
        return
    assert Definition.from_json(definition.to_json()).digest == definition.digest


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Foo_Bar >= 1", "foo-bar>=1"),
        (wheel_url("http://127.0.0.1:8400"), wheel_url("https://wheels.test") + f"#sha256={SHA}"),
        (wheel_url("http://127.0.0.1:8400"), "my.custom @ " + wheel_url("https://wheels.test")),
        ("foo # why", "# nothing\nfoo"),
        ("-i https://h/s\nfoo", "foo\n--index-url=https://h/s"),
    ],
)
def test_definitions_that_ask_for_the_same_are_equal(one: str, other: str) -> None:
    assert define(one).digest == define(other).digest


def test_the_conda_name_and_channels_nothing_comes_from_do_not_count() -> None:
    plain = define("foo")
    assert define("foo", name="a", channels=["x"], conda_packages=["pip"]).digest == plain.digest
    with_package = define("foo", conda_packages=["numpy"], channels=["x"])
    assert with_package.digest != define("foo", conda_packages=["numpy"], channels=["y"]).digest


@pytest.mark.parametrize("key", ["python", "requirements", "options", "constraints", "environment_variables", "extras"])
def test_every_part_that_is_asked_for_counts(key: str) -> None:
    less = copy.deepcopy(FULL)
    del less[key]
    assert Definition.from_json(less).digest != Definition.from_json(FULL).digest


def test_the_order_of_feeds_counts() -> None:
    one = define("foo\n--extra-index-url https://a/\n--extra-index-url https://b/")
    other = define("foo\n--extra-index-url https://b/\n--extra-index-url https://a/")
    assert one.digest != other.digest


def test_a_plan_says_what_the_resolver_needs() -> None:
    definition = define(
        "acme[x]==1.*\nsklearn-thing ; python_version>'3'\n"
        f"{wheel_url('http://127.0.0.1:1')}#sha256={SHA} ; os_name == 'posix'\n"
        f"pinned==1 --hash=sha256:{SHA}\n"
        "-i https://first/\n--extra-index-url https://b/\n--extra-index-url https://a/\n--pre\n--trusted-host b\n"
        "--only-binary acme\n--prefer-binary",
        constraints=["numpy<3"],
        python="3.10",
    )
    plan = plan_resolution(definition, base_url="https://now.test/")
    wheel = WorkspaceWheel("default", SHA, "my_custom-1.0-py3-none-any.whl")
    assert plan.requirements == (
        "acme[x]==1.*",
        "sklearn-thing ; python_version>'3'",
        f'my-custom @ {wheel_url("https://now.test")}#sha256={SHA} ; os_name == "posix"',
        f"pinned==1 --hash=sha256:{SHA}",
    )
    assert plan.constraints == ("numpy<3",)
    assert (plan.index_url, plan.extra_index_urls) == ("https://first/", ("https://b/", "https://a/"))
    assert (plan.python, plan.prerelease, plan.no_index, plan.only_binary) == ("3.10", True, False, ("acme",))
    assert plan.workspace_wheels == (wheel,)
    assert len(plan.notes) == 2


def test_without_a_present_address_a_wheels_url_stays_where_it_was() -> None:
    plan = plan_resolution(define(wheel_url("http://w:8400")))
    assert plan.requirements == (f"my-custom @ {wheel_url('http://w:8400')}#sha256={SHA}",)


def test_a_range_of_pythons_is_decided_by_the_node() -> None:
    assert plan_resolution(define("foo", python="<3.11,>=3.8")).python == "<3.11,>=3.8"


def test_what_azures_scripts_name_by_habit_is_provided_and_not_resolved() -> None:
    names = "\n".join(sorted(PROVIDED_PROJECTS))
    plan = plan_resolution(define(f"{names}\nAzureML_Defaults>=1.0\nazureml-dataprep\nfoo"))
    assert plan.requirements == ("azureml-dataprep", "foo")
    assert set(plan.provided) == PROVIDED_PROJECTS


def test_a_wheel_of_that_name_which_the_user_uploaded_is_kept() -> None:
    url = f"http://h/w/default/files/{SHA}/azureml_core-1.0-py3-none-any.whl"
    plan = plan_resolution(define(url))
    assert plan.provided == ()
    assert len(plan.requirements) == 1


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (define("https://h/x-1-py3-none-any.whl"), "under a URL of its own"),
        (define("--find-links https://h/wheels"), "--find-links"),
        (define("--no-binary foo"), "--no-binary foo"),
        (Definition.from_json({"requirements": ["git+https://h/a"]}), "version control"),
        (Definition.from_json({"requirements": ["https://h/x-1.tar.gz"]}), "source URL"),
        (Definition.from_json({"constraints": ["./x"]}), "local path"),
        (define_conda(parse_conda("dependencies:\n- numpy=1.26")), "the conda package 'numpy=1.26'"),
        (Definition(extras={"python": {"userManagedDependencies": True}}), "user-managed"),
        (Definition(extras={"docker": {"baseDockerfile": "FROM x"}}), "Dockerfile"),
        (Definition(extras={"docker": {"buildContext": {"location": "x"}}}), "Dockerfile"),
    ],
)
def test_what_is_not_supported_yet_is_refused_with_what_to_do(definition: Definition, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        plan_resolution(definition)
    assert caught.value.code == "unsupported"
    assert message in str(caught.value)
    assert caught.value.hint


def test_python_and_pip_alone_need_no_conda() -> None:
    plan = plan_resolution(define_conda(parse_conda("dependencies:\n- python=3.11\n- pip=23\n- pip:\n  - foo")))
    assert (plan.requirements, plan.python) == (("foo",), "3.11")
    assert "pip" in plan.notes[0]


def test_hashes_say_which_files_may_enter_the_lock() -> None:
    plan = plan_resolution(define(f"foo==1 --hash=sha256:{SHA}\nbaz"))
    assert plan.allows("foo", SHA)
    assert not plan.allows("foo", "cd" * 32)
    assert plan.allows("baz", SHA)


@pytest.mark.parametrize("value", [f"sha384:{'ab' * 48}", f"sha512:{'ab' * 64}"])
@pytest.mark.parametrize("beside", ["", f" --hash=sha256:{SHA}"])
def test_a_hash_that_no_lock_can_hold_is_refused_and_not_ignored(value: str, beside: str) -> None:
    with pytest.raises(RequestError) as caught:
        plan_resolution(define(f"foo==1{beside} --hash={value}"))

    assert caught.value.code == "unsupported"
    assert f"--hash={value.partition(':')[0]} of foo" in caught.value.message
    assert "sha256" in caught.value.hint


def test_required_hashes_let_nothing_else_in_but_the_named_wheels() -> None:
    plan = plan_resolution(define(f"--require-hashes\nfoo==1 --hash=sha256:{SHA}\n{wheel_url('http://h')}"))
    assert plan.allows("foo", SHA)
    assert plan.allows("my-custom", SHA)
    assert not plan.allows("my-custom", "cd" * 32)
    assert not plan.allows("dependency", SHA)


def test_a_definition_is_frozen_and_copies_compare_equal() -> None:
    definition = Definition.from_json(FULL)
    with pytest.raises(AttributeError):
        definition.python = "3.12"  # type: ignore[misc]
    assert cast("object", copy.deepcopy(definition)) == definition
