"""What a definition or a connection may not carry is refused before anything is stored, without showing the secret."""

import pytest

from wheelkeep.errors import RequestError
from wheelkeep.testing.canary import search
from wheelkeep.testing.user import User, check_told
from wheelkeep.testing.workspaces import Places

pytestmark = pytest.mark.servers

SECRET = "wkcanary7f3e9a1d5b2c8046"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"category": "NoSuchFeed"}, ("category", "PythonFeed")),
        ({"target": "feed.example.com/simple"}, ("scheme", "https://")),
        ({"target": f"https://me:{SECRET}@feed.example.com"}, ("target", "user name")),
        ({"authType": "NoSuchType"}, ("auth type", "PAT")),
        ({"target": "http://feed.example.com"}, ("plain http", "https")),
    ],
    ids=["unknown category", "no scheme", "userinfo", "unknown auth type", "plain http elsewhere"],
)
def test_a_wrong_connection_is_refused_and_not_kept(user: User, changed: dict[str, str], says: tuple[str, ...]) -> None:
    right = {"category": "PythonFeed", "target": "https://feed.example.com", "authType": "PAT"}

    with pytest.raises(RequestError) as caught:
        user.workspace.set_connection(name="wrong", value=SECRET, **(right | changed))

    check_told(caught.value, RequestError, "invalid_connection", *says)
    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.detail}"
    assert "wrong" not in [one["name"] for one in user.workspace.list_connections()]


@pytest.mark.parametrize(
    ("package", "option"),
    [
        (f"acme @ https://me:{SECRET}@feed.example.com/acme-1.0-py3-none-any.whl", None),
        (f"acme @ https://feed.example.com/acme-1.0-py3-none-any.whl?sig={SECRET}", None),
        ("acme", f"--extra-index-url https://me:{SECRET}@feed.example.com/simple/"),
        ("acme", f"--index-url https://{SECRET}@feed.example.com/simple/"),
    ],
    ids=["requirement's userinfo", "requirement's signature", "extra index", "index"],
)
def test_a_secret_in_a_definition_is_refused_naming_the_connection_to_make(
    user: User, shared_places: Places, package: str, option: str | None
) -> None:
    with pytest.raises(RequestError) as caught:
        user.register("secretive", [package], [option] if option else [])

    check_told(caught.value, RequestError, "secret_in_definition", "set_connection", "feed.example.com")
    assert SECRET not in f"{caught.value} {caught.value.hint} {caught.value.detail}"
    assert search(SECRET, [shared_places.data]) == []
