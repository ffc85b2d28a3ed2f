"""History stays cheap: many done messages (with --soak a million) cost the relay nothing, old snapshot or not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from outbox import database, sqlfiles
from outbox.relay.compose import View, comparison
from outbox.relay.connection import SESSION
from outbox.resources import RESOURCES
from tests.conftest import Server, fill_reference

DONE = """
    INSERT INTO outbox.message (target, resource, key, operation, status, outcome, settled_at, attempts, transaction)
    SELECT 'visma_net', 'projects', ARRAY['001', n::text], 'UPDATE', 'done', 'updated', now(), 1, '3'
    FROM generate_series(1, %s) AS n
"""
PENDING = """
    INSERT INTO outbox.message (target, resource, key, operation)
    SELECT 'visma_net', 'projects', ARRAY['001', 'P' || n], 'UPDATE' FROM generate_series(1, %s) AS n
"""
MIRROR = """
    INSERT INTO outbox.mirror (target, resource, key, remote_id, document)
    SELECT 'visma_net', 'projects', ARRAY['001', n::text], 't/' || n, '{}' FROM generate_series(1, %s) AS n
"""


@pytest.fixture(scope="module", params=[100_000, pytest.param(1_000_000, marks=pytest.mark.soak)])
def history(server: Server, request: pytest.FixtureRequest) -> Iterator[str]:
    """So many messages are done, a few are pending, and the statistics know it."""
    many = request.param
    with server.cloned(server.template("reference", fill_reference)) as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for table in ("message", "mirror", "decision"):  # a plan goes by the statistics of the test alone
                connection.execute(f"ALTER TABLE outbox.{table} SET (autovacuum_enabled = off)".encode())
            connection.execute(DONE, [many])
            connection.execute(PENDING, [20])
            connection.execute(MIRROR, [many // 5])
            connection.execute("ANALYZE outbox.message; ANALYZE outbox.mirror")
            connection.execute("UPDATE outbox.lease SET holder = 'x', epoch = 1, expires_at = 'infinity'")
        yield dsn


@pytest.fixture
def connection(history: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(history) as made:
        database.pin(made, SESSION, for_transaction=False)
        yield made
        made.rollback()


def work(connection: psycopg.Connection) -> str:
    row = connection.execute("SELECT max(id) FROM outbox.message WHERE status = 'pending'").fetchone()
    assert row
    key = {"resource": "projects", "key": ["001", "P20"], "ids": [row[0]], "message_id": row[0], "sending": []}
    done = {
        "status": "done",
        "outcome": "updated",
        "mirror": "write",
        "parents": [],
        "remote_id": "t/P20",
        "gone": False,
        "doubted": False,
    }
    return json.dumps([key | done])


def statements(connection: psycopg.Connection) -> dict[str, dict[str, Any]]:
    """What each is handed; the relay's own are given by their files."""
    row = connection.execute("SELECT pg_current_snapshot()::text").fetchone()
    assert row
    given = {"target": "visma_net", "lane": 0, "epoch": 1, "held": [0], "epochs": [1], "lanes": None, "lane_count": 1}
    return {
        "claim_new": {**given, "seen": row[0], "limit": 1000, "due_within_s": 10.0},
        "claim_page": {**given, "after_transaction": 0, "after_id": 0, "limit": 1000},
        "look_around": {**given, "mark": 1},
        "compare": {**given, "p0": ["001"] * 20, "p1": [f"P{n}" for n in range(1, 21)]},
        "compare_one": {**given, "p0": "001", "p1": "P1"},
        "begin": {**given, "work": work(connection), "ids": json.loads(work(connection))[0]["ids"]},
        "settle": {**given, "work": work(connection), "attempts": "[]", "ids": json.loads(work(connection))[0]["ids"]},
        "find_open": {**given, "resource": "projects", "key": ["001", "P1"]},
        "take_permits": {**given, "company": "001", "wanted": 1},
    }


