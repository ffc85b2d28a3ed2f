"""Health is bad while the backlog does not move, and only then; metrics and views tell the same numbers."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from outbox import sqlfiles
from outbox.relay.connection import Connection, connect
from outbox.service import metrics
from outbox.service.health import STUCK_S, Health, Numbers
from outbox.service.process import Service
from tests.lane import RHYTHM, World, at_work, eventually

QUICK = replace(RHYTHM, safety_poll_s=0.5)


def _unready(health: Health) -> list[str]:
    health._read_at = 0.0
    return asyncio.run(health.unready())


def _health(world: World, service: Service, stalled_s: float = 0.3) -> Health:
    return Health(service, world.dsn, stalled_s)


def test_ready_when_nothing_waits_and_when_it_moves(world: World) -> None:
    """Also long after the last change."""
    service = world.service(rhythm=QUICK)
    with at_work(service):
        eventually(service.ready.is_set)
        world.user("ann")
        eventually(lambda: not world.pending())
        time.sleep(0.4)
        assert _unready(_health(world, service)) == []


def test_not_ready_while_the_cloud_refuses_to_answer(world: World) -> None:
    """Attempts are no progress: only what becomes done, held or dead is. Afterwards it is ready by itself."""
    service = world.service(rhythm=QUICK)
    health = _health(world, service)
    world.fault("status", status=503, times=None)
    with at_work(service):
        world.user("ann")
        eventually(lambda: any(" wait, and none was settled for " in why for why in _unready(health)))
        assert health.stuck() == []  # to start it again would not help
        world.heal()
        world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
        eventually(lambda: not world.pending())
        assert _unready(health) == []


def test_not_ready_while_a_paused_target_has_work(world: World) -> None:
    """Nobody is told why by HTTP: the reason may quote an answer."""
    service = world.service(rhythm=QUICK)
    with at_work(service):
        world.sql("UPDATE outbox.target SET paused_at = now(), why = 'ann@example.nl' WHERE active_since IS NOT NULL")
        eventually(service.ready.is_set)
        eventually(lambda: service.holdings[world.target].held)
        assert _unready(_health(world, service)) == []
        world.user("ann")
        assert _unready(_health(world, service)) == [f"accountview_net: paused, and {len(world.pending())} wait"]


def test_a_stand_by_is_ready(world: World) -> None:
    """The relay that has the lane answers for it."""
    with at_work(world.service(holder="a", rhythm=QUICK)):
        eventually(lambda: world.sql("SELECT free_lanes FROM outbox.health WHERE target = %s", world.target) == [0])
        service = world.service(holder="b", rhythm=QUICK)
        with at_work(service):
            eventually(service.ready.is_set)
            world.fault("status", status=503, times=None)
            world.user("ann")
            time.sleep(0.5)
            assert _unready(_health(world, service)) == []
        world.heal()


def test_many_who_ask_at_once_are_one_question(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever reaches the port could use up the connections of the database."""
    opened = []

    async def counted(dsn: str) -> Connection:
        opened.append(dsn)
        return await connect(dsn)

    async def ask(health: Health) -> list[Numbers | None]:
        return await asyncio.gather(*(health.numbers() for _ in range(20)))

    monkeypatch.setattr("outbox.service.health.connect", counted)
    answers = asyncio.run(ask(_health(world, world.service(rhythm=QUICK))))
    assert (len(opened), len(answers), None in answers) == (1, 20, False)


def test_not_ready_without_the_database(world: World) -> None:
    health = Health(world.service(rhythm=QUICK), "postgresql://nobody@127.0.0.1:1/none", 60.0)
    assert _unready(health) == ["the database cannot be used"]
    assert b"outbox_database_up 0.0" in metrics.render(health.service, None)


