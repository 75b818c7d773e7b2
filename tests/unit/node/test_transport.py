"""Where a token may be sent."""

import pytest

from wheelkeep.errors import DeniedError, RequestError
from wheelkeep.node.transport import Transport, check_server_url
from wheelkeep.secret import Secret


@pytest.mark.parametrize(
    "url",
    ["https://keep.example", "http://127.0.0.1:8400", "http://127.9.9.9", "http://localhost:1", "http://[::1]:8400/"],
)
def test_https_and_loopback_are_good(url: str) -> None:
    assert Transport(url, Secret("canary")).url == url.rstrip("/")


@pytest.mark.parametrize(
    "url", ["http://keep.example", "http://10.0.0.1:8400", "http://127.0.0.1.evil.example", "http://localhost.evil"]
)
def test_a_token_never_goes_over_plain_http_to_another_machine(url: str) -> None:
    with pytest.raises(DeniedError) as caught:
        check_server_url(url)
    assert caught.value.code == "token_over_http"


@pytest.mark.parametrize(
    "url", ["", "keep.example", "ftp://keep.example", "https://u:p@keep.example", "http://[", "https://"]
)
def test_what_is_no_server_url_is_refused_without_its_secret(url: str) -> None:
    with pytest.raises(RequestError) as caught:
        check_server_url(url)
    assert "u:p" not in caught.value.message
