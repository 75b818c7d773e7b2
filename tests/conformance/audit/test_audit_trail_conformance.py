"""What every `AuditTrail` does: keep each fact as it was told, in order."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wheelkeep.clock import SystemClock
from wheelkeep.secret import SafeUrl
from wheelkeep.server.access.audit import Audit
from wheelkeep.server.db.engine import Database, metadata, sqlite_url
from wheelkeep.server.origin.audit_trail import AuditTrail, UpstreamNotes
from wheelkeep.testing.audit import MemoryAudit

Fact = tuple[str, str, str, str | None, str | None, str | None, str | None, str | None]
Kept = tuple[AuditTrail, Callable[[], list[Fact]]]


@pytest.fixture(params=["memory", "database"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kept]:
    if request.param == "memory":
        memory = MemoryAudit()
        yield (
            memory,
            lambda: [
                (n.action, n.outcome, n.principal, n.workspace, n.work, n.connection, n.host, n.path)
                for n in memory.notes
            ],
        )
        return
    database = Database(sqlite_url(tmp_path / "w.sqlite"))
    metadata.create_all(database.engine)
    audit = Audit(database, SystemClock())
    yield (
        audit,
        lambda: [
            (row.action, row.outcome, row.principal, row.workspace, row.work, row.connection, row.host, row.path)
            for row in audit.rows("w")
        ],
    )
    database.close()


def test_the_use_of_a_credential_is_kept_without_userinfo_and_query(kept: Kept) -> None:
    trail, facts = kept
    notes = UpstreamNotes(trail=trail, principal="ann", workspace="w", work="b1")
    notes.note("one", SafeUrl.parse("https://me:c4nary@feed.example:8443/simple/acme/?sig=c4nary"), "200")
    notes.note("one", SafeUrl.parse("https://feed.example/x"), "401")
    assert facts() == [
        ("fetch", "200", "ann", "w", "b1", "one", "feed.example:8443", "/simple/acme/"),
        ("fetch", "401", "ann", "w", "b1", "one", "feed.example", "/x"),
    ]
