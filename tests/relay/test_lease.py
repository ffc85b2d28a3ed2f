"""At most one relay sends and settles for a target; who lost the lease finds out, and who can have it takes it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest

from outbox import database
from outbox.errors import LeaseLost
from outbox.relay.connection import Connection, connect
from outbox.relay.lane import Lane
from tests.hands import Hands
from tests.lane import RHYTHM, World, at_work, eventually

# A machine that stands still may lose it in the middle of a call, whose outcome is then another than it would be.
SHORT = replace(RHYTHM, lease_s=1.0, safety_poll_s=0.2)
HOUR = replace(RHYTHM, lease_s=3600.0)  # nobody takes over in time because it runs out


@pytest.fixture(autouse=True)
def afterwards(world: World) -> Iterator[None]:
    """Whatever became of the lease, I1 to I13 hold."""
    yield
    world.recovered()


def _take_over(world: World) -> None:
    """Somebody else has the lane from now on."""
    world.sql("UPDATE outbox.lease SET holder = 'other', epoch = epoch + 1, expires_at = now() + interval '1 minute'"
              " WHERE target = %s", world.target)  # fmt: skip


def _holder(world: World) -> str | None:
    alive = "SELECT holder FROM outbox.lease WHERE target = %s AND expires_at > clock_timestamp()"
    return next(iter(world.sql(alive, world.target)), None)


def test_a_stale_relay_begins_nothing(world: World) -> None:
    """No call leaves, no attempt is counted, no doubt is raised."""
    world.user("ann")
    with world.stepping() as relay:
        _take_over(world)
        with pytest.raises(LeaseLost):
            relay.begin()
        relay.land()
    assert world.calls() == []
    assert world.mirror("users", "ann") is None


def test_a_stale_relay_settles_nothing(world: World) -> None:
    """What it was sending stays in doubt and pending; its successor looks, and nobody is invited twice."""
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        relay.land()
        _take_over(world)
        with pytest.raises(LeaseLost):
            relay.settle()
    assert world.ended("users", "ann") == ["pending", "pending"]  # the second asks the successor to look
    assert (world.mirror("users", "ann") or {})["in_doubt"]
    world.sql("UPDATE outbox.lease SET expires_at = '-infinity'")
    world.settled()
    assert world.invited() == ["ann@example.nl"]


def test_a_stale_relay_hands_nothing_over(world: World) -> None:
    """Also what needs no call is the new relay's business."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET code = 'anna'")
    with world.stepping() as relay:
        _take_over(world)
        before = world.sql("SELECT count(*) FROM outbox.message")
        with pytest.raises(LeaseLost):
            relay.begin()
    assert world.sql("SELECT count(*) FROM outbox.message") == before
    assert world.mirror("users", "ann")


@pytest.mark.parametrize("slots", [1, 3])
def test_what_was_begun_does_not_leave_when_the_lease_could_end_before(world: World, slots: int) -> None:
    """With one slot and a slow cloud most of what was begun waits: past the lease it must not go out. That says nothing
    of the platform, however many they are.
    """
    for code in ("ann", "bob", "cor"):
        world.user(code)
    with world.stepping(concurrency=slots) as relay:
        relay.claim()
        assert len(relay.lane.in_flight) == 3
        relay.lane.gate.until = 0.0  # the first has been looked for; not even its create may leave now
        relay.land()
        relay.settle()
        assert world.calls("POST") == []
        assert relay.lane.outlook.down is None
    waiting = "SELECT max(attempts) FROM outbox.message WHERE status = 'pending' AND target = 'accountview_net'"
    assert world.sql(waiting) == [0]
    world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    world.settled()
    assert len(world.invited()) == 3


def test_a_second_relay_waits_and_takes_over_at_once_after_a_clean_stop(world: World) -> None:
    """A clean stop gives the lease back: the stand-by need not wait until it runs out."""
    second = world.service(holder="second", rhythm=HOUR)
    with ExitStack() as first:
        first.enter_context(at_work(world.service(holder="first", rhythm=HOUR)))
        eventually(lambda: _holder(world) == "first/accountview_net")
        with at_work(second):
            eventually(second.ready.is_set)
            assert _holder(world) == "first/accountview_net"
            first.close()
            eventually(lambda: _holder(world) == "second/accountview_net")
            world.user("ann")
            eventually(lambda: world.ended("users", "ann") == ["created"])
    assert _holder(world) is None


