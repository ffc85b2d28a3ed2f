"""The breaker: a platform that fails as a whole is left alone but for one call now and then; one bad record is none."""

from __future__ import annotations

import time
from typing import Any

import pytest

from outbox.errors import PlatformDown, Refused, Transient, Unknown
from outbox.relay import claim
from outbox.relay.breaker import Breaker
from outbox.relay.retry import Patience
from outbox.targets.delivery import Delivered
from tests.lane import World, at_work, eventually

OK = Delivered("1", http_status=200)


pytestmark = pytest.mark.usefixtures("unbraked")


def _name(n: int) -> tuple[str, tuple[str, ...]]:
    return "users", (str(n),)


# -- the rule --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Unknown("500", http_status=500), PlatformDown("404 of a gateway", http_status=404)]
)
def test_several_keys_in_a_row_open_it(failure: Exception) -> None:
    breaker = Breaker()
    assert [breaker.note(_name(n), failure, 500) for n in range(3)] == [False, False, True]


def test_one_record_that_always_fails_does_not() -> None:
    """However often, and whether or not the others succeed."""
    breaker = Breaker()
    assert not any(breaker.note(_name(1), Unknown("500", http_status=500), 500) for _ in range(1000))
    assert not breaker.note(_name(2), OK, 200)
    assert not any(breaker.note(_name(1), Unknown("500", http_status=500), 500) for _ in range(1000))


def test_bad_records_among_good_ones_do_not() -> None:
    """One in five fails, for ever: the budget is earned back by the others."""
    breaker = Breaker()
    for n in range(1000):
        assert not breaker.note(_name(n), Unknown("500", http_status=500) if n % 5 == 0 else OK, 200 if n % 5 else 500)


def test_a_burst_of_mixed_failures_opens_it() -> None:
    """Every second key fails, never three in a row: after some tens of calls it is enough."""
    breaker = Breaker()
    opened = [
        breaker.note(_name(n), OK if n % 2 else Unknown("500", http_status=500), 200 if n % 2 else 500)
        for n in range(100)
    ]
    assert opened.index(True) in range(20, 60)


