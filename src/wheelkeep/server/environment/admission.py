"""What is checked of a definition before it gets a version: that it can be built here at all.

Refusing at registration costs the user seconds; refusing in the middle of a build costs minutes.
"""

from wheelkeep.definition.model import Definition
from wheelkeep.definition.resolution import plan_resolution
from wheelkeep.errors import NotFoundError, RequestError
from wheelkeep.server.access.workspaces import Workspace
from wheelkeep.server.store.wheels import WheelStore

__all__ = ["check_definition"]


async def check_definition(definition: Definition, workspace: Workspace, store: WheelStore) -> None:
    """Nothing, when `definition` asks for what is supported and names wheels that the workspace keeps.

    Raises:
        RequestError: `unsupported`; `invalid_environment`: a wheel of another workspace.
        NotFoundError: `unknown_wheel`.
    """
    for wheel in plan_resolution(definition).workspace_wheels:
        if wheel.workspace != workspace.name:
            raise RequestError(
                f"the wheel {wheel.filename} is of the workspace {wheel.workspace!r}, this is {workspace.name!r}",
                code="invalid_environment",
                hint="upload it here too: `wheelkeep wheel add`; equal bytes are kept once",
            )
        kept = await store.get(workspace.id, wheel.filename)
        if kept.digest.hex != wheel.sha256:
            raise NotFoundError(
                f"the workspace keeps another {wheel.filename} than the URL names",
                code="unknown_wheel",
                hint=f"its digest is {kept.digest}; use the URL that `wheelkeep wheel show` gives",
            )