def test_what_was_begun_does_not_leave_when_another_has_the_lane(world: World) -> None:
    """Though the relay's own lease would not be over yet: these calls are the other's now."""
    for code in ("ann", "bob", "cor"):
        world.user(code)
    world.fault("latency", "POST", "/users$", latency_ms=60_000)
    service = world.service(rhythm=replace(RHYTHM, lease_s=6.0, grace_s=120.0), concurrency=1, deadline_s=120.0)
    with at_work(service):
        eventually(lambda: any(f["hit"] for f in world.cloud.get("/sandbox/faults").json()))
        assert len(service.lanes[world.target].in_flight) == 3
        _take_over(world)
        eventually(lambda: service.holdings[world.target].lost)
        world.heal()
        eventually(lambda: not service.holdings[world.target].lost)
        assert len(world.calls("POST")) == 1
    world.sql("UPDATE outbox.lease SET expires_at = '-infinity'")
    world.settled(killed=True)


def test_a_second_relay_takes_over_when_the_lease_runs_out(world: World) -> None:
    """The first was killed: its lease ends by itself, and its flag in outbox.bell goes with it."""
    second = world.service(holder="second", rhythm=SHORT)
    with world.stepping(holder="dead/accountview_net"):
        world.sql("INSERT INTO outbox.bell VALUES ('dead/accountview_net')")
        world.user("ann")
        with at_work(second):
            eventually(second.ready.is_set)
            time.sleep(0.2)
            assert world.ended("users", "ann") == ["pending"]
            world.sql(
                "UPDATE outbox.lease SET expires_at = clock_timestamp() + interval '300 ms' WHERE target = %s",
                world.target,
            )
            eventually(world.invited)
            assert "dead/accountview_net" not in world.sql("SELECT holder FROM outbox.bell")


def test_a_relay_whose_lease_ran_out_takes_it_again(world: World) -> None:
    """The machine slept: nobody took over, so nobody else will serve."""
    with at_work(world.service(rhythm=SHORT)):
        eventually(lambda: _holder(world))
        world.sql("UPDATE outbox.lease SET expires_at = '-infinity'")
        time.sleep(1.3)  # idle beyond the lease: only the renewal can notice
        world.user("ann")
        eventually(world.invited)


def test_a_relay_that_lost_its_lease_stands_by(world: World) -> None:
    """It sends nothing while another has the lane, and serves again when that one is gone."""
    with at_work(world.service(rhythm=SHORT)):
        eventually(lambda: _holder(world))
        _take_over(world)
        time.sleep(0.4)
        world.user("ann")
        time.sleep(0.8)
        assert world.ended("users", "ann") == ["pending"]
        world.sql("UPDATE outbox.lease SET expires_at = '-infinity'")
        eventually(world.invited)


def test_once_ends_while_the_target_may_not_be_sent_to(world: World) -> None:
    """Not active yet, or paused: its messages wait, the command does not."""
    world.user("ann")
    world.sql("UPDATE outbox.target SET active_since = NULL")
    world.once()
    world.sql("UPDATE outbox.target SET active_since = now(), paused_at = now(), why = 'a person'")
    world.once()
    assert world.ended("users", "ann") == ["pending"]
    assert world.calls() == []
    world.sql("UPDATE outbox.target SET paused_at = NULL WHERE target = 'accountview_net'")


def test_what_the_database_sets_for_its_applications_does_not_bind_the_relay(apart: World) -> None:
    """The brakes and the lease look again after they have locked a row; and a long recheck is not cut off."""
    for setting in ("default_transaction_isolation = 'repeatable read'", "statement_timeout = '1h'"):
        apart.sql(f"ALTER DATABASE {apart.database.info.dbname} SET {setting}")
    query = "SELECT current_setting('transaction_isolation'), current_setting('statement_timeout')"

    async def settings() -> list[tuple[str, str] | None]:
        async with await connect(apart.dsn) as connection:
            alone = await (await connection.execute(query)).fetchone()
            async with connection.transaction():
                return [alone, await (await connection.execute(query)).fetchone()]

    assert apart.run(settings()) == [("read committed", "0")] * 2
    with database.connect(apart.dsn) as connection:
        assert connection.execute(query).fetchone() == ("read committed", "0")