def test_nobody_there_opens_it_whoever_asks() -> None:
    """No connection, or no token: one key alone shows it."""
    breaker = Breaker()
    assert [breaker.note(_name(1), PlatformDown("no connection"), None) for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize("answer", [OK, Refused("422", http_status=422)])
def test_any_answer_starts_the_count_anew(answer: Any) -> None:
    """A refusal shows that somebody is there."""
    breaker = Breaker()
    for n in range(0, 40, 4):
        assert not any(breaker.note(_name(n + i), Unknown("500", http_status=500), 500) for i in (0, 1))
        assert not any(breaker.note(_name(n + i), answer, 200) for i in (2, 3, 2, 3, 2, 3))


def test_being_told_to_wait_says_nothing() -> None:
    breaker = Breaker()
    told = Transient("429", http_status=429, retry_after_s=1.0)
    assert not any(breaker.note(_name(n), told, 429) for n in range(50))


# -- the relay -------------------------------------------------------------------------------------------------------


def _down(world: World) -> Any:
    row = world.sql("SELECT to_jsonb(t) FROM outbox.target AS t WHERE target = %s", world.target)[0]
    return row if row["down_since"] else None


KINDS = [
    {"kind": "status", "status": 500, "body": {"message": "boom"}},
    {"kind": "html", "status": 404},
    {"kind": "html", "status": 200},
    {"kind": "drop_before"},
]


@pytest.mark.parametrize("fault", KINDS, ids=lambda f: f"{f['kind']}-{f.get('status', '')}")
def test_an_outage_is_met_by_few_calls_and_costs_no_message_its_attempts(world: World, fault: dict[str, Any]) -> None:
    """Many messages, everything fails: a handful of calls, it shows, and when the platform is back all is sent."""
    for n in range(40):
        world.user(f"u{n:02}")
    world.fault(path="/identity/", times=None, **fault)
    for _ in range(4):
        world.once()
    down = _down(world)
    assert down is not None
    assert down["down_why"]
    assert down["probe_at"]
    assert len(world.calls()) <= 8 + 3 + down["probes"]
    assert world.sql("SELECT max(attempts) FROM outbox.message WHERE status = 'pending'")[0] <= 2
    assert world.sql("SELECT count(*) FROM outbox.message WHERE status = 'dead'") == [0]
    world.heal()
    world.settled()
    assert _down(world) is None
    assert len(world.invited()) == 40


def test_a_platform_that_asks_everybody_to_come_later_is_down(world: World) -> None:
    """503 with Retry-After for one key after the other: the breaker spares their attempts, however long it lasts."""
    for n in range(5):
        world.user(f"u{n}")
    world.fault("retry_after", path="/identity/", times=None, status=503, retry_after=3600)
    with world.stepping() as relay:
        relay.lane.patience = Patience(base_s=30.0)
        for _ in range(3):
            relay.round()
            world.run(relay.lane.outlook.look())  # notes it
            relay.lane.sending.gate._quiet_until.clear()  # the hour is over
            world.sql("UPDATE outbox.message SET due_at = due_at - interval '1 hour' WHERE due_at IS NOT NULL")
        assert "answered 503" in _down(world)["down_why"]
    assert world.sql("SELECT max(attempts) FROM outbox.message WHERE status = 'pending'") == [1]
    world.heal()
    world.sql("DELETE FROM outbox.rate")
    world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    world.settled()


def test_nobody_at_home(world: World) -> None:
    """Connection refused: also a single message shows it, and its attempts stay as they are."""
    world.user("ann")
    with world.stepping(identity_url="http://127.0.0.1:1") as relay:
        for _ in range(3):
            world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
            relay.round()
        world.run(relay.lane.outlook.look())  # notes it
    assert "no connection" in _down(world)["down_why"]
    assert world.sql("SELECT max(attempts) FROM outbox.message WHERE status = 'pending'") == [0]
    world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    world.settled()


def test_one_record_that_always_answers_500_stops_nobody(world: World) -> None:
    """The others are delivered meanwhile, and the breaker stays closed to the end; the bad one is dead in time."""
    world.user("bad")
    world.drain()
    (id_,) = world.holds()["users"]
    world.fault("status", "PUT", f"/users/{id_}", times=None, status=500, body={"message": "this one never"})
    world.sql("UPDATE accountview.users SET last_name = 'Anders'")
    for n in range(10):
        world.user(f"u{n}")
    world.drain()
    assert world.last("users", "bad")[0] == "dead"
    assert len(world.invited()) == 11
    assert world.sql("SELECT probes FROM outbox.target WHERE target = %s", world.target) == [0]


@pytest.mark.parametrize(
    ("status", "body"),
    [(500, {"message": "these never"}), (404, {"message": "no user", "code": 7})],
    ids=["500", "404"],
)
def test_several_records_that_always_fail_stop_nobody_for_long(world: World, status: int, body: Any) -> None:
    """They look like an outage. The one call that is tried next is another record's, and shows that it is none; the bad
    ones are dead in time, also where the answer was not the API's own.
    """
    bad = [f"bad{n}" for n in range(5)]
    due = "UPDATE outbox.message SET due_at = now() WHERE status = 'pending' AND due_at IS NOT NULL"
    for code in bad:
        world.user(code)
    world.drain()
    for id_ in world.holds()["users"]:
        world.fault("status", "PUT", f"/users/{id_}", times=None, status=status, body=body)
    world.sql("UPDATE accountview.users SET last_name = 'Anders'")

    def all_dead() -> bool:
        assert _down(world) is None
        world.sql(due)
        relay.round()
        return {world.last("users", code)[0] for code in bad} == {"dead"}

    with world.stepping() as relay:
        relay.turn()
        world.run(relay.lane.outlook.look())  # notes it
        assert _down(world)
        world.user("good")
        world.sql(due)
        world.sql("UPDATE outbox.target SET probe_at = now() WHERE target = %s", world.target)
        assert world.run(relay.lane.outlook.look())
        relay.round()
        assert "good@example.nl" in world.invited()
        eventually(all_dead)


@pytest.fixture
def two_companies(erp: World) -> World:
    """Whatever changes in a project of company 001, the ERP fails; all that it has have changed, and one of 002."""
    erp.company("001")
    erp.company("002", "A2")
    erp.sql(
        "INSERT INTO accountview.projects SELECT 'A1', 'BAD' || n, 'Dak', '2026-01-01' FROM generate_series(1, 40) AS n"
    )
    erp.sql("INSERT INTO accountview.projects VALUES ('A2', 'GOOD', 'Dak', '2026-01-01')")
    erp.drain()
    erp.sql("UPDATE accountview.projects SET description = 'Goot' WHERE administration_code = 'A1'")
    return erp


def test_after_failures_of_one_company_another_one_is_tried(two_companies: World) -> None:
    """It looks like an outage, and the ERP has many companies: whatever waits of that one, it comes behind."""
    world = two_companies
    world.fault("status", "PUT", "/project/BAD", times=None, status=500, body={"message": "never"})
    with world.stepping(concurrency=3) as relay:
        relay.turn()
        world.run(relay.lane.outlook.look())  # notes it
        assert _down(world)
        world.sql("UPDATE accountview.projects SET description = 'Goot'")
        world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending' AND due_at IS NOT NULL")
        world.sql("UPDATE outbox.target SET probe_at = now() WHERE target = %s", world.target)
        assert world.run(relay.lane.outlook.look())
        relay.claim()
        relay.land()
        relay.settle()
        assert world.last("projects", "002", "GOOD")[0] == "updated"
        assert _down(world) is None


def test_behind_a_backlog_of_one_company_another_one_is_found(
    two_companies: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More waits of it than is read at once: the next page is read all the same, between two tries."""
    world = two_companies
    world.fault("status", "PUT", "/project/BAD", times=None, status=500, body={"message": "never"})
    world.sql("UPDATE accountview.projects SET description = 'Goot'")
    world.sql("UPDATE outbox.target SET down_since = now(), down_why = 'x', probe_at = now()")
    monkeypatch.setattr(claim, "LIMIT", 10)
    with world.stepping() as relay:
        tries = 0
        while world.last("projects", "002", "GOOD")[0] != "updated" and (tries := tries + 1) <= 20:
            world.sql("UPDATE outbox.target SET probe_at = now()")
            assert world.run(relay.lane.outlook.look())
            relay.claim()
            relay.land()
            relay.settle()
    assert world.last("projects", "002", "GOOD")[0] == "updated"


def test_a_company_that_asks_to_wait_is_no_outage(two_companies: World) -> None:
    """However often, and with whichever of its records: it waits by itself, and the other one goes on. Once it has
    answered, its next failure counts anew.
    """
    world = two_companies
    world.fault("retry_after", "PUT", "/project/BAD", times=None, status=503, retry_after=3600)
    with world.stepping(concurrency=1) as relay:
        relay.lane.patience = Patience(base_s=30.0)
        for _ in range(4):
            relay.round()
            world.run(relay.lane.outlook.look())
            relay.lane.sending.gate._quiet_until.clear()  # the hour is over
            world.sql("UPDATE outbox.message SET due_at = due_at - interval '1 hour' WHERE due_at IS NOT NULL")
        assert len(world.calls("PUT", "/project/BAD")) == 4
        assert _down(world) is None
        assert list(relay.lane.breaker.failing) == [("companies", ("001",))]
        world.heal()
        world.sql("DELETE FROM outbox.rate")
        relay.round()
        assert list(relay.lane.breaker.failing) == []


def test_one_of_two_relays_makes_the_probe(world: World) -> None:
    """The next one is later for both, by more each time."""
    world.sql("UPDATE outbox.target SET down_since = now(), down_why = 'x', probe_at = now() WHERE target = %s",
              world.target)  # fmt: skip
    with world.stepping() as relay:
        relay.lane.breaker.first_s, relay.lane.breaker.cap_s = 10.0, 60.0
        assert world.run(relay.lane.outlook.take_probe())
        assert not world.run(relay.lane.outlook.take_probe())
        assert 15 < world.sql("SELECT extract(epoch FROM probe_at - now())::float8 FROM outbox.target"
                              " WHERE down_since IS NOT NULL")[0] <= 20  # fmt: skip


def test_a_relay_at_work_finds_the_platform_back_by_itself(world: World) -> None:
    """Down with many messages waiting: it probes, closes the breaker and sends the rest, also what came meanwhile."""
    for n in range(10):
        world.user(f"u{n}")
    world.fault("status", path="/identity/", times=None, status=502)
    with at_work(world.service()):
        eventually(lambda: _down(world))
        world.user("late")
        time.sleep(0.2)
        calls = len(world.calls())
        assert calls <= 8 + 3 + _down(world)["probes"]
        world.heal()
        world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending' AND due_at IS NOT NULL")
        eventually(lambda: not _down(world))
        eventually(lambda: not world.pending())
    assert world.differences() == []


def test_another_relay_that_finds_it_back_is_noticed(world: World) -> None:
    """The row says so; so does a person's resume, after which the next call is made at once."""
    world.sql("UPDATE outbox.target SET down_since = now(), down_why = 'x', probe_at = now() + interval '1 hour'"
              " WHERE target = %s", world.target)  # fmt: skip
    world.user("ann")
    with at_work(world.service()):
        time.sleep(0.3)
        assert world.calls() == []
        assert world.sql("SELECT outbox.resume(%s)", world.target) == [True]
        eventually(lambda: world.invited() == ["ann@example.nl"])
    assert _down(world) is None
