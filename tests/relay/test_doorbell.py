"""Sleep without a lost wake-up, and without cost."""

from __future__ import annotations

import time
from dataclasses import replace

import psycopg

from outbox.service.process import Rhythm
from tests.lane import RHYTHM, UNBRAKED, World, at_work, eventually

# So slow a safety poll that it cannot be what wakes the relay within the time of a test.
ASLEEP = replace(RHYTHM, safety_poll_s=600.0)


def _arrives(world: World, code: str) -> None:
    eventually(lambda: world.ended("users", code) == ["created"])


def test_a_change_wakes_a_sleeping_relay(world: World) -> None:
    """The trigger sees the flag and rings."""
    with at_work(world.service(rhythm=ASLEEP)):
        eventually(world.is_asleep)
        world.user("ann")
        _arrives(world, "ann")
        eventually(world.is_asleep)
        world.user("bob")
        _arrives(world, "bob")


def test_a_register_wakes_a_sleeping_relay(world: World) -> None:
    """Also one from SQL in a transaction that began before the relay slept, and that sees no flag."""
    world.user("ann")
    world.sql("UPDATE outbox.message SET due_at = now() + interval '1 hour'")
    with at_work(world.service(rhythm=ASLEEP)), psycopg.connect(world.dsn) as early:
        early.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        early.execute("SELECT 1")
        eventually(world.is_asleep)
        early.execute("SELECT outbox.register('accountview_net', 'users', '{ann}')")
        early.commit()
        eventually(lambda: world.last("users", "ann")[0] == "created")


def test_a_writer_that_looked_before_the_flag_was_raised_is_not_missed(world: World) -> None:
    """It wrote and looked at the bell while the relay was awake, and commits when that would be asleep."""
    with psycopg.connect(world.dsn) as writer:
        writer.execute("INSERT INTO accountview.users VALUES ('ann', 'Voor', 'Naam', 'ann@example.nl')")
        with at_work(world.service(rhythm=ASLEEP)):
            eventually(lambda: world.sql("SELECT 1 FROM outbox.bell") == [1])
            time.sleep(0.3)
            writer.commit()
            _arrives(world, "ann")


def test_a_writer_that_saw_no_flag_in_its_old_snapshot_rings(world: World) -> None:
    """Above READ COMMITTED nobody can see a flag that was raised after the transaction began."""
    for level in (psycopg.IsolationLevel.REPEATABLE_READ, psycopg.IsolationLevel.SERIALIZABLE):
        code = level.name.lower()
        with psycopg.connect(world.dsn) as writer, at_work(world.service(rhythm=ASLEEP)):
            writer.isolation_level = level
            writer.execute("SELECT 1")
            eventually(world.is_asleep)
            writer.execute(
                "INSERT INTO accountview.users VALUES (%s, 'Voor', 'Naam', %s)", [code, f"{code}@example.nl"]
            )
            writer.commit()
            _arrives(world, code)


def test_a_writer_between_the_flag_and_the_last_look_is_not_missed(world: World) -> None:
    """Many times over, at every moment of falling asleep."""
    world.limits = UNBRAKED
    with at_work(world.service(rhythm=ASLEEP)):
        for n in range(40):
            world.user(f"u{n}")
            _arrives(world, f"u{n}")
            time.sleep(n % 10 * 0.002)


def test_a_back_off_wakes_the_relay_by_itself(world: World) -> None:
    """Nobody rings when a time has come."""
    world.user("ann")
    world.sql("UPDATE outbox.message SET due_at = now() + interval '700 ms'")
    with at_work(world.service(rhythm=ASLEEP)):
        _arrives(world, "ann")


def _per_second(world: World, seconds: float) -> float:
    """Statements of the relay, seen by looking every few milliseconds: the server's own counters of transactions are
    reported late and hold autovacuum's as well."""
    query = (
        "SELECT array_agg(pid || ' ' || query_start) FROM pg_stat_activity"
        " WHERE application_name = 'outbox relay' AND datname = current_database()"
    )
    with psycopg.connect(world.dsn, autocommit=True) as watcher:
        started = time.monotonic()
        (before,), *_ = watcher.execute(query)
        seen: set[str] = set()
        while time.monotonic() - started < seconds:
            (now,), *_ = watcher.execute(query)
            seen.update(now)
            time.sleep(0.003)
    return len(seen.difference(before)) / seconds


def _costs(world: World, at_most: float, seconds: float = 2.0) -> bool:
    """Statements a second, once it is at rest: one that was held up while it fell asleep does some later."""
    return any(_per_second(world, seconds) <= at_most for _ in range(5))


def test_an_idle_relay_costs_at_most_two_queries_a_second(world: World) -> None:
    """With the settings as delivered."""
    with at_work(world.service(rhythm=Rhythm())):
        eventually(world.is_asleep)
        assert _costs(world, 2.0, 5.0)


def test_a_paused_target_with_work_that_is_due_costs_no_more(world: World) -> None:
    """It may not be sent, so there is nothing to look for."""
    world.user("ann")
    world.sql("UPDATE outbox.message SET due_at = now()")
    world.sql("UPDATE outbox.target SET paused_at = now(), why = 'a person'")
    with at_work(world.service(rhythm=Rhythm())):
        eventually(world.is_asleep)
        assert _costs(world, 2.0)


def test_waiting_for_a_slow_answer_costs_next_to_nothing(world: World) -> None:
    """A retried message is due since before its call began; that is no reason to look for it again and again."""
    world.user("ann")
    world.sql("UPDATE outbox.message SET due_at = now()")
    world.fault("latency", latency_ms=60_000, times=None)
    with at_work(world.service(rhythm=Rhythm(grace_s=0.1), deadline_s=60.0)):
        eventually(lambda: world.mirror("users", "ann"))
        eventually(world.is_asleep)
        assert _costs(world, 4.0)
    world.heal()
