"""What a build asks of the gateway: whose it is, and which indexes its definition names."""

from dataclasses import dataclass

__all__ = ["BuildOrder"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOrder:
    """The part of a build's plan that the gateway needs.

    Attributes:
        work: the work's id.
        workspace: the workspace's id.
        principal: whom the audit names.
        index_url: replaces the public index; None leaves it.
        extra_index_urls: further indexes, in the definition's order.
        no_index: the workspace's own wheels alone.
    """

    work: str
    workspace: str
    principal: str
    index_url: str | None = None
    extra_index_urls: tuple[str, ...] = ()
    no_index: bool = False

    @property
    def index_urls(self) -> tuple[str, ...]:
        """Every index that the definition names, once each, in its order."""
        if self.no_index:
            return ()
        named = (*((self.index_url,) if self.index_url else ()), *self.extra_index_urls)
        return tuple(dict.fromkeys(named))
