"""Which proxies the operator set."""

import pytest

from wheelkeep.settings import upstream_proxies


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": "http://p:1"}, {"https": "http://p:1"}),
        ({"https_proxy": "http://q:1", "HTTPS_PROXY": "http://p:1"}, {"https": "http://q:1"}),
        ({"ALL_PROXY": "http://a:1"}, {"https": "http://a:1", "http": "http://a:1"}),
        ({"NO_PROXY": "x.example", "HTTP_PROXY": ""}, {"no": "x.example"}),
    ],
)
def test_proxies_are_read_in_either_case_and_kept_as_secrets(environ: dict[str, str], expected: dict[str, str]) -> None:
    found = upstream_proxies(environ)
    assert {name: secret.reveal() for name, secret in found.items()} == expected
    assert "http://" not in repr(found)
