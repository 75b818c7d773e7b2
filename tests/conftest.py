"""What all tests share: sockets are refused outside tests that are marked for servers."""

import signal

import pytest
from pytest_socket import disable_socket, enable_socket

# A shell that starts the tests in the background lets SIGINT be ignored, and every child inherits that: the stories of
# Ctrl-C would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let only marked tests open sockets to anywhere; unix sockets are what an event loop is made of."""
    if item.get_closest_marker("servers") or item.get_closest_marker("public"):
        enable_socket()
    else:
        disable_socket(allow_unix_socket=True)
