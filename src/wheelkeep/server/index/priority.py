"""One origin per name: the policy that closes dependency confusion.

The attack: somebody publishes `acme-train 99.0` on the public index. A client that merges indexes takes the highest
version, a client that falls through on an error takes it while the private feed is down. Both were measured
(reference/index.md §1, findings 5 and 6).
"""

from collections.abc import Sequence

from packaging.utils import NormalizedName

from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.index.protocol import Index

__all__ = ["PriorityIndex"]


class PriorityIndex:
    """Several indexes as one: the first that has a name answers for it, alone.

    Versions are never compared across sources, and an error of one source is the error of the whole: a later source
    is asked only after every earlier one has said that it does not have the name. Source: PEP 766, "index priority".

    Args:
        sources: in their order; private ones before public ones.
    """

    def __init__(self, sources: Sequence[Index]) -> None:
        self._sources = tuple(sources)

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """The page of the first source that has `project`, or None when none has.

        Raises:
            UpstreamError: an earlier source could not say.
        """
        for source in self._sources:
            page = await source.page(project)
            if page is not None:
                return page
        return None