def test_a_loop_that_does_not_come_round_is_stuck(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is one whose calls do not come back. Waiting for work is not."""
    service = world.service(rhythm=QUICK, concurrency=1)
    health = _health(world, service)

    def long_ago() -> bool:
        service.counts[world.target].came_at -= STUCK_S + 1
        return health.stuck() == ["accountview_net: no call comes back"]

    with at_work(service):
        eventually(service.ready.is_set)
        eventually(lambda: service.lanes)
        assert health.stuck() == []
        service.turned_at["other"] = time.monotonic() - STUCK_S - 1
        assert health.stuck() == ["other: its loop is stuck"]
        del service.turned_at["other"]
        world.fault("latency", latency_ms=600, times=None)
        for n in range(5):
            world.user(f"u{n}")
        eventually(long_ago)
        world.heal()


def test_metrics_and_views_tell_the_same(world: World) -> None:
    """Counters of this process, gauges of the database; no personal data anywhere."""
    world.fault("status", "POST", "/users$", status=422, body={"error_code": "ERROR_INVALID_EMAIL"})
    service = world.service(rhythm=QUICK)
    health = _health(world, service)
    with at_work(service):
        world.user("refused", "secret.jansen@example.nl")
        eventually(lambda: not world.pending())
        world.user("ann", "other.jansen@example.nl")
        eventually(lambda: world.ended("users", "ann") == ["created"])
        world.sql("INSERT INTO outbox.message (target, resource, key, operation, due_at)"
                  " VALUES (%s, 'users', '{x}', 'UPDATE', now() + interval '1 hour')", world.target)  # fmt: skip
        eventually(lambda: service.counts[world.target].settled.get(("users", "created")) == 1)
        text = metrics.render(service, asyncio.run(health.numbers())).decode()
    for line in (
        'outbox_messages_dead{resource="users",target="accountview_net"} 1.0',
        'outbox_messages_pending{resource="users",target="accountview_net"} 1.0',
        'outbox_messages_due{resource="users",target="accountview_net"} 0.0',
        'outbox_lanes_held{target="accountview_net"} 1.0',
        'outbox_messages_settled_total{outcome="created",resource="users",target="accountview_net"} 1.0',
        'outbox_calls_total{method="POST",resource="users",status="422",target="accountview_net"} 1.0',
        'outbox_calls_total{method="POST",resource="users",status="201",target="accountview_net"} 1.0',
        "outbox_database_up 1.0",
    ):
        assert line in text, text
    assert "jansen" not in text
    assert "secret" not in text
    assert world.sql("SELECT pending, due, dead FROM outbox.backlog WHERE target = %s", world.target) == [(1, 0, 1)]
    assert world.sql("SELECT sum(calls)::int FROM outbox.calls WHERE http_status IN (201, 422)") == [2]


def test_a_call_with_many_values_counts_once(erp: World) -> None:
    """Each of its values has an attempt, under its own key; it was one call, says whoever counts calls."""
    erp.company("001")
    erp.drain()
    erp.fault("status", "PUT", "/dimension/", status=503)
    erp.sql(
        "INSERT INTO accountview.cost_centres SELECT 'A1', 'K' || n, 'Kantoor', true FROM generate_series(1, 20) AS n"
    )
    service = erp.service(rhythm=QUICK)
    with at_work(service):
        eventually(lambda: not erp.pending())
    made = len(erp.calls())
    assert made < erp.sql("SELECT count(*) FROM outbox.attempt")[0]
    assert sum(service.counts[erp.target].calls.values()) == len(erp.calls("PUT", "/dimension"))
    assert erp.sql("SELECT sum(calls)::int FROM outbox.calls") == [made]
    assert sum(row[3] for row in erp.sql(sqlfiles.read("audit/calls_per_1000_changes.sql"))) == made
    assert [row[4:6] for row in erp.sql(sqlfiles.read("audit/failures_by_reason.sql"))] == [(1, 20)]


def test_the_backlog_is_read_without_the_history(world: World) -> None:
    """A million done messages must not make each look at it a walk through all of them."""
    world.sql("INSERT INTO outbox.message (target, resource, key, operation, status, outcome, settled_at)"
              " SELECT %s, 'users', ARRAY[n::text], 'UPDATE', 'done', 'updated', now()"
              " FROM generate_series(1, 20000) AS n", world.target)  # fmt: skip
    world.sql("ANALYZE outbox.message")
    plan = json.dumps(world.sql("EXPLAIN (FORMAT JSON) SELECT * FROM outbox.backlog"))
    assert "message_put_off" in plan
    assert "Seq Scan" not in plan
