"""Several origins as one index: asked at once, believed in their order, one origin a name.

Asked at once, because a resolver waits for every name; believed in order, because speed must not decide who owns a
name. The public index is asked also about names that a private origin has, once, to learn whether the name is to be
bound; a bound name is not asked there again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from packaging.utils import NormalizedName

from wheelkeep.errors import WheelkeepError
from wheelkeep.server.gateway.bindings import BindingBook
from wheelkeep.server.gateway.decision import Heard, decide, plan_binding
from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.origin.protocol import Origin

__all__ = ["Decided", "MergedIndex"]

_PUBLIC_PATIENCE_S = 5.0
"""How long a private page waits for the public index's word on the name; after that the name is bound provisionally."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A page, and the origin that it and its files come from."""

    page: ProjectPage
    origin: Origin


class MergedIndex:
    """One origin a name, over several.

    Args:
        workspace: the workspace's id.
        origins: in the order in which they are believed.
        public: the public index, to learn which names are private; it need not be among `origins`.
        bindings: the names that belong to private origins.
    """

    def __init__(
        self, workspace: str, origins: Sequence[Origin], *, public: Origin | None, bindings: BindingBook
    ) -> None:
        self._workspace = workspace
        self._origins = tuple(origins)
        self._public = public
        self._bindings = bindings

    async def find(self, project: NormalizedName) -> Decided | None:
        """The page of the origin that answers for `project`, or None when none has it.

        Side effects: may bind the name, durably before the page is given.

        Raises:
            UpstreamError: an origin cannot say, or lost a bound name.
        """
        bound = await asyncio.to_thread(self._bindings.find, self._workspace, project)
        certain = bound is not None and not bound.provisional
        asked = [origin for origin in self._origins if origin.is_private or not certain]
        wanted = [*asked, *((self._public,) if self._public is not None and not certain else ())]
        tasks = {origin: asyncio.ensure_future(_ask(origin, project)) for origin in dict.fromkeys(wanted)}
        try:
            heard = await _first_word([tasks[origin] for origin in asked])
            chosen = decide(project, heard, bound)
            if chosen is None or chosen.page is None:
                return None
            if chosen.is_private:
                public = await _public_word(tasks.get(self._public) if self._public is not None else None)
                change = plan_binding(chosen, public, bound)
                await asyncio.to_thread(self._bindings.apply, self._workspace, project, change)
            return Decided(chosen.page, asked[len(heard) - 1])
        finally:
            for task in tasks.values():
                task.cancel()
            await asyncio.gather(*tasks.values(), return_exceptions=True)


async def _ask(origin: Origin, project: NormalizedName) -> Heard:
    try:
        page = await origin.page(project)
    except WheelkeepError as error:
        return Heard(origin=origin.label, is_private=origin.is_private, error=error)
    return Heard(origin=origin.label, is_private=origin.is_private, page=page)


async def _first_word(tasks: Sequence["asyncio.Task[Heard]"]) -> list[Heard]:
    """What the origins say, in order, up to the first that has the name or cannot say."""
    heard: list[Heard] = []
    for task in tasks:
        heard.append(await task)
        if heard[-1].page is not None or heard[-1].error is not None:
            break
    return heard


async def _public_word(task: "asyncio.Task[Heard] | None") -> Heard | None:
    if task is None:
        return None
    done, _ = await asyncio.wait({task}, timeout=_PUBLIC_PATIENCE_S)
    return task.result() if done else None
