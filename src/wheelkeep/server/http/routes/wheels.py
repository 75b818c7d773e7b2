"""The workspace's wheels: uploaded, listed, yanked, deleted."""

from wheelkeep.definition.wheel_url import WorkspaceWheel
from wheelkeep.errors import WheelError
from wheelkeep.server.access.audit import Audit
from wheelkeep.server.blobs.protocol import Blobs
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.receive import receive
from wheelkeep.server.http.route import Route
from wheelkeep.server.store.wheel import LockUses, Wheel
from wheelkeep.server.store.wheels import WheelStore
from wheelkeep.wire.resources import WheelView, YankBody

__all__ = ["WheelRoutes"]

_ALL = "/workspaces/{workspace}/wheels"
_ONE = _ALL + "/{filename}"
MOST_WHEEL_BYTES = 10 * 1024**3


class WheelRoutes:
    """The routes of wheels."""

    def __init__(self, store: WheelStore, blobs: Blobs, *, uses: LockUses, audit: Audit, public_url: str) -> None:
        self._store = store
        self._blobs = blobs
        self._uses = uses
        self._audit = audit
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path=_ALL,
                summary="list wheels",
                admits="read",
                endpoint=self.list_wheels,
                answer=list[WheelView],
            ),
            Route(
                method="PUT",
                path=_ONE,
                summary="upload a wheel; the same content again is the same wheel",
                admits="publish",
                endpoint=self.upload,
                answer=WheelView,
                raw=True,
            ),
            Route(method="GET", path=_ONE, summary="show a wheel", admits="read", endpoint=self.show, answer=WheelView),
            Route(
                method="POST",
                path=_ONE + "/yank",
                summary="yank a wheel (PEP 592), or take it back",
                admits="publish",
                endpoint=self.yank,
                body=YankBody,
                answer=WheelView,
            ),
            Route(
                method="DELETE",
                path=_ONE,
                summary="delete a wheel; ?force=true even when locks name it",
                admits="publish",
                endpoint=self.delete,
            ),
        ]

    def _view(self, call: Call, wheel: Wheel, *, used_by: tuple[str, ...] = ()) -> WheelView:
        return WheelView(
            filename=wheel.filename,
            name=wheel.project,
            version=wheel.version,
            sha256=wheel.digest.hex,
            size=wheel.size,
            url=WorkspaceWheel(call.workspace.name, wheel.digest.hex, wheel.filename).url(self._public_url),
            requires_python=wheel.requires_python,
            uploaded_at=wheel.uploaded_at,
            uploaded_by=wheel.uploaded_by,
            yanked=wheel.yanked,
            yanked_reason=wheel.yanked_reason,
            used_by=list(used_by),
        )

    async def list_wheels(self, call: Call) -> list[WheelView]:
        """Every wheel, by name and version."""
        found = await self._store.list(call.workspace.id)
        return [self._view(call, wheel) for wheel in sorted(found, key=lambda one: (one.project, one.uploaded_at))]

    async def upload(self, call: Call) -> WheelView:
        """Check it and keep it."""
        announced = call.request.headers.get("x-wheelkeep-sha256")
        too_large = WheelError(
            f"the wheel is larger than {MOST_WHEEL_BYTES // 2**30} GiB", code="wheel_too_large", hint="split it"
        )
        async with receive(
            call.request, self._blobs.staging, most_bytes=MOST_WHEEL_BYTES, too_large=too_large, announced=announced
        ) as received:
            added = await self._store.add(
                call.workspace.id,
                received.path,
                call.path("filename"),
                uploader=call.principal.name,
                expected_sha256=received.digest,
            )
        if added.created:
            self._note(call, "wheel add", added.wheel)
        return self._view(call, added.wheel)

    async def show(self, call: Call) -> WheelView:
        """One wheel, with the environments that name it."""
        wheel = await self._store.get(call.workspace.id, call.path("filename"))
        used_by = await self._store.used_by(call.workspace.id, wheel, uses=self._uses)
        return self._view(call, wheel, used_by=used_by)

    async def yank(self, call: Call) -> WheelView:
        """Yank it, or take it back."""
        body = call.body
        assert isinstance(body, YankBody)  # noqa: S101 - the guard decoded it by the route's type
        wheel = await self._store.yank(call.workspace.id, call.path("filename"), yanked=body.yanked, reason=body.reason)
        self._note(call, "wheel yank" if body.yanked else "wheel unyank", wheel)
        return self._view(call, wheel)

    async def delete(self, call: Call) -> None:
        """Take it out of the index."""
        wheel = await self._store.delete(
            call.workspace.id, call.path("filename"), uses=self._uses, force=call.flag("force")
        )
        self._note(call, "wheel delete", wheel)

    def _note(self, call: Call, action: str, wheel: Wheel) -> None:
        self._audit.note(
            action, "done", principal=call.principal.name, workspace=call.workspace.id, path=wheel.filename
        )
