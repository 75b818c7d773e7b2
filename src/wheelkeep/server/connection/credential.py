"""The Authorization header that a connection puts on a request: the one place where a stored secret takes shape."""

import base64

from wheelkeep.secret import Secret
from wheelkeep.server.connection.model import AuthType
from wheelkeep.server.connection.secret_value import Credential

__all__ = ["authorization", "basic"]

_PAT_USERNAME = "__token__"
"""What package indexes call the user of a token; Azure Artifacts, GitHub and most others take any name beside a PAT."""


def authorization(auth_type: AuthType, credential: Credential) -> Secret | None:
    """The header's value, or None when the connection authenticates nobody.

    Raises:
        ValueError: an auth type that is stored by a newer release and is not understood here.
    """
    if auth_type is AuthType.NONE or credential.secret is None:
        return None
    if auth_type is AuthType.BEARER:
        return Secret(f"Bearer {credential.secret.reveal()}")
    if auth_type is AuthType.PAT:
        return basic(_PAT_USERNAME, credential.secret)
    if auth_type is AuthType.USERNAME_PASSWORD:
        return basic(credential.username or "", credential.secret)
    raise ValueError(f"no header is known for the auth type {auth_type.value}")


def basic(username: str, password: Secret) -> Secret:
    """Basic authentication (RFC 7617) in UTF-8."""
    pair = f"{username}:{password.reveal()}".encode()
    return Secret(f"Basic {base64.b64encode(pair).decode()}")
