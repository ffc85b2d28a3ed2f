"""Several relays share the lanes of a target, and what waits gets to whoever has its lane."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from outbox.errors import LeaseLost
from outbox.relay.holding import Holding
from outbox.service.chores import Chore
from outbox.service.process import Service
from tests.lane import RHYTHM, STEPPING_LEASE_S, Steps, World, at_work, eventually

LANES = 4
BRISK = replace(RHYTHM, safety_poll_s=600.0)  # nothing is found in time because of it
CODES = [f"{n:03}" for n in range(1, 9)]


@pytest.fixture
def shared_erp(erp: World) -> Iterator[World]:
    """Eight companies in the cloud, each with an administration of its own, over four lanes."""
    erp.sql("SELECT outbox.set_lanes('visma_net', %s)", LANES)
    for code in CODES:
        erp.sql("INSERT INTO accountview.administrations (code, name, street, postal_code, city)"
                " VALUES (%s, %s, 'Dam 1', '1012 AB', 'Amsterdam')", f"X{code}", f"X{code}")  # fmt: skip
        erp.company(code, f"X{code}")
    erp.drain()
    yield erp
    erp.recovered()
    erp.sql("SELECT outbox.set_lanes('visma_net', 1)")


def _project(world: World, company: str, code: str = "P1") -> None:
    world.sql("INSERT INTO accountview.projects VALUES (%s, %s, 'Dak', '2026-01-01')", f"X{company}", code)


def _shares(world: World) -> dict[str, int]:
    held = "SELECT split_part(holder, '/', 1), count(*)::int FROM outbox.lanes WHERE target = 'visma_net' GROUP BY 1"
    return {holder: count for holder, count in world.sql(held) if holder}


def _lane_of(world: World, company: str) -> int:
    return int(world.sql("SELECT outbox.lane('projects', ARRAY[%s, 'P1'], NULL, %s)", company, LANES)[0])


def test_all_of_the_identity_api_is_one_lane(erp: World) -> None:
    """Who a user is needs one judge. In the ERP everything of a company is one lane, the companies are spread."""
    for resource in ("users", "companies", "company_access", "app_access"):
        assert erp.sql("SELECT outbox.lane(%s, ARRAY['ann', '001'], NULL, 8)", resource) == [0]
    lanes = (
        "SELECT DISTINCT outbox.lane(r, ARRAY[%s, n::text], NULL, 8)"
        " FROM unnest(%s::text[]) AS r, generate_series(1, 9) AS n"
    )
    assert len(erp.sql(lanes, "001", ["projects", "cost_types", "cost_centres"])) == 1
    spread = (
        "SELECT DISTINCT outbox.lane('projects', ARRAY[n::text], NULL, 4) FROM generate_series(1, 100) AS n ORDER BY 1"
    )
    assert erp.sql(spread) == [0, 1, 2, 3]
    assert erp.sql("SELECT DISTINCT outbox.lane('projects', NULL, NULL, 1)") == [0]


def test_relays_share_the_lanes_to_within_one(shared_erp: World) -> None:
    """Also after one has come or gone; the oldest has the odd lane, and the identity API's."""
    with ExitStack() as relays:
        relays.enter_context(at_work(shared_erp.service(holder="a", rhythm=BRISK)))
        eventually(lambda: _shares(shared_erp) == {"a": 4})
        with at_work(shared_erp.service(holder="b", rhythm=BRISK)):
            eventually(lambda: _shares(shared_erp) == {"a": 2, "b": 2})
            with at_work(shared_erp.service(holder="c", rhythm=BRISK)):
                eventually(lambda: _shares(shared_erp) == {"a": 2, "b": 1, "c": 1})
            eventually(lambda: _shares(shared_erp) == {"a": 2, "b": 2})
        eventually(lambda: _shares(shared_erp) == {"a": 4})
        assert shared_erp.sql("SELECT DISTINCT epoch > 1 FROM outbox.lease WHERE target = 'visma_net' AND lane = 0")


def test_who_takes_the_first_lane_does_the_chores_from_then_on(shared_erp: World) -> None:
    """Of relays that share the lanes of a target one does them; after its end another, which was at work already."""
    seen: list[str] = []

    def relay(holder: str) -> Service:
        async def note(connection: Any, target: str) -> None:
            seen.append(holder)

        made = shared_erp.service(holder=holder, rhythm=BRISK)
        made.chores = [Chore("note", 0.01, note)]
        return made

    with ExitStack() as first:
        first.enter_context(at_work(relay("a")))
        eventually(lambda: seen)
        with at_work(relay("b")):
            eventually(lambda: _shares(shared_erp) == {"a": 2, "b": 2})
            assert set(seen) == {"a"}
            first.close()
            eventually(lambda: "b" in seen)


def test_relays_with_one_process_number_are_two(shared_erp: World) -> None:
    """As in containers: each process is number 1, and two may have the name of their host in common."""
    held = "SELECT count(*)::int FROM outbox.lanes WHERE target = 'visma_net' AND holder IS NOT NULL GROUP BY holder"
    with at_work(shared_erp.service(rhythm=BRISK)), at_work(shared_erp.service(rhythm=BRISK)):
        eventually(lambda: shared_erp.sql(held) == [2, 2])


