"""The connections of every workspace: set, listed, deleted; their secrets go out as headers, to the gateway alone.

Synchronous, for a thread. `set` is an upsert: rotating a token is setting the connection again.
"""

import secrets
from dataclasses import replace

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import NotFoundError
from wheelkeep.names import check_connection_name
from wheelkeep.secret import Secret
from wheelkeep.server.connection.credential import authorization
from wheelkeep.server.connection.model import Connection
from wheelkeep.server.connection.secret_value import Credential
from wheelkeep.server.connection.sql import delete_row, find_row, list_rows, read_sealed, write_row
from wheelkeep.server.connection.validation import CheckedConnection, check_connection
from wheelkeep.server.connection.vault import SecretPlace, Vault
from wheelkeep.server.db.engine import Database
from wheelkeep.wire.resources import ConnectionBody

__all__ = ["ConnectionBook"]


def _place(connection: Connection) -> SecretPlace:
    return SecretPlace(connection.workspace, "connection", connection.id, "value")


class ConnectionBook:
    """Keeps connections.

    Args:
        database: where the rows are.
        vault: seals their secrets.
        clock: for the times in the rows.
    """

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def set(self, workspace: str, name: str, body: ConnectionBody, *, by: str) -> Connection:
        """Make the connection `name`, or replace it; durable on return.

        Args:
            workspace: the workspace's id.
            name: the connection's name.
            body: what was asked for; its value is kept sealed and never given back.
            by: who asks, for the description.

        Raises:
            RequestError: `invalid_name`, `invalid_connection` or `unsupported`.
        """
        check_connection_name(name)
        checked = check_connection(body)
        with self._database.write() as database:
            connection = self._described(find_row(database, workspace, name), checked, (workspace, name, by))
            write_row(database, connection, self._seal(connection, checked.credential))
        return connection

    def _described(
        self, present: Connection | None, checked: CheckedConnection, who: tuple[str, str, str]
    ) -> Connection:
        workspace, name, by = who
        now = format_time(self._clock.now())
        made = Connection(
            id=secrets.token_hex(8),
            workspace=workspace,
            name=name,
            category=checked.category,
            target=checked.target,
            auth_type=checked.auth_type,
            username=checked.credential.username,
            created_at=now,
            updated_at=now,
            updated_by=by,
        )
        return made if present is None else replace(made, id=present.id, created_at=present.created_at)

    def _seal(self, connection: Connection, credential: Credential) -> bytes | None:
        return None if credential.secret is None else self._vault.seal(credential.secret, _place(connection))

    def list(self, workspace: str) -> list[Connection]:
        """The workspace's connections by name."""
        with self._database.read() as database:
            return list_rows(database, workspace)

    def get(self, workspace: str, name: str) -> Connection:
        """The connection of that name.

        Raises:
            NotFoundError: `unknown_connection`.
        """
        with self._database.read() as database:
            found = find_row(database, workspace, name)
        if found is None:
            raise _unknown(name)
        return found

    def delete(self, workspace: str, name: str) -> None:
        """Forget the connection and its secret.

        Raises:
            NotFoundError: `unknown_connection`.
        """
        with self._database.write() as database:
            if not delete_row(database, workspace, name):
                raise _unknown(name)

    def authorization_for(self, connection: Connection) -> Secret | None:
        """The Authorization header for requests under the connection's target; None when it authenticates nobody.

        Only `server/origin` sends it, and only there.

        Raises:
            IntegrityError: `undecryptable_secret`.
        """
        with self._database.read() as database:
            sealed = read_sealed(database, connection.id)
        secret = None if sealed is None else self._vault.open(sealed, _place(connection))
        return authorization(connection.auth_type, Credential(connection.username, secret))

    def rewrap(self, workspace: str) -> int:
        """Put every secret of the workspace under the key ring's newest key; how many there were.

        Raises:
            IntegrityError: `undecryptable_secret`; then nothing has changed.
        """
        count = 0
        with self._database.write() as database:
            for connection in list_rows(database, workspace):
                sealed = read_sealed(database, connection.id)
                if sealed is not None:
                    write_row(database, connection, self._vault.rewrap(sealed, _place(connection)))
                    count += 1
        return count


def _unknown(name: str) -> NotFoundError:
    return NotFoundError(
        f"there is no connection {name[:128]!r}",
        code="unknown_connection",
        hint="see `wheelkeep connection list`",
    )
