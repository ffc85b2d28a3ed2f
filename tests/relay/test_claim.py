"""The cursor through the queue: nothing is missed, whatever the order in which transactions commit."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from outbox.relay import claim
from outbox.relay.claim import Cursor
from outbox.relay.connection import connect
from outbox.relay.store import Store
from tests.lane import UNBRAKED, Behind, World

WRITE = "INSERT INTO outbox.message (target, resource, key, operation) VALUES (%s, 'users', ARRAY[%s], 'UPDATE')"


class Reader:
    """A cursor alone: which keys it has shown so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.connection = world.run(connect(world.dsn))
        self.cursor = Cursor(Store(self.connection, world.target))
        self.shown: set[str] = set()

    def claim(self) -> list[str]:
        keys = [(m.key or ("",))[0] for m in self.world.run(self.cursor.claim())]
        self.shown.update(keys)
        return keys

    def claim_all(self) -> set[str]:
        """Until a claim that is no page of a backlog shows nothing new."""
        for _ in range(1000):
            before, paging = len(self.shown), self.cursor.page is not None
            self.claim()
            if not paging and self.cursor.page is None and len(self.shown) == before:
                return self.shown
        raise AssertionError("the cursor comes to no end")


@pytest.fixture
def reader(world: World) -> Iterator[Reader]:
    made = Reader(world)
    yield made
    world.run(made.connection.close())


