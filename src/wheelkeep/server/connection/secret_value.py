"""The value of a connection, as people and Azure's scripts write it, to what is kept: a user name and a secret.

A value is a string or a mapping; Azure's JSON text (a quoted string, or `{"username": ...}`) and the Python-like text
of its troubleshooting page (`{'Username': '<u>', 'Password': '<p>'}`) are understood too (reference/azure.md §1.6).
No message here shows any part of a value.
"""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wheelkeep.errors import RequestError
from wheelkeep.secret import Secret
from wheelkeep.server.connection.model import AuthType

__all__ = ["Credential", "parse_value"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST = 64 * 1024
_TOKEN_FIELDS: Mapping[AuthType, tuple[str, ...]] = {
    AuthType.PAT: ("pat", "token", "value"),
    AuthType.BEARER: ("token", "value"),
}


@dataclass(frozen=True, slots=True)
class Credential:
    """What authenticates: a user name when the auth type has one, and the secret; neither for None."""

    username: str | None
    secret: Secret | None


def _wrong(message: str, hint: str) -> RequestError:
    return RequestError(message, code="invalid_connection", hint=hint)


def parse_value(auth_type: AuthType, value: str | Mapping[str, str] | None) -> Credential:
    """What to keep of `value` for `auth_type`.

    Raises:
        RequestError: `invalid_connection`: missing, of the wrong shape, or with characters that no header can carry.
    """
    if auth_type is AuthType.NONE:
        if value:
            raise _wrong("a connection with auth type None takes no value", "leave the value out, or name an auth type")
        return Credential(None, None)
    given = _unwrap(value)
    if not given:
        raise _wrong(f"the connection's value is missing: {auth_type.value} needs one", _shape(auth_type))
    if auth_type is AuthType.USERNAME_PASSWORD:
        return _username_and_password(given)
    return Credential(None, Secret(_single(auth_type, given)))


def _unwrap(value: str | Mapping[str, str] | None) -> str | dict[str, str]:
    """A mapping with folded keys, or a text; whatever was written as JSON or as a Python dictionary is read."""
    if isinstance(value, str):
        text = value.strip()
        if text[:1] not in {"{", '"'}:
            return text
        read = _read_literal(text)
        if isinstance(read, str):
            return read
        if read is None:
            return text
        value = read
    return {_fold(key): text for key, text in (value or {}).items()}


def _read_literal(text: str) -> str | dict[str, str] | None:
    """What `text` writes as JSON or as a Python literal, when it is a text or a mapping of texts."""
    if len(text) > _LONGEST:
        return None
    for read in (json.loads, ast.literal_eval):
        try:
            found = read(text)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
        if isinstance(found, str):
            return found
        if isinstance(found, dict) and all(isinstance(part, str) for pair in found.items() for part in pair):
            return found
    return None


def _fold(word: str) -> str:
    return word.replace("_", "").replace("-", "").lower()


def _shape(auth_type: AuthType) -> str:
    if auth_type is AuthType.USERNAME_PASSWORD:
        return 'give a mapping: value={"username": "...", "password": "..."}; on the command line, --username'
    return "give the token itself as a string"


def _single(auth_type: AuthType, given: str | dict[str, str]) -> str:
    if isinstance(given, dict):
        fields = _TOKEN_FIELDS[auth_type]
        texts = [text for key, text in given.items() if key in fields]
        if len(texts) != 1 or len(given) != 1:
            raise _wrong(f"the value of a {auth_type.value} connection is one token", _shape(auth_type))
        given = texts[0]
    return _checked(given.strip(), what="token")


def _username_and_password(given: str | dict[str, str]) -> Credential:
    auth_type = AuthType.USERNAME_PASSWORD
    if not isinstance(given, dict):
        raise _wrong("the value of a UsernamePassword connection is no mapping", _shape(auth_type))
    unknown = set(given) - {"username", "password"}
    if unknown or "username" not in given or "password" not in given:
        raise _wrong("a UsernamePassword connection needs exactly a username and a password", _shape(auth_type))
    username = _checked(given["username"], what="user name")
    if ":" in username:
        raise _wrong("the user name has a colon in it", "Basic authentication (RFC 7617) cannot carry one")
    return Credential(username, Secret(_checked(given["password"], what="password")))


def _checked(text: str, *, what: str) -> str:
    if not text:
        raise _wrong(f"the {what} is empty", f"give the {what}; check the file or variable that it came from")
    if len(text) > _LONGEST:
        raise _wrong(f"the {what} is longer than any {what} is", "was a whole file pasted by mistake?")
    if _CONTROL.search(text):
        raise _wrong(
            f"the {what} has a line break or a control character in it",
            "was a line break copied along? Paste it without one",
        )
    return text
