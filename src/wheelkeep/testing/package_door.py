"""A full fake of `PackageDoor`, with the refusals in the order that clients need."""

import base64
import binascii

from wheelkeep.errors import AuthenticationError, DeniedError
from wheelkeep.server.http.package_door import Admission, PackageRight

__all__ = ["FakeDoor", "basic"]


def basic(token: str, *, user: str = "__token__") -> str:
    """The Authorization header of a package client that has `token`."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


class FakeDoor:
    """Knows three tokens for one workspace, whose id is `id-of-<name>`.

    `reader` may read, `publisher` may read and publish, `stranger` is valid but has no right here.
    """

    def __init__(self, workspace: str = "team") -> None:
        self._workspace = workspace
        self._rights = {"reader": ("read",), "publisher": ("read", "publish"), "stranger": ()}

    def admit(self, authorization: bytes | None, workspace: str, *, right: PackageRight) -> Admission:
        """Who shows `authorization`, when that is somebody with `right` in `workspace`.

        Raises:
            AuthenticationError: `token_missing` or `token_invalid`.
            DeniedError: `denied`.
        """
        token = _token(authorization)
        if token is None:
            raise AuthenticationError("the request carries no token", code="token_missing", hint="send one")
        if token not in self._rights:
            raise AuthenticationError("the token is unknown", code="token_invalid", hint="send another")
        if workspace != self._workspace or right not in self._rights[token]:
            raise DeniedError(f"the token may not {right} here", code="denied", hint="ask an admin")
        return Admission(workspace_id=f"id-of-{workspace}", principal_name=token)


def _token(authorization: bytes | None) -> str | None:
    scheme, _, rest = (authorization or b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None
