"""The workspace's wheels as an index: the first source of every merged one."""

from packaging.utils import NormalizedName

from wheelkeep.server.index.model import ProjectPage
from wheelkeep.server.store.wheels import WheelStore

__all__ = ["WORKSPACE_ORIGIN", "WorkspaceIndex"]

WORKSPACE_ORIGIN = "workspace"
"""`ProjectPage.origin` of the workspace's own wheels."""


class WorkspaceIndex:
    """An `Index` over the wheels of one workspace.

    The pages link to files relative to `/w/<workspace>/simple/<project>/`. A name whose wheels are all deleted is not
    had any more; whether it may then come from elsewhere is the gateway's to say (a bound name may not).

    Args:
        store: the wheels.
        workspace_id: whose.
    """

    def __init__(self, store: WheelStore, workspace_id: str) -> None:
        self._store = store
        self._workspace_id = workspace_id

    async def page(self, project: NormalizedName) -> ProjectPage | None:
        """The workspace's files under `project`, or None when it has none."""
        wheels = await self._store.list(self._workspace_id, project=project)
        if not wheels:
            return None
        return ProjectPage(
            name=project,
            origin=WORKSPACE_ORIGIN,
            files=tuple(wheel.project_file() for wheel in wheels),
            versions=tuple(dict.fromkeys(wheel.version for wheel in wheels)),
        )
