"""Conda files in and out, and the many ways in which they pin Python."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.definition.conda import conda_file_of, define_conda, format_conda, parse_conda
from wheelkeep.definition.conda_package import conda_package_name, conda_package_version
from wheelkeep.definition.model import Definition
from wheelkeep.definition.options import parse_options
from wheelkeep.definition.python_version import lowest_python, parse_python
from wheelkeep.definition.requirement import parse_requirement
from wheelkeep.errors import RequestError

AZURE = """\
# Conda environment specification.
name: project_environment
dependencies:
  # The python interpreter version.
- python=3.8.13
- pip:
  - azureml-defaults
  - my-package
  - --extra-index-url https://o.test/p/_packaging/f/pypi/simple
channels:
- anaconda
- conda-forge
"""


def test_azures_file_is_read_and_written_in_its_key_order() -> None:
    definition = define_conda(parse_conda(AZURE))
    assert definition.python == "3.8.13"
    assert [line.text for line in definition.requirements] == ["azureml-defaults", "my-package"]
    assert [option.name for option in definition.options] == ["--extra-index-url"]
    assert definition.channels == ("anaconda", "conda-forge")
    written = "".join(line + "\n" for line in AZURE.splitlines() if "#" not in line)
    assert format_conda(conda_file_of(definition)) == written


def test_everything_a_file_may_hold_is_read() -> None:
    text = (
        "\ufeffname: a\r\nprefix: /opt/x\r\nvariables:\r\n  A: 1.10\r\nchannels:\r\n- conda-forge\r\ndependencies:\r\n"
        "- conda-forge::numpy >=1.26,<2\r\n- pip=23.1\r\n- python\r\n- pip:\r\n  - a\r\n- pip:\r\n  - b # why\r\n"
    )
    definition = define_conda(parse_conda(text))
    assert definition.conda_packages == ("conda-forge::numpy >=1.26,<2", "pip=23.1")
    assert definition.environment_variables == {"A": "1.10"}
    assert [line.text for line in definition.requirements] == ["a", "b"]
    assert definition.python is None


def test_an_included_file_is_asked_of_the_reader() -> None:
    file = parse_conda("dependencies:\n- pip:\n  - -r more.txt\n  - -c limits.txt")
    definition = define_conda(file, read={"more.txt": "x\n--pre", "limits.txt": "y<2"}.__getitem__)
    assert [line.text for line in definition.requirements] == ["x"]
    assert [line.text for line in definition.constraints] == ["y<2"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a valid YAML structure"),
        ("- a", "not a valid YAML structure"),
        ("{name: x", "line 1"),
        ("\x00", "not a valid YAML structure"),
        ("[" * 50_000, "not a valid YAML structure"),
        ("name: x\nname: y", "line 2: a key stands twice"),
        ("Name: x", "unknown Name key"),
        ("dependencies: numpy", "dependencies must be a list"),
        ("dependencies:\n- [a]", "dependencies holds packages"),
        ("dependencies:\n- npm:\n  - a", "dependencies holds packages"),
        ("dependencies:\n- pip: a", "pip must be a list"),
        ("dependencies:\n- pip:\n  - a: 1", "pip must be a list of texts"),
        ("dependencies:\n- num$py", "is no conda package"),
        ("dependencies:\n- &a [*a]", "not a valid YAML structure"),
        ("dependencies:\n- python=3.8\n- python=3.9", "pinned twice"),
        ("channels:\n- {a: b}", "channels must be a list"),
        ("name: [a]", "name must be a text"),
        ("variables: [a]", "variables must be"),
        ("variables:\n  a: [b]", "variables must be"),
        ("? [a]\n: b", "not a valid YAML structure"),
    ],
)
def test_a_malformed_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        define_conda(parse_conda(text))
    assert caught.value.code == "invalid_conda_file"
    assert message in str(caught.value)
    assert caught.value.hint


def test_python_pinned_twice_alike_is_fine() -> None:
    assert define_conda(parse_conda("dependencies:\n- python=3.9\n- python=3.9.*")).python == "3.9"


@given(st.text(max_size=300))
def test_any_text_is_a_conda_file_or_a_request_error(text: str) -> None:
    try:
        define_conda(parse_conda(text))
    except RequestError:
        return


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["name", "channels", "dependencies", "prefix", "variables"]), VALUES))
def test_any_yaml_mapping_is_a_conda_file_or_a_request_error(value: dict[str, object]) -> None:
    try:
        define_conda(parse_conda(yaml.safe_dump(value)))
    except RequestError:
        return


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True).filter(lambda name: name not in {"python", "pip"})
DEFINITIONS = st.builds(
    Definition,
    python=st.sampled_from([None, "3.10", "3.11.7", "<3.13,>=3.9"]),
    requirements=st.lists(NAMES.map(parse_requirement), max_size=3).map(tuple),
    options=st.sampled_from([(), parse_options("--pre --extra-index-url https://h/~x/simple?y=1")]),
    conda_packages=st.lists(NAMES.map("{}=1.10".format), max_size=3).map(tuple),
    channels=st.lists(NAMES, max_size=2).map(tuple),
    name=NAMES | st.sampled_from(["null", "3.10", "yes", "- a", "a: b", "{", "é"]),
    environment_variables=st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["", "1.10", "a\nb", "null"])),
)


@given(DEFINITIONS)
def test_what_is_emitted_is_read_back(definition: Definition) -> None:
    assert define_conda(parse_conda(format_conda(conda_file_of(definition)))) == definition


@pytest.mark.parametrize(
    ("text", "pin", "lowest"),
    [
        ("3.8", "3.8", "3.8"),
        ("=3.10", "3.10", "3.10"),
        ("==3.8.13", "3.8.13", "3.8.13"),
        ("=3.8.*", "3.8", "3.8"),
        ("3.8.*", "3.8", "3.8"),
        ("=3.8.13=h12debd9_0", "3.8.13", "3.8.13"),
        (">=3.7", ">=3.7", "3.7"),
        (">=3.8, <3.9", "<3.9,>=3.8", "3.8"),
        ("~=3.9", "~=3.9", "3.9"),
        ("=3", "<4,>=3", "3.0"),
        (">=3.8.5,<3.8.9", "<3.8.9,>=3.8.5", "3.8"),
    ],
)
def test_a_pin_of_python_is_read(text: str, pin: str, lowest: str) -> None:
    assert parse_python(text) == pin
    assert parse_python(pin) == pin
    assert lowest_python(pin) == lowest


@pytest.mark.parametrize("text", ["abc", "3.8|3.9", ">=3.9,<3.8", "=", "3.8.1.2.3", ">=", "<3"])
def test_what_is_no_pin_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        parse_python(text)
    assert caught.value.code == "invalid_environment"


@pytest.mark.parametrize("text", ["", "*", " ", "=*"])
def test_an_open_pin_is_none(text: str) -> None:
    assert parse_python(text) is None


@given(st.text(alphabet="0123456789.=<>!~*, |ab", max_size=12))
def test_any_text_is_a_pin_or_a_request_error(text: str) -> None:
    try:
        pin = parse_python(text)
    except RequestError:
        return
    assert pin is None or parse_python(pin) == pin


@pytest.mark.parametrize(
    ("package", "name", "version"),
    [
        ("numpy", "numpy", ""),
        ("NumPy=1.26", "numpy", "=1.26"),
        ("conda-forge::numpy >=1,<2", "numpy", ">=1,<2"),
        ("python[version='>=3.8']", "python", ">=3.8"),
        ("https://h/c::x=1", "x", "=1"),
        ("pythonnet=3", "pythonnet", "=3"),
    ],
)
def test_a_conda_package_is_taken_apart(package: str, name: str, version: str) -> None:
    assert (conda_package_name(package), conda_package_version(package)) == (name, version)
