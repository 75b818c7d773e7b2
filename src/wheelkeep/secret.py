"""Values that must not be seen, and URLs that cannot print theirs.

A secret is a type: whoever holds a `Secret` can pass it on, but printing, logging, formatting, pickling or
serialising it shows `****`. Only `reveal()` gives the text, so a search for `reveal(` finds every place that
handles a credential. Read next: `server/connection/vault.py`, which keeps them, and `server/origin`, which uses them.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

__all__ = ["HIDDEN", "SafeUrl", "Secret", "redact"]

HIDDEN = "****"
"""What is shown in a secret's place."""


class Secret:
    """A text that no accident can print."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret text itself: for the one place that sends or encrypts it."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __str__(self) -> str:
        return HIDDEN

    def __format__(self, format_spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(("wheelkeep.secret", self._text))

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is never pickled")


@dataclass(frozen=True, slots=True)
class SafeUrl:
    """A URL whose text form hides userinfo, query and fragment values that may be secret.

    `str()` and `repr()` are safe to log and to store; `reveal()` is not. The fragment is kept apart because
    `#sha256=...` is public and `bare` drops it.
    """

    scheme: str
    host: str
    port: int | None
    path: str
    username: str
    password: Secret
    query: Secret
    fragment: str

    @classmethod
    def parse(cls, text: str) -> "SafeUrl":
        """The URL that `text` writes.

        Raises:
            ValueError: no scheme, no host (other than `file:`), or a port that is no number. The message has no secret.
        """
        try:
            parts = urlsplit(text.strip())
            port = parts.port
        except ValueError:
            raise ValueError("not a URL: its host or port cannot be read") from None
        if not parts.scheme or (not parts.hostname and parts.scheme != "file"):
            raise ValueError("not a URL: it needs a scheme and a host, as in https://host/path")
        return cls(
            scheme=parts.scheme.lower(),
            host=(parts.hostname or "").lower(),
            port=port,
            path=parts.path,
            username=unquote(parts.username or ""),
            password=Secret(unquote(parts.password or "")),
            query=Secret(parts.query),
            fragment=parts.fragment,
        )

    @property
    def has_userinfo(self) -> bool:
        """Whether the URL carries a user name or a password."""
        return bool(self.username) or bool(self.password)

    @property
    def netloc(self) -> str:
        """Host and port as written, without userinfo."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def bare(self) -> str:
        """The URL without userinfo, query and fragment: the only form that may be stored."""
        return urlunsplit(SplitResult(self.scheme, self.netloc, self.path, "", ""))

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and effective port: what two URLs must share to share a credential."""
        return self.scheme, self.host, self.port or {"https": 443, "http": 80}.get(self.scheme, 0)

    def reveal(self) -> str:
        """The whole URL with its secrets: for the one place that sends it."""
        userinfo = ""
        if self.has_userinfo:
            password = f":{quote(self.password.reveal(), safe='')}" if self.password else ""
            userinfo = f"{quote(self.username, safe='')}{password}@"
        return urlunsplit(
            SplitResult(self.scheme, userinfo + self.netloc, self.path, self.query.reveal(), self.fragment)
        )

    def __str__(self) -> str:
        netloc = f"{HIDDEN}@{self.netloc}" if self.has_userinfo else self.netloc
        query = HIDDEN if self.query else ""
        return urlunsplit(SplitResult(self.scheme, netloc, self.path, query, self.fragment))

    def __repr__(self) -> str:
        return f"SafeUrl({self})"


def redact(text: str, secrets: Iterable[Secret]) -> str:
    """`text` with each of `secrets` (and its percent-encoded form) replaced by `****`.

    The last line of defence for text that another program wrote, never the first.
    """
    for secret in secrets:
        value = secret.reveal()
        if value:
            text = text.replace(value, HIDDEN).replace(quote(value, safe=""), HIDDEN)
    return text