def test_a_relay_that_froze_in_a_transaction_keeps_its_lane_from_nobody(world: World) -> None:
    """It has the row of its lease locked, and its connection is as it was: the server ends that by itself."""
    world.user("ann")
    with world.stepping("frozen") as relay:
        relay.begin()
        relay.land()
        world.sql("UPDATE outbox.lease SET expires_at = clock_timestamp() WHERE target = %s", world.target)
        world.run(relay.store.connection.execute("BEGIN"))
        relay.settle()
        with at_work(world.service(holder="second", rhythm=SHORT)):
            eventually(lambda: _holder(world) == "second/accountview_net")
            eventually(lambda: not world.pending())
    assert world.invited() == ["ann@example.nl"]
    world.killed = True  # what it had written is rolled back


def test_a_database_connection_that_is_terminated_is_made_again(world: World) -> None:
    """The relay goes on by itself, in a new epoch; what was in flight is looked up."""
    epoch = "SELECT epoch FROM outbox.lease WHERE target = 'accountview_net'"
    with at_work(world.service(rhythm=RHYTHM)):
        eventually(lambda: _holder(world))
        (before,) = world.sql(epoch)
        world.fault("latency", latency_ms=100, times=None)
        world.user("ann")
        eventually(lambda: world.mirror("users", "ann"))
        world.end_connections()
        eventually(lambda: world.ended("users", "ann")[0] in ("created", "updated"))
        eventually(lambda: world.sql(epoch) > [before])
    assert world.invited() == ["ann@example.nl"]


def test_what_was_said_on_a_lost_connection_and_is_carried_out_late_settles_nothing(world: World) -> None:
    """The server's process hangs while it settles; the connection is given up, and on another one the same is settled,
    and a later change of the key. Then it wakes up.
    """
    world.user("ann")
    world.drain()
    with world.stepping() as relay:
        world.sql("UPDATE accountview.users SET last_name = 'Sooner'")
        relay.begin()
        relay.land()
        lost = relay.store.connection
        process = lost.info.backend_pid
        os.kill(process, signal.SIGSTOP)
        try:
            with pytest.raises(psycopg.OperationalError):
                world.run(_cut_off(relay.lane, lost))
            relay.store.connection = world.run(connect(world.dsn))
            world.run(relay.store.renew_epochs())
            relay.settle()
            world.sql("UPDATE accountview.users SET last_name = 'Later'")
            relay.round()
            assert (world.mirror("users", "ann") or {})["document"]["last_name"] == "Later"
        finally:
            os.kill(process, signal.SIGCONT)
        eventually(lambda: not world.sql("SELECT FROM pg_stat_activity WHERE pid = %s", process))
    assert (world.mirror("users", "ann") or {})["document"]["last_name"] == "Later"
    assert world.sql("SELECT count(*) FROM outbox.attempt WHERE method = 'PUT' AND resource = 'users'") == [2]


def test_a_removal_is_settled_though_somebody_writes_its_row_meanwhile(world: World) -> None:
    """verify, having compared all, puts in doubt what had a message just then: the row goes all the same."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.sql("UPDATE outbox.target SET verify_since = now() WHERE target = %s", world.target)
    with world.stepping() as relay, psycopg.connect(world.dsn) as other:
        relay.begin()
        relay.land()
        other.execute("SELECT outbox.believe(target, verify_since) FROM outbox.target WHERE verify_since IS NOT NULL")
        threading.Timer(0.5, other.commit).start()
        relay.settle()
    assert world.last("users", "ann")[0] == "removed"
    assert world.mirror("users", "ann") is None


def test_what_was_not_believed_when_its_call_left_is_not_unchanged_afterwards(world: World) -> None:
    """After a restore: the call that is to make it good fails; verify, which left this row out, is done meanwhile."""
    world.user("ann")
    world.drain()
    (account,) = world.holds()["users"]
    hands = Hands(world.cloud, world.base_url, world.target)
    hands.identity("PUT", f"/users/{account}", {"first_name": "Anders"})  # as after commits that were lost
    world.sql("UPDATE outbox.target SET verify_since = now() WHERE target = %s", world.target)
    world.message("users", "ann")
    world.fault("status", "PUT", "/users/[^/]*$", status=503)
    with world.stepping() as relay:
        relay.begin()
        relay.land()
        world.sql("SELECT outbox.believe(target, verify_since) FROM outbox.target WHERE verify_since IS NOT NULL")
        relay.settle()
    world.settled()
    assert world.last("users", "ann")[0] == "updated"


async def _cut_off(lane: Lane, connection: Connection) -> None:
    """It settles, and when that has been said for long the connection ends."""
    settling = asyncio.create_task(lane.settle())
    await asyncio.sleep(0.1)
    with socket.socket(fileno=os.dup(connection.fileno())) as s:
        s.shutdown(socket.SHUT_RDWR)
    await settling
