"""Transactions that would trip over each other take turns.

Look-then-insert is safe on SQLite, where writers queue. On PostgreSQL two transactions both look, both see nothing, and
the second ends as a duplicate row; trying again would need as many tries as there are writers. A turn costs one query.
"""

import hashlib

from sqlalchemy import Connection, text

__all__ = ["take_turn"]


def take_turn(connection: Connection, *name: str) -> None:
    """Wait until no other transaction has the turn called `name`; it is this one's until it ends.

    What is looked up after this call is what the one before has left. A transaction that takes several turns takes them
    in this order, so that none waits in a circle: environment, run, snapshot or lock, work.
    """
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256("\0".join(name).encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
