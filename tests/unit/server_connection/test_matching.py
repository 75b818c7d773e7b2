"""Matching: which URLs get a connection's credential, as a table of friends and attacks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wheelkeep.errors import ConflictError
from wheelkeep.server.connection.matching import Match, NoMatch, match
from wheelkeep.server.connection.model import AuthType, Category, Connection
from wheelkeep.server.connection.place import parse_place


def connection(target: str, *, name: str = "one", category: Category = Category.PYTHON_FEED) -> Connection:
    return Connection(
        id=name,
        workspace="w",
        name=name,
        category=category,
        target=target,
        auth_type=AuthType.PAT,
        username=None,
        created_at="",
        updated_at="",
        updated_by="",
    )


AZURE = "https://pkgs.dev.azure.com/Org"
OLD_AZURE = "https://org.pkgs.visualstudio.com"
FEED = "https://feed.example/team/simple"

SAME = [
    # the target itself and what lies under it
    (FEED, "https://feed.example/team/simple"),
    (FEED, "https://feed.example/team/simple/"),
    (FEED, "https://feed.example/team/simple/acme/"),
    (FEED, "https://feed.example/team/simple/acme/acme-1.0-py3-none-any.whl"),
    (FEED + "/", "https://feed.example/team/simple/acme"),
    ("https://feed.example", "https://feed.example/anything/at/all"),
    ("https://feed.example", "https://feed.example"),
    # query and fragment do not matter
    (FEED, "https://feed.example/team/simple/?format=json"),
    (FEED, "https://feed.example/team/simple/a.whl#sha256=00"),
    # case of scheme and host, never of the path
    (FEED, "HTTPS://feed.example/team/simple/"),
    (FEED, "https://FEED.Example/team/simple/"),
    ("https://FEED.example/team/simple", "https://feed.example/team/simple/x"),
    # ports
    (FEED, "https://feed.example:443/team/simple/"),
    ("https://feed.example:443/team", "https://feed.example/team/simple/"),
    ("http://127.0.0.1:8081", "http://127.0.0.1:8081/simple/acme/"),
    ("http://127.0.0.1:80", "http://127.0.0.1/simple/"),
    ("https://feed.example:8443/a", "https://feed.example:8443/a/b"),
    ("http://[::1]:8081", "http://[0:0:0:0:0:0:0:1]:8081/simple/"),
    # the root's dot
    (FEED, "https://feed.example./team/simple/"),
    # percent-encoding of what needs none
    (FEED, "https://feed.example/%74eam/simple/"),
    (FEED, "https://feed.example/team/simpl%65/acme"),
    ("https://feed.example/a%7eb", "https://feed.example/a~b/c"),
    ("https://feed.example/my%20feed", "https://feed.example/my%20feed/simple"),
    ("https://feed.example/caf%C3%A9", "https://feed.example/caf%c3%a9/simple"),
    ("https://feed.example/café", "https://feed.example/caf%C3%A9/simple"),
    # dot segments and doubled slashes
    (FEED, "https://feed.example/team/./simple/"),
    (FEED, "https://feed.example/other/../team/simple/"),
    (FEED, "https://feed.example//team//simple//acme"),
    (FEED, "https://feed.example/team/simple/x/../acme/"),
    # internationalised names
    ("https://bücher.example", "https://xn--bcher-kva.example/simple/"),
    ("https://xn--bcher-kva.example", "https://BÜCHER.example/simple/"),
    # Azure's two host families
    (AZURE, "https://org.pkgs.visualstudio.com/proj/_packaging/feed/pypi/simple/"),
    (AZURE, "https://pkgs.dev.azure.com/org/proj/_packaging/feed/pypi/simple/"),
    (AZURE, "https://ORG.pkgs.visualstudio.com:443/_packaging/f"),
    (OLD_AZURE, "https://pkgs.dev.azure.com/org/proj/_packaging/feed/pypi/simple/"),
    (OLD_AZURE, "https://pkgs.dev.azure.com/ORG/_packaging/feed/pypi/simple/"),
    (OLD_AZURE, "https://org.pkgs.visualstudio.com/proj/_packaging/6b3c-guid/pypi/download/x/1.0/x.whl"),
    (OLD_AZURE + "/proj", "https://pkgs.dev.azure.com/org/proj/_packaging/x"),
]

OTHER = [
    # look-alike hosts
    (AZURE, "https://pkgs.dev.azure.com.evil.example/Org/x"),
    (AZURE, "https://pkgs.dev.azure.com@evil.example/Org/x"),
    (AZURE, "https://pkgs.dev.azure.com:secret@evil.example/Org/x"),
    (AZURE, "https://evil.example/pkgs.dev.azure.com/Org/x"),
    (AZURE, "https://evil.example#@pkgs.dev.azure.com/Org/x"),
    (AZURE, "https://evil.example?@pkgs.dev.azure.com/Org/x"),
    (AZURE, "https://evil.example\\@pkgs.dev.azure.com/Org/x"),
    (AZURE, "https://pkgs.dev.azure.com\\@evil.example/Org/x"),
    (AZURE, "https://xpkgs.dev.azure.com/Org/x"),
    (AZURE, "https://pkgs.dev.azure.comx/Org/x"),
    (AZURE, "https://dev.azure.com/Org/x"),
    (OLD_AZURE, "https://org.pkgs.visualstudio.com.evil.example/x"),
    (OLD_AZURE, "https://evil.org.pkgs.visualstudio.com/x"),
    (OLD_AZURE, "https://orgevil.pkgs.visualstudio.com/x"),
    (OLD_AZURE, "https://pkgs.visualstudio.com/org/x"),
    (OLD_AZURE, "https://org-pkgs.visualstudio.com/x"),
    (AZURE, "https://org.pkgs.visualstudio.com:8443/x"),
    (AZURE, "http://org.pkgs.visualstudio.com/x"),
    ("https://feed.example", "https://f\u0435\u0435d.example/simple/"),  # Cyrillic letters
    ("https://feed.example", "https://feed.example.evil.example/"),
    ("https://feed.example", "https://feed-example/"),
    ("https://feed.example", "https://sub.feed.example/"),
    # userinfo, even ours
    (FEED, "https://user@feed.example/team/simple/"),
    (FEED, "https://user:password@feed.example/team/simple/"),
    (FEED, "https://@feed.example/team/simple/"),
    # segments
    (AZURE, "https://pkgs.dev.azure.com/OrgEvil/x"),
    (AZURE, "https://pkgs.dev.azure.com/Org-Evil/x"),
    (AZURE, "https://pkgs.dev.azure.com/Org%20/x"),
    (AZURE, "https://pkgs.dev.azure.com/"),
    (AZURE, "https://pkgs.dev.azure.com"),
    (FEED, "https://feed.example/team/simple-x/"),
    (FEED, "https://feed.example/team/simpl"),
    (FEED, "https://feed.example/team"),
    (FEED, "https://feed.example/TEAM/simple/"),
    # scheme and port
    (FEED, "http://feed.example/team/simple/"),
    (FEED, "https://feed.example:444/team/simple/"),
    (FEED, "https://feed.example:80/team/simple/"),
    (FEED, "http://feed.example:443/team/simple/"),
    (FEED, "ftp://feed.example/team/simple/"),
    (FEED, "file:///team/simple/"),
    (FEED, "https:feed.example/team/simple/"),
    (FEED, "//feed.example/team/simple/"),
    (FEED, "https://feed.example:x/team/simple/"),
    ("http://127.0.0.1:8081", "http://127.0.0.1:8082/simple/"),
    ("http://127.0.0.1:8081", "http://127.1:8081/simple/"),
    ("http://127.0.0.1:8081", "http://2130706433:8081/simple/"),
    ("http://127.0.0.1:8081", "http://localhost:8081/simple/"),
    # leaving by dots
    (FEED, "https://feed.example/team/simple/../other/"),
    (FEED, "https://feed.example/team/simple/../../other/"),
    (FEED, "https://feed.example/team/simple/%2e%2e/other/"),
    (FEED, "https://feed.example/team/simple/.%2e/other/"),
    (FEED, "https://feed.example/team/simple/%2E%2E/simple/acme"),
    (FEED, "https://feed.example/team/simple/..;/other/"),
    (FEED, "https://feed.example/team/simple/..;a=b/other/"),
    # slashes in disguise
    (FEED, "https://feed.example/team%2fsimple/"),
    (FEED, "https://feed.example/team/simple%2F..%2Fother/"),
    (FEED, "https://feed.example/team/simple%5c..%5cother/"),
    (FEED, "https://feed.example/team\\simple/"),
    (FEED, "https://feed.example/team%252fsimple/"),
    # text that is read in two ways
    (FEED, "https://feed.example/team/simple/%00"),
    (FEED, "https://feed.example/team/simple/%zz"),
    (FEED, "https://feed.example/team/simple/%"),
    (FEED, "https://feed.example/team/simple/\r\nHost: evil.example"),
    (FEED, "https://feed.example\t.evil.example/team/simple/"),
    (FEED, " https://feed.example/team/simple/"),
    (FEED, "https://[::1/team/simple/"),
    (FEED, ""),
]


@pytest.mark.parametrize(("target", "url"), SAME)
def test_a_url_under_the_target_matches(target: str, url: str) -> None:
    found = match(url, [connection(target)])
    assert isinstance(found, Match)


@pytest.mark.parametrize(("target", "url"), OTHER)
def test_whatever_is_not_under_the_target_gets_nothing_and_a_reason(target: str, url: str) -> None:
    found = match(url, [connection(target)])
    assert isinstance(found, NoMatch)
    assert found.reasons
    assert "secret" not in str(found)
    assert "password@" not in str(found)


def test_the_longest_target_wins() -> None:
    short, long = connection("https://feed.example", name="short"), connection(FEED, name="long")
    assert match(FEED + "/acme/", [long, short]) == Match(long)
    assert match("https://feed.example/team/", [long, short]) == Match(short)


def test_two_equal_targets_are_an_error_that_names_both() -> None:
    one, two = connection(AZURE, name="one"), connection(OLD_AZURE, name="two")
    with pytest.raises(ConflictError, match="'one' and 'two'") as caught:
        match("https://pkgs.dev.azure.com/org/x", [two, one])
    assert caught.value.code == "ambiguous_connection"


def test_a_connection_of_another_category_does_not_serve_packages() -> None:
    git = connection(FEED, category=Category.GIT, name="git")
    feed = connection("https://feed.example", name="feed")
    assert match(FEED + "/acme/", [git, feed]) == Match(feed)


def test_without_connections_the_reason_says_so() -> None:
    assert match(FEED, []) == NoMatch(("the workspace has no connections",))


@pytest.mark.parametrize(
    "host",
    [
        *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "2130706433.", "127.0.0.1.5", "169.254.43518"),
        *("feed.example.0x7f", "１２７.1"),  # noqa: RUF001 - full-width digits are what is tested
    ],
)
def test_a_host_that_some_read_as_an_address_and_some_as_a_name_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="number in disguise"):
        parse_place(f"https://{host}/simple/")


def test_an_address_has_one_normal_form() -> None:
    assert parse_place("https://127.0.0.1./x").host == "127.0.0.1"
    assert parse_place("https://[::FFFF:7F00:1]/x").host == parse_place("https://[::ffff:127.0.0.1]/x").host


_SEGMENT = st.text(st.sampled_from("abAB.%2e~;-_é/"), max_size=6)


@given(st.lists(_SEGMENT, max_size=5), st.sampled_from(["feed.example", "Feed.Example:443", "[::1]", "127.0.0.1:80"]))
def test_the_normal_form_is_its_own_normal_form(segments: list[str], host: str) -> None:
    try:
        place = parse_place(f"https://{host}/{'/'.join(segments)}")
    except ValueError:
        return
    assert parse_place(str(place)) == place
    assert not {".", ".."} & set(place.segments)


@given(st.text(max_size=60))
def test_no_text_is_anything_but_a_place_or_a_value_error(text: str) -> None:
    try:
        place = parse_place("https://" + text)
    except ValueError:
        return
    assert "@" not in str(place).split("/")[2]


@given(st.lists(st.text(st.sampled_from("ab./%2eF\\;@?#:"), max_size=8), max_size=5))
def test_what_matches_lies_under_the_target_as_the_most_naive_reader_sees_it(parts: list[str]) -> None:
    url = "https://feed.example/team/" + "/".join(parts)
    if isinstance(match(url, [connection("https://feed.example/team/a")]), Match):
        place = parse_place(url)
        assert place.host == "feed.example"
        assert place.segments[:2] == ("team", "a")
