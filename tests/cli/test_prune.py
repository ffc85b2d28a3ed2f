"""outbox prune: what is old goes, class by class; what is unresolved, or says how things came to be, stays."""

from __future__ import annotations

import asyncio
import json

import psycopg
import pytest

from outbox.operator import prune as pruning
from outbox.operator.prune import Pruned, Retention, preview
from outbox.relay.connection import connect
from tests.cli.conftest import Shell

KEEP = Retention(documents=30, attempts=90, messages=400)
DONE = """
    INSERT INTO outbox.message (target, resource, key, operation, status, outcome, changed_at, settled_at, document)
    SELECT 'visma_net', 'projects', ARRAY['001', %(key)s || n], 'UPDATE', 'done', 'updated', t, t, '{"status": "x"}'
    FROM generate_series(1, %(count)s) AS n, LATERAL (SELECT now() - make_interval(days => %(days)s)) AS d (t)
    RETURNING id
"""
STUCK = """
    INSERT INTO outbox.message (target, resource, key, operation, status, error, changed_at, settled_at)
    SELECT 'visma_net', 'projects', ARRAY['001', s], 'UPDATE', s, 'why', t, CASE WHEN s <> 'pending' THEN t END
    FROM unnest(ARRAY['pending', 'held', 'dead']) AS s, LATERAL (SELECT now() - interval '1000 days') AS d (t)
    RETURNING id
"""
CALL = """
    INSERT INTO outbox.attempt (message_id, target, resource, key, started_at, took_ms, method, path)
    SELECT %(id)s, 'visma_net', 'projects', '{001,P}', now() - make_interval(days => %(days)s), 1, 'PUT', '/x'
"""


def prune(site: psycopg.Connection, keep: Retention, batch: int = 5000) -> Pruned:
    """As the relay and the command do."""

    async def run() -> Pruned:
        async with await connect(site.info.dsn) as connection:
            return await pruning.prune(connection, keep, batch)

    return asyncio.run(run())


def done(connection: psycopg.Connection, days: int, count: int = 1, key: str = "P") -> list[int]:
    return [i for (i,) in connection.execute(DONE, {"days": days, "count": count, "key": key}).fetchall()]


def call(connection: psycopg.Connection, message_id: int, days: int) -> None:
    connection.execute(CALL, {"id": message_id, "days": days})


def left(connection: psycopg.Connection, table: str = "message") -> int:
    row = connection.execute(f"SELECT count(*) FROM outbox.{table}".encode()).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize(("days", "has_document", "is_there"), [(29, 1, 1), (31, 0, 1), (399, 0, 1), (401, 0, 0)])
def test_a_message_loses_its_document_and_then_goes(
    site: psycopg.Connection, days: int, has_document: int, is_there: int
) -> None:
    """30 days after it was done, and 400."""
    done(site, days)
    prune(site, KEEP)
    assert site.execute("SELECT count(document), count(*) FROM outbox.message").fetchone() == (has_document, is_there)


def test_what_is_unresolved_stays_whatever_its_age(site: psycopg.Connection) -> None:
    """Pending, held and dead messages, and the calls made for them."""
    for (id_,) in site.execute(STUCK).fetchall():
        call(site, id_, 1000)
    assert prune(site, KEEP) == Pruned(0, 0, 0)
    assert (left(site), left(site, "attempt")) == (3, 3)


def test_calls_go_after_their_own_time(site: psycopg.Connection) -> None:
    """Old ones of a message that is done, or that is gone already."""
    (id_,) = done(site, 100)
    for days in (89, 91, 95):
        call(site, id_, days)
    call(site, 999_999, 91)
    assert prune(site, KEEP).attempts == 3
    assert left(site, "attempt") == 1


def test_the_message_that_brought_what_the_mirror_says_stays(site: psycopg.Connection) -> None:
    """It answers since when, and who; an older one of the same key goes. Also under another key, since users move to
    another code, and what they may open with them.
    """
    first, second = done(site, 500, 1), done(site, 450, 1)
    insert = (
        "INSERT INTO outbox.mirror (target, resource, key, remote_id, message_id) VALUES ('visma_net', %s, %s, %s, %s)"
    )
    site.execute(insert, ["projects", ["001", "P1"], "t/P1", second[0]])
    user, access = done(site, 450, 2, key="Q")
    site.execute(insert, ["users", ["another"], "u1", user])
    site.execute(insert, ["company_access", ["another", "001"], "t/u1", access])
    assert preview(site, KEEP).messages == len(first)
    assert prune(site, KEEP).messages == len(first)
    assert left(site) == 3


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_small_batches_end_the_same(site: psycopg.Connection, batch: int) -> None:
    """Also where a batch holds nothing but what has to stay."""
    site.execute(STUCK)
    old = done(site, 500, 7)
    young = done(site, 10, 4, key="Y")
    for id_ in (*old, *young):
        call(site, id_, 500)
    assert preview(site, KEEP) == Pruned(7, 11, 7)
    assert prune(site, KEEP, batch) == Pruned(7, 11, 7)
    assert left(site) == 3 + 4
    assert prune(site, KEEP, batch) == Pruned(0, 0, 0)


def test_what_somebody_has_locked_stays_for_the_next_time(site: psycopg.Connection) -> None:
    """Another relay may prune as well: neither waits for the other."""
    ids = done(site, 500, 4)
    for id_ in ids:
        call(site, id_, 500)
    with psycopg.connect(site.info.dsn) as other:
        other.execute("SELECT FROM outbox.message WHERE id = (SELECT max(id) FROM outbox.message) FOR UPDATE")
        other.execute("SELECT FROM outbox.attempt WHERE id = (SELECT min(id) FROM outbox.attempt) FOR UPDATE")
        assert prune(site, KEEP, 1) == Pruned(3, 3, 3)
    assert prune(site, KEEP, 1) == Pruned(0 if left(site) else 1, 1, 1)
    assert (left(site), left(site, "attempt")) == (0, 0)


def test_nothing_of_today_goes_whatever_is_asked(site: psycopg.Connection) -> None:
    """The relay may call the functions, and must not be able to wipe out what it did."""
    done(site, 0)
    call(site, 999_999, 0)
    for function in ("documents(-9, 0, 10)", "attempts(-9, 0, 10)", "messages(-9, 0, 10)"):
        site.execute(f"SELECT outbox.prune_{function}".encode())
    assert (left(site), left(site, "attempt")) == (1, 1)
    assert site.execute("SELECT count(document) FROM outbox.message").fetchone() == (1,)


def test_dry_run_writes_nothing(shell: Shell, site: psycopg.Connection) -> None:
    """The same numbers as the run after it, as text and as JSON."""
    done(site, 500, 2)
    done(site, 40, 3, key="Y")
    assert shell("prune", "--dry-run").out == "would be removed: 5 documents, 0 calls, 2 messages\n"
    dry = json.loads(shell("prune", "--dry-run", "--json").out)
    assert left(site) == 5
    run = json.loads(shell("prune", "--json").out)
    assert run == {**dry, "dry_run": False}
    assert run == {
        "dry_run": False,
        "keep_days": {"documents": 30, "attempts": 90, "messages": 400},
        "documents": 5,
        "attempts": 0,
        "messages": 2,
    }
    assert shell("prune").out == "nothing is old enough to be removed\n"


def test_the_days_are_settings(shell: Shell, site: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    done(site, 11)
    monkeypatch.setenv("OUTBOX_KEEP_DOCUMENTS_DAYS", "10")
    assert json.loads(shell("prune", "--json").out)["documents"] == 1