def test_more_relays_than_lanes_stand_by(shared_erp: World) -> None:
    """They serve as soon as there is a lane for them."""
    with ExitStack() as relays:
        for holder in "abcd":
            relays.enter_context(at_work(shared_erp.service(holder=holder, rhythm=BRISK)))
            eventually(lambda n=holder: n in _shares(shared_erp))
        with at_work(shared_erp.service(holder="e", rhythm=BRISK)):
            eventually(lambda: shared_erp.sql("SELECT relays FROM outbox.health WHERE target = 'visma_net'") == [5])
            assert _shares(shared_erp) == dict.fromkeys("abcd", 1)
            relays.close()
            eventually(lambda: _shares(shared_erp) == {"e": 4})


def test_what_is_expanded_for_another_lane_wakes_its_relay(shared_erp: World) -> None:
    """Chains that lead to a key of the other relay, and recheck of everything; nobody's safety poll is near."""
    with (
        at_work(shared_erp.service(holder="a", rhythm=BRISK)),
        at_work(shared_erp.service(holder="b", rhythm=BRISK)),
    ):
        eventually(lambda: _shares(shared_erp) == {"a": 2, "b": 2})
        for round_ in range(3):
            for code in CODES:
                _project(shared_erp, code, f"P{round_}")
            eventually(lambda: not shared_erp.pending())
        shared_erp.sql("UPDATE outbox.mirror SET in_doubt = now() - interval '1 hour' WHERE resource = 'projects'")
        shared_erp.register("projects")
        eventually(lambda: not shared_erp.pending())
        epochs = shared_erp.sql(
            "SELECT count(DISTINCT split_part(holder, '/', 1)) FROM outbox.lanes WHERE holder <> ''"
        )
        assert epochs == [2]


def test_a_sleeping_relay_is_rung_by_one_that_expands_for_it(shared_erp: World) -> None:
    """Nobody else rings: the coarse message came from no trigger."""
    for code in CODES:
        _project(shared_erp, code)
    shared_erp.settled()
    shared_erp.sql("UPDATE outbox.mirror SET document = NULL WHERE resource = 'projects'")
    with shared_erp.stepping("b", lanes=2) as b:
        shared_erp.sql("UPDATE outbox.lease SET expires_at = now() + interval '1 hour' WHERE holder = 'b'")
        with at_work(shared_erp.service(holder="a", rhythm=BRISK)):
            eventually(lambda: _shares(shared_erp).get("a") == 2)
            eventually(shared_erp.is_asleep)
            shared_erp.sql("""
                INSERT INTO outbox.message (target, resource, via, operation)
                SELECT 'visma_net', 'projects', via, 'UPDATE'
                FROM generate_series(1, 100) AS n,
                     jsonb_build_object('key', '{"project_code": "P1"}'::jsonb, 'n', n) AS via
                WHERE outbox.lane('projects', NULL, via, 4) = 0 LIMIT 1""")
            b.round()
            eventually(lambda: not shared_erp.pending())


def test_a_company_that_comes_wakes_the_relay_of_its_children(shared_erp: World) -> None:
    """It is made in the lane of the identity API; its projects may be another relay's."""
    code = next(c for c in map(str, range(900, 999)) if _lane_of(shared_erp, c) == 3)
    shared_erp.sql("INSERT INTO accountview.administrations (code, name, street, postal_code, city)"
                   " VALUES ('N', 'N', 'Dam 1', '1012 AB', 'Amsterdam')")  # fmt: skip
    shared_erp.sql("INSERT INTO accountview.projects VALUES ('N', 'P1', 'Dak', '2026-01-01')")
    with (
        at_work(shared_erp.service(holder="a", rhythm=BRISK)),
        at_work(shared_erp.service(holder="b", rhythm=BRISK)),
    ):
        eventually(lambda: _shares(shared_erp) == {"a": 2, "b": 2})
        shared_erp.company(code, "N")
        eventually(lambda: shared_erp.mirror("projects", code, "P1") and not shared_erp.pending())


def test_each_relay_takes_up_its_own_lanes_only(shared_erp: World) -> None:
    """Also what the other has expanded by giving the message its key."""
    for code in CODES:
        _project(shared_erp, code)
    with shared_erp.stepping("a", lanes=2) as a, shared_erp.stepping("b", lanes=2) as b:
        assert (sorted(a.store.holding.held), sorted(b.store.holding.held)) == ([0, 1], [2, 3])
        for _ in range(3):
            for relay in (a, b):
                relay.begin()
                begun = {key[0] for _, key in relay.lane.in_flight}
                assert all(_lane_of(shared_erp, code) in relay.store.holding.held for code in begun)
        a.round()
        b.round()
    assert shared_erp.pending() == []


