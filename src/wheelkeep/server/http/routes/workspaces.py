"""Workspaces, tokens, audit, workers: what an admin looks after."""

from wheelkeep.errors import ConflictError, DeniedError
from wheelkeep.server.access.audit import Audit
from wheelkeep.server.access.door import Door
from wheelkeep.server.access.principal import Principal
from wheelkeep.server.access.roles import parse_role
from wheelkeep.server.access.tokens import Token, TokenBook
from wheelkeep.server.access.workspaces import Workspace, WorkspaceBook
from wheelkeep.server.http.call import Call
from wheelkeep.server.http.route import Route
from wheelkeep.server.work.roster import Roster
from wheelkeep.wire.resources import AuditRow, TokenBody, TokenView, WorkerView, WorkspaceBody, WorkspaceView

__all__ = ["WorkspaceRoutes"]

_MOST_ROWS = 1000


def _token_view(token: Token, workspace: str | None, text: str | None = None) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        kind=token.kind,
        workspace=workspace,
        created_at=token.created_at,
        expires_at=token.expires_at,
        token=text,
    )


class WorkspaceRoutes:
    """The routes of tenants and their tokens."""

    def __init__(
        self,
        workspaces: WorkspaceBook,
        tokens: TokenBook,
        *,
        door: Door,
        audit: Audit,
        roster: Roster,
        public_url: str,
    ) -> None:
        self._workspaces = workspaces
        self._tokens = tokens
        self._door = door
        self._audit = audit
        self._roster = roster
        self._public_url = public_url

    def routes(self) -> list[Route]:
        """Its routes."""
        return [
            Route(
                method="GET",
                path="/workspaces",
                summary="list workspaces",
                admits="anyone",
                endpoint=self.list_workspaces,
                answer=list[WorkspaceView],
            ),
            Route(
                method="POST",
                path="/workspaces",
                summary="make a workspace",
                admits="admin",
                endpoint=self.create_workspace,
                body=WorkspaceBody,
                answer=WorkspaceView,
                status=201,
            ),
            Route(
                method="GET",
                path="/workspaces/{workspace}",
                summary="show a workspace",
                admits="read",
                endpoint=self.show_workspace,
                answer=WorkspaceView,
            ),
            Route(
                method="GET",
                path="/tokens",
                summary="list tokens",
                admits="admin",
                endpoint=self.list_tokens,
                answer=list[TokenView],
            ),
            Route(
                method="POST",
                path="/tokens",
                summary="make a token",
                admits="admin",
                endpoint=self.create_token,
                body=TokenBody,
                answer=TokenView,
                status=201,
            ),
            Route(
                method="DELETE",
                path="/tokens/{token}",
                summary="revoke a token",
                admits="admin",
                endpoint=self.revoke_token,
            ),
            Route(
                method="GET",
                path="/workers",
                summary="list workers",
                admits="anyone",
                endpoint=self.list_workers,
                answer=list[WorkerView],
            ),
            Route(
                method="GET",
                path="/workspaces/{workspace}/audit",
                summary="read a workspace's audit: ?after=, ?before=, ?newest=true, ?limit=",
                admits="admin",
                endpoint=self.read_audit,
                answer=list[AuditRow],
            ),
            Route(
                method="GET",
                path="/audit",
                summary="read the server's own audit: what belongs to no workspace",
                admits="admin",
                endpoint=self.read_server_audit,
                answer=list[AuditRow],
            ),
        ]

    def _view(self, workspace: Workspace) -> WorkspaceView:
        return WorkspaceView(
            id=workspace.id,
            name=workspace.name,
            created_at=workspace.created_at,
            index_url=f"{self._public_url}/w/{workspace.name}/simple/",
        )

    def list_workspaces(self, call: Call) -> list[WorkspaceView]:
        """Those that the caller may enter."""
        if not isinstance(call.asker, Principal):
            raise DeniedError("a grant may not do this", code="denied")
        mine = call.principal.workspace
        return [self._view(one) for one in self._workspaces.list() if mine is None or one.id == mine]

    def create_workspace(self, call: Call) -> WorkspaceView:
        """A new workspace."""
        assert isinstance(call.body, WorkspaceBody)  # noqa: S101 - the guard decoded it by the route's type
        made = self._workspaces.create(call.body.name)
        self._audit.note("workspace create", "done", principal=call.principal.name, workspace=made.id)
        return self._view(made)

    def show_workspace(self, call: Call) -> WorkspaceView:
        """One workspace."""
        return self._view(call.workspace)

    def list_tokens(self, _call: Call) -> list[TokenView]:
        """Every token that is not revoked, without its text."""
        names = {one.id: one.name for one in self._workspaces.list()}
        living = (token for token in self._tokens.list() if token.revoked_at is None)
        return [_token_view(token, token.workspace and names.get(token.workspace, token.workspace)) for token in living]

    def create_token(self, call: Call) -> TokenView:
        """A new token, with its text, this once."""
        body = call.body
        assert isinstance(body, TokenBody)  # noqa: S101 - the guard decoded it by the route's type
        workspace = None if body.workspace is None else self._workspaces.get(body.workspace).id
        token, text = self._tokens.create(
            body.name,
            role=parse_role(body.role),
            kind=body.kind,
            workspace=workspace,
            expires_in_s=body.expires_in_s,
        )
        self._audit.note(
            "token create",
            "done",
            principal=call.principal.name,
            workspace=workspace,
            path=f"{token.kind}/{token.role}/{token.id}",
        )
        return _token_view(token, body.workspace, text.reveal())

    def revoke_token(self, call: Call) -> None:
        """End a token now."""
        if call.path("token") == call.principal.id:
            raise ConflictError("a token does not revoke itself", hint="use another admin's token")
        self._tokens.revoke(call.path("token"))
        self._door.forget()
        self._audit.note("token revoke", "done", principal=call.principal.name, path=call.path("token"))

    def list_workers(self, _call: Call) -> list[WorkerView]:
        """The workers heard of lately."""
        return self._roster.present()

    def read_audit(self, call: Call) -> list[AuditRow]:
        """Rows after `after` and before `before`; oldest first, or newest first with `newest=true`."""
        return self._rows(call, call.workspace.id)

    def read_server_audit(self, call: Call) -> list[AuditRow]:
        """The same, of what concerns the whole server: an admin of one workspace alone does not come here."""
        return self._rows(call, None)

    def _rows(self, call: Call, workspace: str | None) -> list[AuditRow]:
        return self._audit.rows(
            workspace,
            after=call.integer("after", 0) or 0,
            before=call.integer("before"),
            newest=call.flag("newest"),
            limit=min(call.integer("limit", _MOST_ROWS) or _MOST_ROWS, _MOST_ROWS),
        )
