"""What a refused feed is told as: which connection, what may be wrong, what to do."""

import pytest

from wheelkeep.secret import SafeUrl, Secret
from wheelkeep.server.origin.access import FeedAccess
from wheelkeep.server.origin.failure import failure_of_status

URL = "https://feed.example/simple/"


def access(*, connection: str | None, credential: str | None) -> FeedAccess:
    return FeedAccess(
        url=URL,
        connection=connection,
        authorization=None if credential is None else Secret(credential),
        scope=SafeUrl.parse(URL).origin,
    )


def test_a_403_may_mean_a_missing_right_or_a_wrong_password() -> None:
    told = failure_of_status(access(connection="feed", credential="Bearer c4nary"), 403)

    assert told.code == "feed_forbidden"
    assert told.hint.startswith("the right is missing, or the password is wrong: some feeds answer 403 to that")
    assert "set the connection 'feed' again" in told.hint


@pytest.mark.parametrize("status", [401, 407])
def test_a_connection_without_a_credential_is_not_told_that_one_was_refused(status: int) -> None:
    told = failure_of_status(access(connection="feed", credential=None), status)

    assert told.code == "feed_authentication_failed"
    assert told.message.endswith(f"asks for a credential ({status}), and the connection holds none")
    assert "set the connection 'feed' again with an auth type" in told.hint


def test_a_403_to_a_connection_without_a_credential_says_that_it_holds_none() -> None:
    assert "holds no credential" in failure_of_status(access(connection="feed", credential=None), 403).hint


def test_a_refused_credential_is_told_as_one_and_not_shown() -> None:
    told = failure_of_status(access(connection="feed", credential="Bearer c4nary"), 401)

    assert "refused the credential (401)" in told.message
    assert "c4nary" not in f"{told.message} {told.hint} {told.detail}"
