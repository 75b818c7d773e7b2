"""What an index of packages can do: one tiny interface, implemented by the store, by feeds, and by every policy."""

from typing import Protocol

from packaging.utils import NormalizedName

from wheelkeep.server.index.model import ProjectPage

__all__ = ["Index"]


class Index(Protocol):
    """An origin of packages, or a policy over some."""

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """What is offered under `project`, or None when this index does not have the name.

        Raises:
            UpstreamError: the index cannot say. The caller must not go on to another index: a name that a private
                origin may have never falls through (PEP 766; contract §3.2).
        """
