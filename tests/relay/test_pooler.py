"""Through pgbouncer in transaction mode: every transaction may be another session, and no bell is heard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from outbox.errors import LeaseLost
from outbox.relay.connection import SESSION, connect
from tests import pooler
from tests.lane import RHYTHM, World, at_work, eventually

pytestmark = pytest.mark.skipif(not pooler.PROGRAM, reason="not run: pgbouncer is not on this machine")

BRISK = replace(RHYTHM, safety_poll_s=600.0)  # nothing is found in time because of it


@pytest.fixture
def behind(world: World, tmp_path: Path) -> Iterator[World]:
    """The relay's way to the database leads through the pooler; the test's own does not."""
    direct = world.dsn
    with pooler.pooled(direct, tmp_path) as world.dsn:
        yield world
    world.dsn = direct


def test_a_pooler_is_noticed(behind: World, shared: str) -> None:
    """Nobody has to say so."""
    through, direct = behind.run(connect(behind.dsn)), behind.run(connect(shared))
    assert (through.pooled, through.deaf, through.prepare_threshold) == (True, True, None)
    assert (direct.pooled, direct.deaf) == (False, False)
    for connection in (through, direct):
        behind.run(connection.close())


def test_changes_arrive_though_no_bell_is_heard(behind: World) -> None:
    """The relay polls; nothing else would find them in time."""
    with at_work(behind.service(rhythm=BRISK)):
        for n in range(5):
            behind.user(f"u{n}")
            eventually(lambda n=n: behind.ended("users", f"u{n}") == ["created"])
        assert behind.sql("SELECT count(*) FROM outbox.bell") == [0]  # nobody would hear it
        behind.sql("UPDATE accountview.users SET code = 'renamed' WHERE code = 'u0'")
        eventually(lambda: not behind.pending())
    behind.recovered()


def test_the_settings_are_pinned_for_every_statement_and_leak_to_nobody(behind: World) -> None:
    """Also where the role's own are others; another client of the pool finds its own."""
    behind.sql(
        "ALTER ROLE CURRENT_USER SET DateStyle = 'German'; ALTER ROLE CURRENT_USER SET IntervalStyle = 'postgres';"
        "ALTER ROLE CURRENT_USER SET lc_time = 'POSIX'"  # what to_char makes of 'TMMonth' hangs on it
    )
    try:
        connection = behind.run(connect(behind.dsn))

        async def seen() -> dict[str, str]:
            async with connection.pinned():
                names = json.dumps(list(SESSION))
                cursor = await connection.execute(
                    "SELECT n, current_setting(n, true) FROM jsonb_array_elements_text(%s) AS n", [names]
                )
                found: dict[str, str | None] = dict(await cursor.fetchall())
                return {n: v for n, v in found.items() if v is not None}  # older servers do not know all of them

        for _ in range(3):
            found = behind.run(seen())
            assert {**SESSION, **found} == SESSION
            assert SESSION.keys() - found.keys() <= {"transaction_timeout"}
            assert {found[f"lc_{what}"] for what in ("time", "numeric", "monetary")} == {"C"}
        with psycopg.connect(behind.dsn, autocommit=True) as other:
            row = other.execute("SELECT current_setting('DateStyle'), current_setting('row_security')").fetchone()
            assert row == ("ISO, MDY", "on")  # as the pooler had it at first
        behind.run(connection.close())
    finally:
        behind.sql("ALTER ROLE CURRENT_USER RESET ALL")


def test_nothing_is_prepared_so_no_plan_is_kept(behind: World) -> None:
    """However often a statement is said; and to forget plans does nothing to the session, which is anybody's."""
    with behind.stepping() as relay:
        for _ in range(12):
            behind.run(relay.store.settle([], []))
            behind.run(relay.store.connection.forget_plans())
    with psycopg.connect(behind.dsn, prepare_threshold=None) as other:
        assert other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone() == (0,)


def test_relays_share_and_hand_over(behind: World) -> None:
    """Leases are rows: a stand-by behind the pooler takes over after a clean stop, and when the first is gone."""
    holder = "SELECT split_part(holder, '/', 1) FROM outbox.lanes WHERE holder IS NOT NULL AND target = %s"
    with at_work(behind.service(holder="b", rhythm=BRISK)):
        eventually(lambda: behind.sql(holder, behind.target) == ["b"])
        with at_work(behind.service(holder="c", rhythm=BRISK)):
            eventually(lambda: behind.sql("SELECT count(*) FROM outbox.relay") == [2])
            assert behind.sql(holder, behind.target) == ["b"]
    with at_work(behind.service(holder="c", rhythm=BRISK)):
        eventually(lambda: behind.sql(holder, behind.target) == ["c"])
        behind.user("ann")
        eventually(lambda: behind.ended("users", "ann") == ["created"])
    behind.recovered()


def test_a_crash_in_the_middle(behind: World) -> None:
    """The intent is committed through the pooler as well."""
    behind.user("ann")
    with behind.stepping() as relay:
        relay.begin()
        relay.land()
    behind.settled()
    assert behind.invited() == ["ann@example.nl"]


def test_a_fail_over_that_the_pooler_hides_is_noticed(behind: World) -> None:
    """Its clients keep their connections, and find another server behind them."""
    with at_work(behind.service(rhythm=BRISK)):
        behind.user("ann")
        eventually(lambda: behind.ended("users", "ann") == ["created"])
        behind.sql("UPDATE outbox.identity SET timeline = timeline - 1")
        eventually(lambda: behind.sql("SELECT target FROM outbox.target WHERE verify_since IS NOT NULL"))
        behind.message("users", "ann")
        eventually(lambda: behind.ended("users", "ann")[-1] == "updated")
    behind.recovered()


def test_no_answer_is_settled_by_a_server_that_did_not_give_the_number(behind: World) -> None:
    """The fail-over is between a call and its answer; the number of its message is another user's change there."""
    behind.user("ann")
    behind.user("ben")
    with behind.stepping() as relay:
        relay.begin()
        relay.land()
        behind.sql("UPDATE outbox.message SET key = '{cas}' WHERE key = '{ann}' AND resource = 'users'")
        behind.sql("DELETE FROM outbox.mirror")
        behind.sql("UPDATE outbox.identity SET timeline = timeline - 1")
        with pytest.raises(LeaseLost):
            relay.settle()
        assert behind.ended("users", "cas") == ["pending"]
