"""Grants: what one leased piece of work shows towards packages, files and its own record.

A grant is a signed text, so checking one costs microseconds and no row; whether its work still lives is asked of the
work table and remembered for at most five seconds (contract §7). It opens one workspace, for reading, while one lease
lasts: a node that lost its lease holds a dead grant, because the fencing number is part of it.
"""

import base64
import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from wheelkeep.errors import AuthenticationError
from wheelkeep.secret import Secret
from wheelkeep.server.access.principal import WorkPrincipal

__all__ = ["GRANT_PREFIX", "GrantBook"]

GRANT_PREFIX = "wkg_"
_REMEMBERED_S = 5.0
_LONGEST_S = 7 * 24 * 3600
_REMEMBERED_MOST = 4096


class _Claims(msgspec.Struct, frozen=True, array_like=True):
    work: str
    fence: int
    workspace: str
    worker: str
    expires: int


@dataclass(slots=True)
class _Remembered:
    alive: bool
    until: float


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class GrantBook:
    """Makes and checks grants.

    Args:
        keys: signing keys, at least 32 bytes each, from the key ring, newest first: the newest signs, all are believed.
        is_alive: whether the work (id, fence) is leased and running now; asked at most every five seconds a grant.
    """

    def __init__(self, keys: Sequence[bytes], is_alive: Callable[[str, int], bool]) -> None:
        self._keys = tuple(keys)
        self._is_alive = is_alive
        self._remembered: dict[tuple[str, int], _Remembered] = {}

    def create(self, principal: WorkPrincipal) -> Secret:
        """The grant of `principal`; it dies with the lease, and in any case after seven days."""
        claims = _Claims(
            principal.work, principal.fence, principal.workspace, principal.worker, int(time.time()) + _LONGEST_S
        )
        payload = _encode(msgspec.json.encode(claims))
        return Secret(f"{GRANT_PREFIX}{payload}.{_sign(self._keys[0], payload)}")

    def read(self, text: str) -> WorkPrincipal:
        """Whose grant `text` is, without asking whether its work still lives.

        For the holder's own words, each of which checks the fence in its transaction (409 `lost_lease`).

        Raises:
            AuthenticationError: `token_invalid`: forged or expired.
        """
        payload, _, signature = text.removeprefix(GRANT_PREFIX).partition(".")
        signatures = [_sign(key, payload) for key in self._keys]
        if not any(hmac.compare_digest(own.encode(), signature.encode()) for own in signatures):
            raise AuthenticationError("the grant is not one of this server", code="token_invalid")
        claims = msgspec.json.decode(_decode(payload), type=_Claims)
        if claims.expires < time.time():
            raise _dead()
        return WorkPrincipal(work=claims.work, fence=claims.fence, workspace=claims.workspace, worker=claims.worker)

    def check(self, text: str) -> WorkPrincipal:
        """Whose grant `text` is: for packages and files.

        Raises:
            AuthenticationError: `token_invalid`: forged, expired, or its work has ended or moved to another node.
        """
        principal = self.read(text)
        if not self._lives(principal.work, principal.fence):
            raise _dead()
        return principal

    def _lives(self, work: str, fence: int) -> bool:
        now = time.monotonic()
        known = self._remembered.get((work, fence))
        if known is None or known.until < now:
            if len(self._remembered) > _REMEMBERED_MOST:
                self._remembered.clear()
            known = _Remembered(self._is_alive(work, fence), now + _REMEMBERED_S)
            self._remembered[work, fence] = known
        return known.alive

    def forget(self, work: str) -> None:
        """Ask again at the next check: the work has just ended."""
        for key in [key for key in self._remembered if key[0] == work]:
            del self._remembered[key]


def _sign(key: bytes, payload: str) -> str:
    return _encode(hmac.digest(key, payload.encode(), "sha256"))


def _dead() -> AuthenticationError:
    return AuthenticationError(
        "the grant has ended with its work", code="token_invalid", hint="a grant is good for one build or run"
    )