COMPARED = ("compare", "compare_one")
NAMES = (*COMPARED, "claim_new", "claim_page", "look_around", "begin", "settle", "find_open", "take_permits")


def text_of(connection: psycopg.Connection, name: str) -> bytes:
    """compare is composed for a view, for one key and for many; all others are as their files are."""
    if name not in COMPARED:
        return sqlfiles.read(f"relay/{name}.sql").encode()
    rows = connection.execute(sqlfiles.read("relay/read_views.sql"), {"target": "visma_net"}).fetchall()
    types = {column: type_ for resource, column, type_ in rows if resource == "projects"}
    view = View("visma_net", RESOURCES["projects"], types)
    return comparison(view, name == "compare_one").as_bytes(connection)


def explain(connection: psycopg.Connection, name: str) -> dict[str, Any]:
    query = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text_of(connection, name)
    row = connection.execute(query, statements(connection)[name]).fetchone()
    assert row
    return row[0][0]["Plan"]  # type: ignore[no-any-return]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


@pytest.mark.parametrize("name", NAMES)
def test_no_statement_of_the_relay_reads_the_whole_history(connection: psycopg.Connection, name: str) -> None:
    """No sequential scan of messages or mirror, and pages by the dozen, not by the thousand."""
    plan = explain(connection, name)
    scanned = {n.get("Relation Name") for n in nodes(plan) if n["Node Type"] == "Seq Scan"}
    assert not scanned & {"message", "mirror", "attempt"}
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 300


def test_settling_reads_no_mirror_that_is_not_about_it(connection: psycopg.Connection) -> None:
    """Also in the first minute of a first load: the statistics are of the time when the mirror was empty."""
    connection.execute("DELETE FROM outbox.mirror")
    connection.execute("ANALYZE outbox.mirror")
    connection.execute(MIRROR, [5000])
    plan = explain(connection, "settle")
    connection.rollback()
    connection.execute("ANALYZE outbox.mirror")  # how many rows there are is written past the transaction
    connection.commit()
    scans = [n for n in nodes(plan) if n["Node Type"].endswith("Scan")]
    of_the_mirror = [n["Actual Rows"] for n in scans if n.get("Relation Name") == "mirror"]
    assert len(of_the_mirror) == 2
    assert max(of_the_mirror) <= 1


def test_a_claim_under_an_old_snapshot_does_not_walk_past_what_was_settled(history: str) -> None:
    """Somebody's transaction stays open, thousands are settled, and no vacuum may remove them: the next claim reads as
    little as the first, and looking and settling touch what they are about.
    """
    with psycopg.connect(history, autocommit=True) as connection, psycopg.connect(history) as old:
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM outbox.message")
        before = _blocks(connection)
        for _ in range(5):
            connection.execute(PENDING, [2000])
            connection.execute(
                "UPDATE outbox.message SET due_at = now() - interval '1 minute' WHERE status = 'pending'"
            )
            connection.execute("UPDATE outbox.message SET status = 'done', outcome = 'unchanged', settled_at = now(),"
                               " due_at = NULL WHERE status = 'pending' AND key[2] <> 'P1'")  # fmt: skip
        after = _blocks(connection)
        with connection.transaction(force_rollback=True):
            others = {name: explain(connection, name) for name in ("compare", "settle")}
    assert after < before + 30
    assert [
        n for n, plan in others.items() if plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] > 600
    ] == []  # of twenty keys