@pytest.fixture(params=[2, 3, 1000])
def limit(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Pages so small that everything needs several."""
    monkeypatch.setattr(claim, "LIMIT", request.param)
    return int(request.param)


def test_a_transaction_that_began_first_and_commits_last_is_seen(world: World, reader: Reader) -> None:
    """Its messages have lower ids and a lower transaction than what was claimed before."""
    with psycopg.connect(world.dsn) as slow:
        slow.execute(WRITE, [world.target, "slow"])
        world.sql(WRITE, world.target, "fast")
        assert reader.claim_all() == {"fast"}
        world.sql(WRITE, world.target, "faster")
        assert reader.claim_all() == {"fast", "faster"}
    assert reader.claim_all() == {"fast", "faster", "slow"}


def test_settled_messages_are_not_shown_again(world: World, reader: Reader) -> None:
    """The work of a claim is what is new, not what was ever pending."""
    world.sql(WRITE, world.target, "ann")
    assert reader.claim() == ["ann"]
    assert reader.claim() == []


def test_a_back_off_is_found_when_it_is_over_and_not_before(world: World, reader: Reader) -> None:
    """due_at in the future hides a message, in a page and later."""
    world.sql(WRITE, world.target, "ann")
    world.sql("UPDATE outbox.message SET due_at = now() + interval '1 hour'")
    assert reader.claim_all() == set()
    world.sql("UPDATE outbox.message SET due_at = now()")
    assert reader.claim() == ["ann"]


def test_what_is_under_way_is_not_claimed_again(world: World) -> None:
    """A retry was due before its call began; that is over when the call has begun."""
    world.user("ann")
    world.sql("UPDATE outbox.message SET due_at = now()")
    with world.stepping() as relay:
        relay.begin()
        assert world.run(relay.lane.cursor.claim()) == []


def test_the_backlog_comes_in_pages_without_loss(world: World, reader: Reader, limit: int) -> None:
    """Also what is written by one transaction, more than a page of it."""
    world.sql("INSERT INTO outbox.message (target, resource, key, operation)"
              " SELECT %s, 'users', ARRAY[n::text], 'UPDATE' FROM generate_series(1, 10) AS n",
              world.target)  # fmt: skip
    for n in range(11, 15):
        world.sql(WRITE, world.target, str(n))
    assert reader.claim_all() == {str(n) for n in range(1, 15)}


@pytest.mark.parametrize("seed", range(5))
def test_open_transactions_in_any_order_lose_nothing(world: World, reader: Reader, limit: int, seed: int) -> None:
    """Random: transactions open, write, commit and roll back between the pages of the claims; savepoints too."""
    rng = random.Random(seed)
    committed: set[str] = set()
    with ExitStack() as stack:
        connections = [stack.enter_context(psycopg.connect(world.dsn)) for _ in range(5)]
        written: dict[int, list[str]] = {i: [] for i in range(5)}
        for step in range(60):
            i = rng.randrange(5)
            match rng.randrange(5):
                case 0 | 1:
                    connections[i].execute("SELECT 1")
                    with connections[i].transaction():
                        connections[i].execute(WRITE, [world.target, f"{seed}.{step}"])
                    written[i].append(f"{seed}.{step}")
                case 2:
                    connections[i].commit()
                    committed.update(written.pop(i))
                    written[i] = []
                case 3 if rng.random() < 0.3:
                    connections[i].rollback()
                    written[i] = []
                case _:
                    reader.claim()
        for i, connection in enumerate(connections):
            connection.commit()
            committed.update(written[i])
    assert reader.claim_all() == committed


def test_what_does_not_fit_in_memory_waits_in_the_table(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys in hand are bounded, and still all of them get their turn."""
    monkeypatch.setattr("outbox.relay.lane.MAX_WAITING", 3)
    monkeypatch.setattr(claim, "LIMIT", 2)
    world.limits = UNBRAKED
    for n in range(12):
        world.user(f"u{n:02}")
    with world.stepping(batch_size=1, concurrency=1) as relay:
        for _ in range(200):
            relay.claim()
            assert len(relay.lane.waiting) + len(relay.lane.blocked) <= 3 + 2 + 4
            relay.land()
            relay.settle()
    world.settled()
    assert len(world.users()) == 12


def test_a_steady_stream_does_not_starve_what_waits_for_its_back_off(world: World) -> None:
    """A retry gets its turn while new messages keep coming."""
    world.user("late")
    world.fault("status", "POST", "/users$", status=503)
    with world.stepping() as relay:
        relay.turn()
        assert world.ended("users", "late") == ["pending"]
        for n in range(30):
            world.message("users", f"nobody{n}")
            relay.round()
            if world.ended("users", "late") == ["created"]:
                break
    assert world.ended("users", "late") == ["created"]


def test_a_long_backlog_does_not_delay_what_is_fresh_nor_a_retry_that_is_due(
    world: World, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both come between its pages."""
    monkeypatch.setattr(claim, "LIMIT", 10)
    world.sql("INSERT INTO outbox.message (target, resource, key, operation)"
              " SELECT %s, 'users', ARRAY[n::text], 'UPDATE' FROM generate_series(1, 500) AS n",
              world.target)  # fmt: skip
    world.sql("UPDATE outbox.message SET due_at = now() + interval '0.1 s' WHERE key = '{1}'")
    reader.claim()
    world.sql(WRITE, world.target, "fresh")
    time.sleep(0.15)
    for _ in range(2):
        reader.claim()
    assert {"fresh", "1"} <= reader.shown
    assert len(reader.shown) < 50


def test_retries_of_long_ago_are_not_walked_past_again(world: World, reader: Reader) -> None:
    """Each leaves an index entry behind that may stay for hours; what a person makes due in the past is found later."""
    reader.claim_all()
    world.sql(WRITE, world.target, "ann")
    reader.claim_all()
    world.sql("UPDATE outbox.message SET due_at = now() - interval '1 hour' WHERE key = '{ann}'")
    assert reader.claim() == []
    reader.cursor.all_due_at -= claim.ALL_DUE_S
    assert reader.claim() == ["ann"]


@pytest.mark.parametrize("forward_s", [12, 3600])
def test_what_the_clock_of_the_database_jumped_over_is_found_at_once(
    world: World, reader: Reader, monkeypatch: pytest.MonkeyPatch, forward_s: int
) -> None:
    """A back-off is looked for where it should end; a clock that was set forward has ended it elsewhere."""
    own = Behind()
    monkeypatch.setattr(claim, "time", own)
    reader.claim_all()
    world.sql(WRITE, world.target, "ann")
    reader.claim_all()
    world.sql("UPDATE outbox.message SET due_at = now() + interval '10 seconds'")
    assert reader.claim() == []
    world.set_clock(f"{forward_s} seconds")
    own.behind_s = forward_s
    assert reader.claim() == ["ann"]
