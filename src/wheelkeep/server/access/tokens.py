"""Tokens of people and nodes: 256 random bits, shown once, stored as sha256, scoped, expiring, revocable.

A token has more entropy than any guess can search, so one sha256 is enough and costs a microsecond; a password hash
here would cap the rate of every request (reference/index.md §1, finding 10).
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import Row, insert, select, update

from wheelkeep.clock import Clock, format_time
from wheelkeep.errors import NotFoundError
from wheelkeep.secret import Secret
from wheelkeep.server.access.principal import Principal
from wheelkeep.server.access.roles import Role, parse_role
from wheelkeep.server.access.sql import token_table
from wheelkeep.server.db.engine import Database

__all__ = ["TOKEN_PREFIX", "Token", "TokenBook"]

TOKEN_PREFIX = "wkt_"  # noqa: S105 - the public beginning that lets scanners recognise a token
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is listed: without its text."""

    id: str
    name: str
    kind: Literal["user", "node"]
    role: Role
    workspace: str | None
    created_at: str
    expires_at: str | None
    revoked_at: str | None


def _token(row: Row[tuple[object, ...]]) -> Token:
    values = row._mapping  # noqa: SLF001 - SQLAlchemy's public accessor, spelled with an underscore
    return Token(
        id=values["id"],
        name=values["name"],
        kind=values["kind"],
        role=parse_role(values["role"]),
        workspace=values["workspace"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        revoked_at=values["revoked_at"],
    )


class TokenBook:
    """The tokens of this server."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def create(
        self,
        name: str,
        *,
        role: Role,
        kind: Literal["user", "node"] = "user",
        workspace: str | None = None,
        expires_in_s: int | None = None,
    ) -> tuple[Token, Secret]:
        """A new token, and its text, which nobody can read again.

        Args:
            name: what its owner calls it.
            role: what it may do.
            kind: `node` may lease work.
            workspace: id of the only workspace it may enter; None for all.
            expires_in_s: seconds from now; None for never.
        """
        text = Secret(TOKEN_PREFIX + secrets.token_urlsafe(_RANDOM_BYTES))
        now = self._clock.now()
        made = Token(
            id=secrets.token_hex(8),
            name=name,
            kind=kind,
            role=role,
            workspace=workspace,
            created_at=format_time(now),
            expires_at=None if expires_in_s is None else format_time(now + timedelta(seconds=expires_in_s)),
            revoked_at=None,
        )
        with self._database.write() as connection:
            connection.execute(
                insert(token_table).values(
                    id=made.id,
                    sha256=_fingerprint(text),
                    name=name,
                    kind=kind,
                    role=role,
                    workspace=workspace,
                    created_at=made.created_at,
                    expires_at=made.expires_at,
                )
            )
        return made, text

    def find(self, text: Secret) -> Principal | None:
        """Who bears the token `text`, or None when it is unknown, expired or revoked."""
        query = select(token_table).where(token_table.c.sha256 == _fingerprint(text))
        with self._database.read() as connection:
            row = connection.execute(query).first()
        if row is None:
            return None
        token = _token(row)
        expired = token.expires_at is not None and token.expires_at <= format_time(self._clock.now())
        if expired or token.revoked_at is not None:
            return None
        return Principal(id=token.id, name=token.name, kind=token.kind, role=token.role, workspace=token.workspace)

    def list(self) -> list[Token]:
        """Every token, newest first, without its text."""
        with self._database.read() as connection:
            rows = connection.execute(select(token_table).order_by(token_table.c.created_at.desc())).all()
        return [_token(row) for row in rows]

    def revoke(self, token_id: str) -> None:
        """End a token now (requests notice within five seconds).

        Raises:
            NotFoundError: `not_found`.
        """
        with self._database.write() as connection:
            changed = connection.execute(
                update(token_table)
                .where(token_table.c.id == token_id, token_table.c.revoked_at.is_(None))
                .values(revoked_at=format_time(self._clock.now()))
            )
        if changed.rowcount == 0:
            raise NotFoundError("there is no such token", hint="see `wheelkeep token list`")


def _fingerprint(text: Secret) -> str:
    return hashlib.sha256(text.reveal().encode()).hexdigest()
