"""No credential enters a definition, and no message repeats one."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.definition.conda import define_conda, parse_conda
from wheelkeep.definition.model import Definition
from wheelkeep.definition.options import parse_options
from wheelkeep.definition.requirement import parse_requirement
from wheelkeep.definition.requirements import parse_requirements
from wheelkeep.definition.secrecy import check_no_secret, check_no_secret_fields, shown
from wheelkeep.errors import RequestError, WheelkeepError

CANARY = "s3cr3tCanary0123456789"


def told(error: WheelkeepError) -> str:
    return f"{error} {error.hint} {error.detail}"


@pytest.mark.parametrize(
    ("text", "category", "target", "auth_type"),
    [
        (f"https://u:{CANARY}@h/simple/", "PythonFeed", "https://h/simple/", "UsernamePassword"),
        (f"https://{CANARY}@pkgs.dev.azure.com/o/simple", "PythonFeed", "https://pkgs.dev.azure.com/o/simple", "PAT"),
        (f"https://h:8443/x-1-py3-none-any.whl?token={CANARY}", "PythonFeed", "https://h:8443", "PAT"),
        (
            f"https://a.blob.core.windows.net/c/x-1-py3-none-any.whl?sv=1&sig={CANARY}",
            "AzureBlob",
            "https://a.blob.core.windows.net/c",
            "SAS",
        ),
        (f"https://b.s3.test/x.whl?X-Amz-Signature={CANARY}", "S3", "https://b.s3.test", "AccessKey"),
        (f"git+https://{CANARY}@github.com/a/b", "Git", "https://github.com/a/b", "PAT"),
        (f"https://h/simple#access_token={CANARY}", "PythonFeed", "https://h/simple", "PAT"),
    ],
)
def test_a_credential_in_a_url_is_refused_with_the_connection_to_make(
    text: str, category: str, target: str, auth_type: str
) -> None:
    with pytest.raises(RequestError) as caught:
        check_no_secret(text, where="the option")
    error = caught.value
    assert error.code == "secret_in_definition"
    assert error.detail == {"category": category, "target": target}
    assert f'category="{category}", target="{target}", authType="{auth_type}"' in error.hint
    assert f"--category {category} --target {target} --auth-type {auth_type}" in error.hint
    assert CANARY not in told(error)


@pytest.mark.parametrize(
    "text",
    [
        f"https://h\\@{CANARY}@x/",
        f'https://u:{CANARY}"quoted@h/',
        f"https://u%3A{CANARY}@h/",
        "ghp_" + "a1" * 18,
        "glpat-" + "a1" * 10,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "wkg_" + "a1" * 20,
        "https://@h/simple",
    ],
)
def test_a_credential_in_disguise_is_refused(text: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_no_secret(text, where="the text")
    assert caught.value.code == "secret_in_definition"
    assert text not in told(caught.value)
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "numpy==1.26",
        "https://h/simple/",
        "https://h/x-1-py3-none-any.whl#sha256=" + "ab" * 32,
        "git+ssh://git@github.com/a/b@v1#egg=b&subdirectory=c",
        "https://h/simple?format=json",
        "a" * 64,
        "mail@example.org",
    ],
)
def test_what_is_public_passes(text: str) -> None:
    check_no_secret(text, where="the text")


def test_a_token_in_a_channels_path_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        Definition(channels=(f"https://conda.test/t/{CANARY}/private",))
    assert caught.value.detail == {"category": "CondaChannel", "target": "https://conda.test"}
    assert CANARY not in told(caught.value)


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ({"docker": {"baseImageRegistry": {"address": "acr.test", "password": CANARY}}}, "ContainerRegistry"),
        ({"r": {"gitHubPackages": [{"repository": "a/b", "authToken": CANARY}]}}, "Git"),
        ({"r": {"gitHubPackages": [{"repository": "a/b", "auth_token": CANARY}]}}, "Git"),
        ({"spark": {"repositories": [f"https://u:{CANARY}@h/maven"]}}, "Generic"),
    ],
)
def test_a_secret_in_azures_sections_is_refused(value: dict[str, object], category: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_no_secret_fields(value)
    assert caught.value.code == "secret_in_definition"
    assert caught.value.detail["category"] == category
    assert CANARY not in told(caught.value)


def test_a_secret_in_an_environment_variable_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        Definition(environment_variables={"DATABASE_URL": f"postgresql://u:{CANARY}@h/db"})
    assert caught.value.code == "secret_in_definition"
    assert CANARY not in told(caught.value)


PLACES = st.sampled_from(
    ["https://{}@h/simple", "https://u:{}@h/", "https://h/?sig={}", "{}@h", "u:{}@h/x", "--token {}"]
)
NOISE = st.text(alphabet="ab /\\'\"[]@:;=#?&-.\t", max_size=12)


def refusal(read: Callable[[str], object], text: str) -> str:
    """All that an error tells when `text` is refused; an empty text when it is read."""
    try:
        read(text)
    except RequestError as error:
        return told(error)
    return ""


@given(NOISE, PLACES, NOISE)
def test_no_error_repeats_a_credential_wherever_it_stands(before: str, place: str, after: str) -> None:
    text = before + place.format(CANARY) + after
    readers: list[Callable[[str], object]] = [
        parse_requirement,
        parse_options,
        parse_requirements,
        lambda value: define_conda(parse_conda("dependencies:\n- pip:\n  - " + repr(value))),
        # a YAML anchor (&) would take away the word that says what follows
        lambda value: define_conda(parse_conda("dependencies:\n- pip:\n  - " + value.replace("&", ""))),
        lambda value: Definition.from_json({"requirements": [value]}),
        lambda value: Definition.from_json({"channels": [value]}),
        lambda value: Definition.from_json({"conda_packages": [value]}),
        lambda value: Definition.from_json({"python": value}),
    ]
    assert not [read for read in readers if CANARY in refusal(read, text)]


def test_a_message_shows_no_more_than_a_line() -> None:
    assert len(shown("a" * 500)) == 80
    assert shown("a\nb\x00") == "a b?"
    assert shown("x https://h/a?token=b#c") == "x https://h/a"
