"""How one origin is asked: under which name it is spoken of, and which header goes to which host."""

from dataclasses import dataclass

from wheelkeep.secret import SafeUrl, Secret

__all__ = ["FeedAccess"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedAccess:
    """The way to one origin.

    Its `authorization` goes to `scope` (scheme, host, port) and nowhere else: the origin of the feed's own URL, so that
    files which a feed keeps under another path (Azure's GUIDs) are reached, and another host never sees it.
    """

    url: str
    """The origin's bare URL, for messages."""
    connection: str | None
    """The connection's name, or None for an anonymous or operator-configured index."""
    authorization: Secret | None
    scope: tuple[str, str, int]

    @classmethod
    def anonymous(cls, url: str) -> "FeedAccess":
        """The way to the index at `url` that shows no credential."""
        safe = SafeUrl.parse(url)
        return cls(url=safe.bare, connection=None, authorization=None, scope=safe.origin)

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"the feed {self.url}" + (f" (connection {self.connection!r})" if self.connection else "")

    def header_for(self, url: SafeUrl) -> Secret | None:
        """The credential, when `url` is on the origin that it is for."""
        return self.authorization if url.origin == self.scope else None
