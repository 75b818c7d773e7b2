"""From an Authorization header to who asks.

Bearer is the API's scheme; Basic with the user name `__token__` is the package clients' (pip, uv, twine). The answer
for a token is remembered for at most five seconds, by its hash, so a check costs a microsecond on hot paths and a
revocation is noticed soon. 401 for nobody, 403 for somebody without the right, whether or not the thing exists:
a 404 would send a client to the public index (reference/index.md §1, finding 5).
"""

import base64
import binascii
import time

from wheelkeep.errors import AuthenticationError, DeniedError
from wheelkeep.secret import Secret
from wheelkeep.server.access.grants import GRANT_PREFIX, GrantBook
from wheelkeep.server.access.principal import Principal, WorkPrincipal
from wheelkeep.server.access.roles import Right, role_allows
from wheelkeep.server.access.tokens import TokenBook

__all__ = ["Door", "parse_authorization"]

_REMEMBERED_S = 5.0
_REMEMBERED_MOST = 4096


def parse_authorization(header: bytes | None) -> Secret:
    """The token inside an Authorization header: Bearer, or the password of Basic.

    Raises:
        AuthenticationError: `token_missing`: no header, or a scheme that is neither.
    """
    scheme, _, rest = (header or b"").partition(b" ")
    if scheme.lower() == b"bearer" and rest.strip():
        return Secret(rest.strip().decode("latin-1"))
    if scheme.lower() == b"basic":
        try:
            _, _, password = base64.b64decode(rest.strip(), validate=True).partition(b":")
        except binascii.Error:
            password = b""
        if password:
            return Secret(password.decode("utf-8", "replace"))
    raise AuthenticationError(
        "the request carries no token",
        code="token_missing",
        hint="set WHEELKEEP_TOKEN; package clients give it as the password of the user __token__",
    )


class Door:
    """Admits the bearers of tokens and grants."""

    def __init__(self, tokens: TokenBook, grants: GrantBook) -> None:
        self._tokens = tokens
        self._grants = grants
        self._remembered: dict[Secret, tuple[Principal, float]] = {}

    def identify(self, header: bytes | None) -> Principal | WorkPrincipal:
        """Who shows `header`.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
        """
        token = parse_authorization(header)
        if token.reveal().startswith(GRANT_PREFIX):
            return self._grants.check(token.reveal())
        now = time.monotonic()
        known = self._remembered.get(token)
        if known is not None and known[1] > now:
            return known[0]
        principal = self._tokens.find(token)
        if principal is None:
            self._remembered.pop(token, None)
            raise AuthenticationError(
                "the token is unknown, expired or revoked",
                code="token_invalid",
                hint="ask an admin of the server for a new one (`wheelkeep token create`)",
            )
        if len(self._remembered) > _REMEMBERED_MOST:
            self._remembered.clear()
        self._remembered[token] = (principal, now + _REMEMBERED_S)
        return principal

    def admit(self, header: bytes | None, right: Right, *, workspace: str | None = None) -> Principal:
        """Who shows `header`, when it is a token with `right` (in the workspace with that id, when one is given).

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`.
        """
        principal = self.identify(header)
        if isinstance(principal, WorkPrincipal):
            raise DeniedError("a grant may not do this", code="denied", hint="use a token of your own")
        if principal.kind == "node":
            raise DeniedError("a node's token only leases work", code="denied", hint="use a token of your own")
        if not role_allows(principal.role, right) or (
            principal.workspace is not None and principal.workspace != workspace
        ):
            raise DeniedError(
                f"the token {principal.name!r} may not {right} here",
                code="denied",
                hint=f"ask an admin for a token whose role allows to {right}",
            )
        return principal

    def admit_node(self, header: bytes | None) -> Principal:
        """The node that shows `header`.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`: the token is not a node's.
        """
        principal = self.identify(header)
        if isinstance(principal, WorkPrincipal) or principal.kind != "node":
            raise DeniedError(
                "only a node's token leases work", code="denied", hint="make one with `wheelkeep token create --node`"
            )
        return principal

    def admit_work(self, header: bytes | None, work: str) -> WorkPrincipal:
        """Who held the lease on `work` when its grant was made; each word then checks that the lease still stands.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`: another work's grant, or no grant.
        """
        token = parse_authorization(header).reveal()
        if token.startswith(GRANT_PREFIX):
            principal = self._grants.read(token)
            if principal.work == work:
                return principal
        else:
            self.identify(header)
        raise DeniedError("this needs the grant of that very work", code="denied")

    def forget(self) -> None:
        """Ask again for every token: one was just revoked."""
        self._remembered.clear()
