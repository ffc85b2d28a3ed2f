"""Limits: what a cloud allows is shared by all relays, nobody asks for more, and a Retry-After outlives its relay."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from contextlib import suppress
from typing import Any

import psycopg
import pytest

from outbox import sqlfiles
from outbox.errors import Transient
from outbox.relay.connection import connect
from outbox.relay.gate import Gate
from outbox.relay.purse import UNSURE_S, Purse
from outbox.targets import connect as connect_target
from outbox.targets.delivery import Action, Call, Delivered, Delivery
from outbox.targets.rates import Rate, read_rate
from tests.lane import World, eventually

pytestmark = pytest.mark.usefixtures("unbraked")


def _rate(world: World, company: str = "") -> Any:
    query = "SELECT to_jsonb(r) || jsonb_build_object('xmin', xmin::text) FROM outbox.rate AS r WHERE company = %s"
    rows = world.sql(query + " AND target = %s", company, world.target)
    return rows[0] if rows else None


# -- two relays on one budget ----------------------------------------------------------------------------------------


class Sender:
    """What a relay is to the budget: a gate, and deliveries through a target, several at a time."""

    def __init__(self, world: World, name: str, connection: Any) -> None:
        self.name = name
        self.gate = Gate(connection, world.target)
        self.target = connect_target(world.settings(), self.gate)
        self.statuses: Counter[int | None] = Counter()
        self.slowest_s = 0.0
        self.slots = asyncio.Semaphore(4)

    async def create(self, number: int) -> None:
        """One user; tried again when the budget, or the cloud, says so. Two calls each: a look, and the create."""
        email = f"{self.name}{number}@example.nl"
        document = {"first_name": "Voor", "last_name": "Naam", "email": email, "language": "nl", "country_code": "NL"}
        new = Delivery("users", (email,), Action.CREATE, 1, document=document, sending=(email,))
        while True:
            async with self.slots:
                try:
                    async with self.gate.delivery(""):
                        (outcome,) = await self.target.deliver([new], self._owner, self._log)
                except Transient as e:
                    outcome = e
            if isinstance(outcome, Delivered):
                return
            assert isinstance(outcome, Transient), outcome
            await asyncio.sleep(outcome.retry_after_s or 0.1)

    async def _owner(self, resource: str, remote_id: str) -> None:
        return None

    def _log(self, delivery: Delivery, call: Call) -> None:
        self.statuses[call.http_status] += 1
        self.slowest_s = max(self.slowest_s, time.monotonic() - call.started_at)


def test_two_relays_together_never_ask_for_more_than_is_allowed(world: World) -> None:
    """More calls than two windows allow: all of them are made, in time, and not one is answered 429, unless the machine
    stood still: a call that was delayed on its way counts in the next of these short windows.
    """

    async def run() -> tuple[Counter[int | None], float]:
        connection = await connect(world.dsn)
        senders = [Sender(world, f"relay{n}", connection) for n in range(2)]
        async with asyncio.timeout(120):
            await asyncio.gather(*(s.create(n) for s in senders for n in range(12)))
        for sender in senders:
            await sender.target.close()
        await connection.close()
        return sum((s.statuses for s in senders), Counter()), max(s.slowest_s for s in senders)

    for _ in range(5):
        world.limit(22, 2.0)
        statuses, slowest_s = world.run(run())
        if 429 not in statuses or slowest_s < 0.3:
            break
        world.empty()
    assert set(statuses) == {200, 201}
    assert statuses[201] == 24


def test_a_single_call_in_a_window_and_the_next_when_it_is_over(erp: World) -> None:
    """What the first said of the limit was told nobody, and is true no longer: the next one asks anew."""
    erp.company("001")
    erp.settled()
    erp.limit(10, 0.5)
    with erp.stepping() as relay:
        for code in ("P1", "P2", "P3"):
            erp.sql("INSERT INTO accountview.projects VALUES ('A1', %s, 'Dak', '2026-01-01')", code)
            relay.round()
            assert erp.ended("projects", "001", code) == ["created"]
            heard = relay.lane.sending.gate._accounts["001"].purse.heard
            assert heard
            eventually(lambda until=heard.resets_at: time.monotonic() > until)
    assert len(erp.calls("POST", "/project")) == 3


def test_a_relay_that_takes_over_knows_what_its_predecessor_used(world: World) -> None:
    """All that the window allows was used; the next relay asks nothing and waits for the next window."""
    world.user("ann")
    world.limit(6, 60.0)
    world.drain()
    world.sql("UPDATE outbox.rate SET remaining = 0")
    calls = world.calls()
    world.user("bob")
    world.once()
    assert world.calls() == calls
    outcome, error = world.last("users", "bob")
    assert (outcome, "used up" in (error or "")) == ("pending", True)
    assert world.sql("SELECT max(due_at) - now() > interval '30 s' FROM outbox.message WHERE status = 'pending'") == [
        True
    ]
    assert world.sql("SELECT max(attempts) FROM outbox.message WHERE status = 'pending'") == [0]


def test_a_company_whose_calls_are_used_up_does_not_hold_up_others(erp: World) -> None:
    """One company has too much to do for its window; the other, and the users, go on."""
    erp.company("001")
    erp.company("002", "A2")
    erp.drain()
    erp.limit(9, 60.0)
    erp.sql(
        "INSERT INTO accountview.projects SELECT 'A1', 'P' || n, 'Dak', '2026-01-01' FROM generate_series(1, 30) AS n"
    )
    erp.sql("INSERT INTO accountview.projects VALUES ('A2', 'P1', 'Dak', '2026-01-01')")
    erp.user("ann")
    erp.once()
    assert erp.last("projects", "002", "P1")[0] == "created"
    assert erp.last("users", "ann")[0] == "created"
    made = erp.sql("SELECT count(*) FROM outbox.message WHERE resource = 'projects' AND key[1] = '001'"
                   " AND outcome = 'created'")  # fmt: skip
    assert 0 < made[0] <= 9
    assert erp.sql("SELECT count(*) FROM outbox.attempt WHERE http_status = 429") == [0]


def test_plenty_costs_nothing(world: World) -> None:
    """Of a large budget an eighth is taken at once; after that no call asks the database for anything."""
    world.user("ann")
    with world.stepping() as relay:
        relay.round()
        before = _rate(world)
        for n in range(20):
            world.user(f"u{n}")
        relay.round()
        assert len(world.users()) == 21
        assert _rate(world) == before


def test_a_cloud_that_announces_no_limit_is_not_slowed_down() -> None:
    """The first answer says so; nothing is counted from there on."""
    purse = Purse()
    assert not purse.has(1, 0.0)
    purse.spend()
    purse.hear(None, True, 0.1)
    assert purse.has(1_000_000, 0.2)


def test_an_error_without_headers_says_nothing_of_limits() -> None:
    """Else the first outage would lift them."""
    purse = Purse()
    purse.spend()
    purse.hear(None, False, 0.1)
    assert purse.limited is None


def test_what_others_use_up_with_the_same_client_is_noticed() -> None:
    """The platform says that less is left than we took: the smaller number counts."""
    purse = Purse()
    purse.filled(100, 40, 60.0, 0.0)
    purse.spend()
    purse.hear(Rate(100, 5, 60.0), True, 1.1)
    assert purse.left(2.0) == 5


def test_permits_end_before_their_window_may_have_ended() -> None:
    """A reset is told in whole seconds: what is not used by then is not carried into the next window."""
    purse = Purse()
    purse.filled(100, 40, 10.0, 0.0)
    assert (purse.left(8.4), purse.left(8.6)) == (40, 0)


def test_a_delivery_begins_only_when_its_calls_are_there() -> None:
    """Three for each under way: else all would make their first call and none the second, window after window."""
    purse = Purse()
    purse.filled(100, 5, 60.0, 0.0)
    assert purse.has(purse.wanted(), 0.0)
    purse.deliveries += 1
    assert not purse.has(purse.wanted(), 0.0)


@pytest.mark.parametrize(
    ("policy", "window_s"), [("500;w=3600", 3600.0), ("500;w=3600;x=1", 3600.0), ("500", 0.0), ("w=", 0.0)]
)
def test_the_length_of_a_window_is_read_from_the_policy(policy: str, window_s: float) -> None:
    """As the sandbox and the ERP write it."""
    headers = {
        f"x-ratelimit-{n}": v for n, v in (("limit", "5"), ("remaining", "4"), ("reset", "7"), ("policy", policy))
    }
    rate = read_rate(headers, 0.0)
    assert rate is not None
    assert rate.window_s == window_s


def test_permits_that_were_waited_for_end_no_later(world: World) -> None:
    """Another relay has the row of the budget locked, and the window goes on meanwhile."""
    _note(world, 80, 60.0)
    before = time.monotonic()
    with world.stepping() as relay, psycopg.connect(world.dsn) as other:
        gate = relay.lane.sending.gate

        def entered() -> bool:
            with suppress(Transient):  # the lock was waited for in vain, since the machine stood still
                world.run(gate.enter(""))
                return True
            return False

        other.execute("SELECT FROM outbox.rate FOR UPDATE")
        threading.Timer(0.5, other.commit).start()
        eventually(entered)
        purse = gate._accounts[""].purse
        assert purse.permits > 0
        assert purse.valid_until <= before + 60.0 - UNSURE_S
        gate.left("", None, False)


# -- the common budget, in SQL ---------------------------------------------------------------------------------------


def _take(world: World, wanted: int = 1) -> Any:
    text = (world_sql("take_permits"), {"target": world.target, "company": "", "wanted": wanted})
    row = world.database.execute(*text).fetchone()
    return row[1] if row else None


def world_sql(name: str) -> Any:
    return sqlfiles.read(f"relay/{name}.sql")


def _note(world: World, left_over: int, reset_s: float, untaken: int = 0, capacity: int = 80) -> None:
    given = {"capacity": capacity, "left_over": left_over, "reset_s": reset_s, "window_s": 60.0, "untaken": untaken}
    world.database.execute(world_sql("note_rate"), {"target": world.target, "company": "", **given})


def test_an_eighth_is_taken_or_what_is_wanted_or_nothing(world: World) -> None:
    """Never more than there is."""
    assert _take(world) is None
    _note(world, 80, 60.0)
    assert _take(world) == 10
    assert _take(world, 30) == 30
    assert (_rate(world) or {})["remaining"] == 40
    assert _take(world, 50) == 0
    assert (_rate(world) or {})["remaining"] == 40


def test_a_window_that_is_over_gives_way_to_a_new_one(world: World) -> None:
    """All of it is there again, for the length that windows were seen to have."""
    _note(world, 3, 60.0)
    world.sql("UPDATE outbox.rate SET resets_at = clock_timestamp()")
    assert _take(world) == 10
    assert (_rate(world) or {})["remaining"] == 70
    assert world.sql("SELECT resets_at > clock_timestamp() + interval '50 s' FROM outbox.rate") == [True]


@pytest.mark.parametrize(("remaining", "taken"), [(60, 7), (30, 0)])
def test_about_the_end_of_a_window_little_waits_and_much_goes_on(world: World, remaining: int, taken: int) -> None:
    """Nobody knows in which window such a call counts: it is taken from both, or waits for the new one."""
    _note(world, remaining, 60.0)
    world.sql("UPDATE outbox.rate SET resets_at = clock_timestamp() + interval '1 s'")
    assert _take(world) == taken
    assert (_rate(world) or {})["remaining"] == remaining - taken


def test_late_word_of_an_old_window_does_not_spoil_the_new_one(world: World) -> None:
    """ "Nothing is left" was true of a window that has ended since."""
    _note(world, 3, 60.0)
    world.sql("UPDATE outbox.rate SET resets_at = clock_timestamp()")
    _take(world)
    _note(world, 0, 0.5)
    assert (_rate(world) or {})["remaining"] == 70


def test_calls_made_before_the_limit_was_known_count_too(world: World) -> None:
    """Two relays learned of it at the same time; the second one's first call is in neither's number."""
    _note(world, 50, 60.0)
    _note(world, 49, 60.0, untaken=3)
    assert (_rate(world) or {})["remaining"] == 47


# -- Retry-After -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retry_after", [2, "date"])
def test_a_retry_after_is_obeyed_by_the_relay_that_comes_next(world: World, retry_after: int | str) -> None:
    """In seconds or as a date: it stands in the database, and who starts, or stands by, reads it there."""
    world.user("ann")
    world.fault("retry_after", path="/identity/", retry_after=retry_after, retry_after_s=2)
    world.once()
    (not_before,) = world.sql("SELECT extract(epoch FROM not_before)::float8 FROM outbox.rate")
    told = world.called_at()
    assert 0 < not_before - told[0] < 60
    world.user("bob")
    world.settled()
    assert min(world.called_at()[len(told) :]) >= not_before - 0.1


def test_a_retry_after_of_one_company_is_its_own(erp: World) -> None:
    """The other company and the identity API go on."""
    erp.company("001")
    erp.company("002", "A2")
    erp.drain()
    erp.fault("retry_after", "POST", "/project", retry_after=30)
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")
    erp.once()
    erp.sql("INSERT INTO accountview.projects VALUES ('A2', 'P1', 'Dak', '2026-01-01')")
    erp.user("ann")
    erp.once()
    assert erp.sql("SELECT company FROM outbox.rate WHERE not_before > now()") == ["001"]
    assert erp.last("projects", "002", "P1")[0] == erp.last("users", "ann")[0] == "created"
    assert erp.last("projects", "001", "P1")[0] == "pending"
