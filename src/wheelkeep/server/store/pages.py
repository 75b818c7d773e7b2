"""The workspaces' own pages, rendered once and kept until a wheel changes.

A change by this process drops the page at once; a change by another server is seen after `_KEPT_S`, because that is
how long a page is believed without asking the database. Asking does not mean rendering: equal pages share their bytes.
"""

import time
from dataclasses import dataclass

from packaging.utils import NormalizedName

from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.index.rendered import Rendered, render_list, render_project
from wheelkeep.server.store.wheels import WheelStore
from wheelkeep.server.store.workspace_index import WorkspaceIndex

__all__ = ["StorePages"]

_KEPT_S = 1.0
_KEPT_MOST = 10_000

_Content = ProjectPage | tuple[NormalizedName, ...] | None


@dataclass(frozen=True, slots=True)
class _Kept:
    believed_until: float
    content: _Content
    rendered: Rendered | None


class StorePages:
    """Rendered pages of the workspaces' own wheels.

    Side effects: watches `store` for changes.
    """

    def __init__(self, store: WheelStore) -> None:
        self._store = store
        self._kept: dict[tuple[str, NormalizedName | None], _Kept] = {}
        self._changes = 0
        store.watch(self.forget)

    def forget(self, workspace_id: str, project: NormalizedName) -> None:
        """Drop what is kept of `project`, and the workspace's list."""
        self._changes += 1
        self._kept.pop((workspace_id, project), None)
        self._kept.pop((workspace_id, None), None)

    async def project(self, workspace_id: str, project: NormalizedName) -> Rendered | None:
        """The page of `project`, or None when the workspace has no wheel of it."""
        kept = self._kept.get((workspace_id, project))
        if kept is not None and kept.believed_until > time.monotonic():
            return kept.rendered
        before = self._changes
        page = await WorkspaceIndex(self._store, workspace_id).page(project)
        if kept is not None and kept.content == page:
            rendered = kept.rendered
        else:
            rendered = None if page is None else render_project(page)
        self._keep((workspace_id, project), page, rendered, before=before)
        return rendered

    async def list(self, workspace_id: str) -> Rendered:
        """The list of the workspace's projects."""
        kept = self._kept.get((workspace_id, None))
        if kept is not None and kept.rendered is not None and kept.believed_until > time.monotonic():
            return kept.rendered
        before = self._changes
        names = await self._store.list_projects(workspace_id)
        same = kept.rendered if kept is not None and kept.content == names else None
        rendered = same or render_list(names)
        self._keep((workspace_id, None), names, rendered, before=before)
        return rendered

    def _keep(
        self, key: tuple[str, NormalizedName | None], content: _Content, rendered: Rendered | None, *, before: int
    ) -> None:
        if before != self._changes:
            return  # a wheel changed while we looked: this answer may be of the past
        if len(self._kept) >= _KEPT_MOST:
            self._kept.clear()
        self._kept[key] = _Kept(time.monotonic() + _KEPT_S, content, rendered)
