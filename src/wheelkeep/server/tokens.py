"""Makes a token beside the server's data: whoever can read the server's database may. Source: contract §8."""

from wheelkeep.clock import SystemClock
from wheelkeep.server.access.tokens import TokenBook
from wheelkeep.server.compose import open_database
from wheelkeep.settings import ServerSettings
from wheelkeep.wire.resources import TokenView

__all__ = ["create_first_token"]


def create_first_token(settings: ServerSettings, name: str, *, node: bool) -> TokenView:
    """A new admin's token (or, with `node`, a worker's), with its text.

    Side effects: makes and migrates the database when it is new.
    """
    database = open_database(settings)
    try:
        token, text = TokenBook(database, SystemClock()).create(
            name, role="reader" if node else "admin", kind="node" if node else "user"
        )
    finally:
        database.close()
    return TokenView(
        id=token.id,
        name=token.name,
        role=token.role,
        kind=token.kind,
        workspace=None,
        created_at=token.created_at,
        expires_at=None,
        token=text.reveal(),
    )