def _blocks(connection: psycopg.Connection) -> int:
    """Blocks that one claim touches, of what came after it began."""
    with connection.transaction():
        plan = explain(connection, "claim_new")
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.parametrize("known", [True, False])
def test_holding_a_wave_whole_is_one_look_at_each_key(connection: psycopg.Connection, known: bool) -> None:
    """Two thousand removals at once, half of them in messages that are not expanded yet: not each by each, also where
    the statistics are of the time when there was no message.
    """
    if not known:
        connection.execute("DELETE FROM outbox.message")
        connection.execute("ANALYZE outbox.message")
    connection.execute(PENDING, [1000])
    connection.execute(
        "INSERT INTO outbox.passed (target, resource, call, key)"
        " SELECT 'visma_net', 'projects', 'remove', ARRAY['001', 'P' || n] FROM generate_series(1, 2000) AS n"
    )
    given = {"target": "visma_net", "resource": "projects", "call": "remove", "batch": 1, "error": "brake"}
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) {sqlfiles.read('relay/hold_noted.sql')}".encode()
    row = connection.execute(query, given).fetchone()
    connection.rollback()
    connection.execute("ANALYZE outbox.message")
    connection.commit()
    assert row
    looked_at = [n["Actual Rows"] + n.get("Rows Removed by Filter", 0) for n in nodes(row[0][0]["Plan"])]
    assert max(rows * n["Actual Loops"] for rows, n in zip(looked_at, nodes(row[0][0]["Plan"]), strict=True)) <= 2_000


@pytest.mark.parametrize(("resumed", "known"), [(0, False), (300, False), (300, True)])
def test_what_a_pause_put_off_is_not_compared_with_each_decision(
    connection: psycopg.Connection, resumed: int, known: bool
) -> None:
    """Of thousands of decisions, one for each key that was approved, some resume a company; with statistics of a time
    when there was none, and where it is known. No message is looked at where none did, nor what was done long ago.
    """
    connection.execute(
        "INSERT INTO outbox.message (target, resource, key, operation, due_at)"
        " SELECT 'visma_net', 'projects', ARRAY['c' || n %% 500, 'P' || n], 'UPDATE', now() + interval '5 minutes'"
        " FROM generate_series(1, %s) AS n",
        [put_off := 10_000 if known else 2_000],
    )
    decide = (
        "INSERT INTO outbox.decision (decision, target, resource, key)"
        " SELECT %s, 'visma_net', NULL, ARRAY['c' || n] FROM generate_series(1, %s) AS n"
    )
    connection.execute(decide, ["approve", 2000])
    connection.execute(decide, ["resume", resumed])
    if known:
        connection.execute("ANALYZE outbox.message; ANALYZE outbox.decision")
    query = f"EXPLAIN (ANALYZE, FORMAT JSON) {sqlfiles.read('relay/release_paused.sql')}".encode()
    row = connection.execute(query, {"target": "visma_net"}).fetchone()
    released = "SELECT count(*) FROM outbox.message WHERE key[1] LIKE 'c%' AND due_at <= clock_timestamp()"
    assert connection.execute(released).fetchone() == (resumed * put_off // 500,)
    connection.rollback()
    connection.execute("ANALYZE outbox.message; ANALYZE outbox.decision")
    connection.commit()
    assert row
    looked_at = [
        n["Actual Loops"]
        * sum(n.get(rows, 0) for rows in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"))
        for n in nodes(row[0][0]["Plan"])
        if resumed or (n.get("Relation Name") == "message" and n["Node Type"] != "ModifyTable")
    ]
    assert max(looked_at) <= (10 * put_off if resumed else 0) < 110_000


@pytest.mark.parametrize("name", ["documents", "attempts", "messages"])
def test_a_stretch_of_prune_reads_no_more_than_its_batch(connection: psycopg.Connection, name: str) -> None:
    """By the primary key, from where the last one ended."""
    assert _pruning(connection, name, days=400, after=50_000, batch=100) < 1_000


def _pruning(connection: psycopg.Connection, name: str, **given: int) -> int:
    """Blocks that one batch touches."""
    text = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sqlfiles.read('prune/stretch.sql')}"
    query = text.format(prune=f"outbox.prune_{name}").encode()
    connection.execute(query, given)  # the first call of a function reads catalogues
    row = connection.execute(query, given).fetchone()
    assert row
    return int(row[0][0]["Plan"]["Shared Hit Blocks"] + row[0][0]["Plan"]["Shared Read Blocks"])
