"""From a place to typed requests: an embedded server is found or started, another machine's is shown a token."""

from collections.abc import Callable
from pathlib import Path

from wheelkeep.errors import AuthenticationError, RequestError
from wheelkeep.files import is_locked
from wheelkeep.node.transport import check_server_url
from wheelkeep.sdk.api import Api
from wheelkeep.sdk.embedded import Embedded, open_embedded
from wheelkeep.sdk.location import EmbeddedLocation, Location
from wheelkeep.secret import Secret
from wheelkeep.settings import ClientSettings

__all__ = ["given_token", "open_api"]


def open_api(location: Location, token: Secret | None = None) -> Api:
    """Requests to the server of `location`; `token` is for another machine's, WHEELKEEP_TOKEN when None.

    Raises:
        RequestError: `invalid_setting`, `network_file_system`, `missing_extra`.
        AuthenticationError: `token_missing`.
        DeniedError: `token_over_http`.
        UnreachableError: `server_not_started`.
    """
    if isinstance(location, EmbeddedLocation):
        found = open_embedded(location.home)
        lock = location.home / "server.lock"
        return Api(found.url, found.token, reconnect=_reopen(location.home), is_there=lambda: is_locked(lock))
    address = check_server_url(location.url)
    shown = token or ClientSettings.read().token
    if shown is None:
        raise AuthenticationError(
            f"the server at {address.bare} wants a token",
            code="token_missing",
            hint="set WHEELKEEP_TOKEN; `wheelkeep token create` on the server makes one",
        )
    return Api(location.url, shown)


def _reopen(home: Path) -> Callable[[], tuple[str, Secret] | None]:
    def reopen() -> tuple[str, Secret] | None:
        if not home.parent.is_dir():
            return None
        found: Embedded = open_embedded(home)
        return found.url, found.token

    return reopen


def given_token(token: str | Secret | None) -> Secret | None:
    """A caller's token as a secret.

    Raises:
        RequestError: `invalid_setting`: it is empty.
    """
    if token is None or isinstance(token, Secret):
        return token
    if not token.strip():
        raise RequestError("the token is empty", code="invalid_setting")
    return Secret(token.strip())
