"""What may be stored as a connection: every mistake with its own words, and never the secret in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import RequestError
from wheelkeep.server.connection.model import AuthType
from wheelkeep.server.connection.secret_value import parse_value
from wheelkeep.server.connection.validation import check_connection
from wheelkeep.wire.resources import ConnectionBody

CANARY = "c4nary-pat-0123456789"


def body(
    *,
    category: str = "PythonFeed",
    target: str = "https://feed.example/simple",
    auth_type: str = "PAT",
    value: str | dict[str, str] | None = CANARY,
) -> ConnectionBody:
    return ConnectionBody(category=category, target=target, auth_type=auth_type, value=value)


@pytest.mark.parametrize("category", ["PythonFeed", "python_feed", "pythonfeed", "Generic", "GENERIC"])
def test_category_words_are_understood_in_azures_two_spellings(category: str) -> None:
    assert check_connection(body(category=category)).category.value in {"PythonFeed", "Generic"}


@pytest.mark.parametrize("word", ["UsernamePassword", "username_password", "usernamepassword"])
@pytest.mark.parametrize(
    "value",
    [
        {"username": "u", "password": CANARY},
        {"Username": "u", "Password": CANARY},
        f'{{"username": "u", "password": "{CANARY}"}}',
        f"{{'Username': 'u', 'Password': '{CANARY}'}}",
    ],
)
def test_a_username_and_password_are_read_from_every_form(word: str, value: str | dict[str, str]) -> None:
    credential = check_connection(body(auth_type=word, value=value)).credential
    assert credential.username == "u"
    assert credential.secret is not None
    assert credential.secret.reveal() == CANARY


@pytest.mark.parametrize("value", [CANARY, CANARY + "\n", f'"{CANARY}"', {"pat": CANARY}, f'{{"pat": "{CANARY}"}}'])
def test_a_pat_is_read_from_every_form(value: str | dict[str, str]) -> None:
    secret = check_connection(body(value=value)).credential.secret
    assert secret is not None
    assert secret.reveal() == CANARY


def test_the_target_is_kept_in_its_normal_form() -> None:
    assert check_connection(body(target="HTTPS://Feed.Example:443/a/../b//")).target == "https://feed.example/b"
    old = check_connection(body(target="https://MyOrg.pkgs.visualstudio.com")).target
    assert old == "https://pkgs.dev.azure.com/myorg"


WRONG = [
    (body(category="Feed"), "invalid_connection", "no connection's category", "PythonFeed"),
    (body(auth_type="Password"), "invalid_connection", "no connection's auth type", "UsernamePassword"),
    (body(auth_type="SAS"), "invalid_connection", "makes no sense", "PAT"),
    (body(category="S3", auth_type="PAT"), "invalid_connection", "makes no sense", "AccessKey"),
    (body(category="Git"), "unsupported", "not supported yet", "PythonFeed"),
    (body(category="AzureBlob", auth_type="SAS"), "unsupported", "not supported yet", "for now"),
    (body(auth_type="OIDC"), "unsupported", "not supported yet", "for now"),
    (body(target="feed.example/simple"), "invalid_connection", "no scheme", "https://"),
    (body(target="ftp://feed.example"), "invalid_connection", "not http or https", "https://"),
    (body(target=f"https://u:{CANARY}@feed.example"), "invalid_connection", "user name or a password", "as the value"),
    (body(target=f"https://{CANARY}@feed.example"), "invalid_connection", "user name or a password", "as the value"),
    (body(target=f"https://feed.example/?token={CANARY}"), "invalid_connection", "a query", "value"),
    (body(target="https://feed.example/?"), "invalid_connection", "a query", "value"),
    (body(target="https://feed.example/#x"), "invalid_connection", "a fragment", "#"),
    (body(target="https:///simple"), "invalid_connection", "no host", "https://"),
    (body(target="https://[::1"), "invalid_connection", "cannot be read", "https://"),
    (body(target="https://feed.example:99999/"), "invalid_connection", "cannot be", "https://"),
    (body(target="https://feed.example/a%2fb"), "invalid_connection", "encoded slash", "https://"),
    (body(target="http://feed.example/simple"), "invalid_connection", "plain http", "loopback"),
    (body(target="http://10.0.0.5/simple"), "invalid_connection", "plain http", "loopback"),
    (body(value=None), "invalid_connection", "missing", "token"),
    (body(value=""), "invalid_connection", "missing", "token"),
    (body(value=f"{CANARY}\n{CANARY}"), "invalid_connection", "line break", "without"),
    (body(value={"password": CANARY}), "invalid_connection", "one token", "string"),
    (body(value={"pat": CANARY, "token": CANARY}), "invalid_connection", "one token", "string"),
    (body(auth_type="UsernamePassword"), "invalid_connection", "no mapping", 'value={"username"'),
    (body(auth_type="UsernamePassword", value={"username": "u"}), "invalid_connection", "exactly", "password"),
    (
        body(auth_type="UsernamePassword", value={"username": "u:x", "password": CANARY}),
        "invalid_connection",
        "colon",
        "7617",
    ),
    (
        body(auth_type="UsernamePassword", value={"username": "u", "password": CANARY, "extra": CANARY}),
        "invalid_connection",
        "exactly",
        "password",
    ),
    (
        body(auth_type="UsernamePassword", value={"username": "u", "password": ""}),
        "invalid_connection",
        "empty",
        "password",
    ),
    (body(auth_type="None"), "invalid_connection", "takes no value", "leave"),
]


@pytest.mark.parametrize(("wrong", "code", "message", "hint"), WRONG)
def test_each_mistake_has_its_own_words_and_never_the_secret(
    wrong: ConnectionBody, code: str, message: str, hint: str
) -> None:
    with pytest.raises(RequestError) as caught:
        check_connection(wrong)
    assert caught.value.code == code
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert CANARY not in f"{caught.value.message} {caught.value.hint} {caught.value.detail}"


@pytest.mark.parametrize("target", ["http://127.0.0.1:8081", "http://localhost:8081/simple", "http://[::1]:8081"])
def test_plain_http_is_allowed_to_this_machine(target: str) -> None:
    assert check_connection(body(target=target)).target == target


def test_plain_http_is_allowed_without_a_credential() -> None:
    assert (
        check_connection(body(target="http://10.0.0.5/simple", auth_type="None", value=None)).credential.secret is None
    )


@given(st.text() | st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=3), st.sampled_from(AuthType))
def test_any_value_is_read_or_refused(value: str | dict[str, str], auth_type: AuthType) -> None:
    if auth_type not in {AuthType.PAT, AuthType.USERNAME_PASSWORD, AuthType.BEARER, AuthType.NONE}:
        return
    try:
        credential = parse_value(auth_type, value)
    except RequestError:
        return
    assert (credential.secret is None) == (auth_type is AuthType.NONE)
