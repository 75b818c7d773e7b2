"""What may be stored as a connection: pure checks, each mistake with its own words.

Azure stores anything (unknown categories, targets that are no URL: reference/azure.md §1.6, §2.3) and fails much later,
inside a build. Here it is told at once, and the secret is never part of what is told.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlsplit

from wheelkeep.errors import RequestError
from wheelkeep.server.connection.model import SENSIBLE_AUTH_TYPES, AuthType, Category
from wheelkeep.server.connection.place import parse_place
from wheelkeep.server.connection.secret_value import Credential, parse_value
from wheelkeep.wire.resources import ConnectionBody

__all__ = ["CheckedConnection", "check_connection", "check_target"]

_Word = TypeVar("_Word", bound=StrEnum)

_WORKING_CATEGORIES = frozenset({Category.PYTHON_FEED, Category.GENERIC})
_WORKING_AUTH_TYPES = frozenset({AuthType.PAT, AuthType.USERNAME_PASSWORD, AuthType.BEARER, AuthType.NONE})


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedConnection:
    """A connection that may be stored: the words understood, the target in its normal form, the value taken apart."""

    category: Category
    target: str
    auth_type: AuthType
    credential: Credential


def _wrong(message: str, hint: str) -> RequestError:
    return RequestError(message, code="invalid_connection", hint=hint)


def check_connection(body: ConnectionBody) -> CheckedConnection:
    """What `body` asks to store.

    Raises:
        RequestError: `invalid_connection` for a mistake; `unsupported` for a known word whose time has not come.
    """
    category = _word(body.category, Category, what="category")
    auth_type = _word(body.auth_type, AuthType, what="auth type")
    if auth_type not in SENSIBLE_AUTH_TYPES[category]:
        known = ", ".join(sorted(word.value for word in SENSIBLE_AUTH_TYPES[category]))
        raise _wrong(f"the auth type {auth_type.value} makes no sense for {category.value}", f"use one of {known}")
    _check_working(category, auth_type)
    target = check_target(body.target, with_credential=auth_type is not AuthType.NONE)
    return CheckedConnection(
        category=category, target=target, auth_type=auth_type, credential=parse_value(auth_type, body.value)
    )


def _word(text: str, words: type[_Word], *, what: str) -> _Word:
    folded = text.replace("_", "").replace("-", "").replace(" ", "").lower()
    for word in words:
        if word.value.lower() == folded:
            return word
    known = ", ".join(word.value for word in words)
    raise _wrong(f"{text[:40]!r} is no connection's {what}", f"use one of {known}")


def _check_working(category: Category, auth_type: AuthType) -> None:
    for word, working in ((category, _WORKING_CATEGORIES), (auth_type, _WORKING_AUTH_TYPES)):
        if word not in working:
            raise RequestError(
                f"connections with {word.value} are not supported yet",
                code="unsupported",
                hint=f"use one of {', '.join(sorted(known.value for known in working))} for now",
            )


def check_target(text: str, *, with_credential: bool) -> str:
    """The normal form of a connection's target.

    Args:
        text: the base URL of what the connection opens.
        with_credential: whether a credential goes there: then plain http only reaches this machine.

    Raises:
        RequestError: `invalid_connection`.
    """
    text = text.strip()
    if "://" not in text:
        raise _wrong("the target has no scheme", "write the whole base URL, as in https://host/path")
    _check_parts(text)
    try:
        place = parse_place(text)
    except ValueError as problem:
        raise _wrong(
            f"the target cannot be used: {problem}", "write a plain base URL, as in https://host/path"
        ) from None
    if with_credential and place.scheme == "http" and not place.is_loopback:
        raise _wrong(
            f"the target {place} is plain http on another machine",
            "use https: a credential goes over plain http only to loopback (127.0.0.1, localhost)",
        )
    return str(place)


def _check_parts(text: str) -> None:
    try:
        parts = urlsplit(text)
    except ValueError:
        raise _wrong("the target's host cannot be read", "write it as https://host/path") from None
    if "@" in parts.netloc:
        raise _wrong(
            "the target carries a user name or a password",
            "leave it out of the URL and give it as the value (auth type PAT or UsernamePassword)",
        )
    if parts.query or "?" in text:
        raise _wrong("the target has a query", "give the base URL alone; a token belongs into the value")
    if parts.fragment or "#" in text:
        raise _wrong("the target has a fragment", "give the base URL alone, without '#'")