def test_a_lane_that_was_taken_is_read_from_the_start(shared_erp: World) -> None:
    """What its last holder left is older than all that the new one has seen."""
    with shared_erp.stepping("a", lanes=2) as a:
        with shared_erp.stepping("b", lanes=2) as b:
            a.round()
            for code in CODES:
                _project(shared_erp, code)
            a.round()
            b.claim()
            a.round()
        assert shared_erp.pending()
        assert shared_erp.run(a.store.take_lease("a", STEPPING_LEASE_S))
        shared_erp.sql("UPDATE outbox.mirror SET in_doubt = in_doubt - interval '1 hour'")
        a.round()
        assert shared_erp.pending() == []


def _give(relay: Steps, share: int) -> None:
    relay.store.holding.divide(share)
    relay.world.run(relay.lane.let_go())


def test_a_lane_is_let_go_when_nothing_is_in_flight_in_it(shared_erp: World) -> None:
    """What was begun is settled by who began it; nothing more is begun there."""
    busy = next(code for code in CODES if _lane_of(shared_erp, code) == 3)
    with shared_erp.stepping("a") as a:
        _project(shared_erp, busy)
        while not a.lane.in_flight:
            a.claim()
        _project(shared_erp, busy, "P2")
        _give(a, 2)
        assert sorted(a.store.holding.held) == [0, 1, 3]
        a.claim()
        a.claim()
        assert len(a.lane.in_flight) == 1
        with shared_erp.stepping("b") as b:
            assert sorted(b.store.holding.held) == [2]
        a.land()
        a.settle()
        _give(a, 2)
        assert sorted(a.store.holding.held) == [0, 1]
        with shared_erp.stepping("b") as b:
            b.round()
    assert shared_erp.ended("projects", busy, "P1") in (["created"], ["pending"])  # pending: called back, not sent
    shared_erp.settled()


def test_a_lane_that_is_not_given_away_after_all_is_looked_at_again(shared_erp: World) -> None:
    """Its keys were passed over while it was about to go."""
    kept = next(code for code in CODES if _lane_of(shared_erp, code) == 3)
    with shared_erp.stepping("a") as a:
        _project(shared_erp, kept)
        a.store.holding.divide(3)
        a.round()
        assert shared_erp.pending()
        a.store.holding.divide(4)
        a.round()
        assert shared_erp.pending() == []


def test_a_relay_that_lost_one_lane_settles_nothing(shared_erp: World) -> None:
    """All epochs that it has are checked, whichever lane it is about."""
    _project(shared_erp, CODES[0])
    with shared_erp.stepping("a") as a:
        a.begin()
        shared_erp.sql("UPDATE outbox.lease SET epoch = epoch + 1 WHERE target = 'visma_net' AND lane = 3")
        a.land()
        with pytest.raises(LeaseLost):
            a.settle()


def test_the_number_of_lanes_is_fixed_while_a_relay_is_at_work(shared_erp: World) -> None:
    """Two relays that count differently would both take a key for theirs. A stale one is shut out by the epoch."""
    with shared_erp.stepping("a") as a:
        with pytest.raises(psycopg.errors.ObjectInUse, match="while a relay has them"):
            shared_erp.sql("SELECT outbox.set_lanes('visma_net', 2)")
        _project(shared_erp, CODES[0])
        a.begin()
        a.land()
        shared_erp.sql("UPDATE outbox.lease SET expires_at = '-infinity'")
        shared_erp.sql("SELECT outbox.set_lanes('visma_net', 2)")
        with pytest.raises(LeaseLost):
            a.settle()
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        shared_erp.sql("SELECT outbox.set_lanes('visma_net', 0)")


def test_order_per_key_while_lanes_move(shared_erp: World) -> None:
    """Relays come and go while projects change: no two calls for a key overlap (I8), none of an older state comes after
    one of a newer (I3), and the last wins (I4): see `recovered` in the fixture.
    """
    for code in CODES:
        _project(shared_erp, code)
    shared_erp.fault("latency", latency_ms=5, times=None)
    with ExitStack() as stay, ExitStack() as come:
        stay.enter_context(at_work(shared_erp.service(holder="a", rhythm=BRISK)))
        for n in range(24):
            shared_erp.sql("UPDATE accountview.projects SET description = %s", f"Dak {n}")
            if n % 8 == 2:
                come.enter_context(at_work(shared_erp.service(holder=f"n{n}", rhythm=BRISK)))
            if n % 8 == 7:
                come.close()
        shared_erp.heal()
        eventually(lambda: not shared_erp.pending())


def test_shares_are_given_from_the_top() -> None:
    """Pure: who has too many gives the highest lanes; a share that grows again takes them back."""
    holding = Holding({0: 1, 1: 1, 2: 1, 3: 1}, lanes=4)

    def shown() -> tuple[set[int], list[int] | None, bool]:
        return holding.leaving, holding.served, holding.fresh

    assert shown() == (set(), None, False)
    holding.divide(2)
    assert shown() == ({2, 3}, [0, 1], False)
    assert holding.drop({3}) == {3: 1}
    holding.divide(3)
    assert shown() == (set(), [0, 1, 2], True)
    holding.give_up()
    assert shown() == ({0, 1, 2}, [], True)
    holding.divide(3)
    assert holding.leaving == {0, 1, 2}
