"""Brakes: judged over all that is in sight before the first call leaves, held whole, until a person decides."""

from __future__ import annotations

import asyncio
import threading
from itertools import product
from typing import Any

import psycopg
import pytest

from outbox.relay.brake import Limits
from outbox.relay.braking import Brake
from outbox.relay.connection import connect
from outbox.relay.people import Verdict
from outbox.relay.reading import LOCKED_WAIT_S
from outbox.relay.schedule import Deliver, Mirror, Postpone, State
from outbox.relay.store import Store
from outbox.targets.delivery import Action
from tests.lane import UNBRAKED, World

USERS = 20


@pytest.fixture
def staffed(world: World) -> World:
    """Twenty users u00 to u19 in the cloud, who came long ago."""
    return _staff(world)


def _staff(world: World) -> World:
    world.sql(
        "INSERT INTO accountview.users (code, first_name, last_name, email)"
        " SELECT format('u%%s', lpad(n::text, 2, '0')), 'Voor', 'Naam', format('u%%s@example.nl', n)"
        " FROM generate_series(0, %s) AS n",
        USERS - 1,
    )
    return _settle_in(world)


def _settle_in(world: World) -> World:
    """What is there now came long ago."""
    world.limits = UNBRAKED
    world.settled()
    world.sql("DELETE FROM outbox.passed")
    world.limits = Limits()
    return world


def _delete(world: World, first: int, last: int) -> None:
    """One transaction."""
    world.sql("DELETE FROM accountview.users WHERE code BETWEEN %s AND %s", f"u{first:02}", f"u{last:02}")


def _held(world: World, resource: str = "users") -> list[Any]:
    query = "SELECT DISTINCT key FROM outbox.message WHERE status = 'held' AND target = %s AND resource = %s ORDER BY 1"
    return [tuple(key) for key in world.sql(query, world.target, resource)]


def _removed(world: World) -> int:
    return len([c for c in world.writes() if c.startswith("DELETE")])


# -- what trips ----------------------------------------------------------------------------------------------------


def test_five_of_twenty_users_may_go(staffed: World) -> None:
    """max(5, 10 %) within an hour needs nobody."""
    _delete(staffed, 0, 4)
    staffed.settled()
    assert len(staffed.users()) == 15


def test_six_of_twenty_users_are_held_whole(staffed: World) -> None:
    """One more than may: none of them goes, and each says what to do."""
    _delete(staffed, 0, 5)
    staffed.drain()
    assert len(staffed.users()) == USERS
    assert len(_held(staffed)) == 6
    status, error = staffed.last("users", "u03")
    batches = set(staffed.sql("SELECT batch FROM outbox.message WHERE status = 'held'"))
    assert status == "held"
    assert len(batches) == 1
    assert error == (
        "brake: 6 removals of users within an hour, more than 5;"
        f" decide with: outbox approve --batch {batches.pop()} (or reject)"
    )


def test_all_else_goes_on_beside_a_brake(staffed: World) -> None:
    """Held removals hold up no change and no new user."""
    _delete(staffed, 0, 5)
    staffed.sql("UPDATE accountview.users SET last_name = 'Nieuw' WHERE code = 'u10'")
    staffed.user("new")
    staffed.drain()
    assert "new@example.nl" in staffed.users()
    assert staffed.last("users", "u10")[0] == "updated"
    assert len(_held(staffed)) == 6


def test_removals_in_several_transactions_are_counted_together(staffed: World) -> None:
    """What was sent within the hour counts with what comes: 3 and 3 are 6, so the second 3 are held."""
    _delete(staffed, 0, 2)
    staffed.drain()
    assert len(staffed.users()) == USERS - 3
    _delete(staffed, 3, 5)
    staffed.drain()
    assert len(staffed.users()) == USERS - 3
    assert len(_held(staffed)) == 3


def test_an_hour_later_the_count_begins_again(staffed: World) -> None:
    """The limit is per hour."""
    _delete(staffed, 0, 4)
    staffed.drain()
    staffed.set_clock("61 minutes")
    _delete(staffed, 5, 9)
    staffed.settled()
    assert len(staffed.users()) == 10


def test_a_wave_goes_on_while_a_part_of_it_is_held(staffed: World) -> None:
    """Who comes within the hour after joins the batch, so that a person sees one wave and not two."""
    _delete(staffed, 0, 5)
    staffed.drain()
    _delete(staffed, 6, 6)
    staffed.drain()
    assert len(staffed.users()) == USERS
    assert len(set(staffed.sql("SELECT batch FROM outbox.message WHERE status = 'held'"))) == 1
    staffed.sql("UPDATE outbox.message SET settled_at = settled_at - interval '61 minutes' WHERE status = 'held'")
    _delete(staffed, 7, 7)
    staffed.drain()
    assert len(staffed.users()) == USERS - 1


def test_a_later_message_joins_what_is_held(staffed: World) -> None:
    """Whatever is asked about the key again, it stays held."""
    _delete(staffed, 0, 5)
    staffed.drain()
    staffed.sql("UPDATE outbox.message SET settled_at = settled_at - interval '3 hours' WHERE status = 'held'")
    staffed.message("users", "u03")
    staffed.message("users")
    staffed.drain()
    assert len(staffed.users()) == USERS
    assert set(staffed.ended("users", "u03")[1:]) == {"held"}
    assert len(set(staffed.sql("SELECT batch FROM outbox.message WHERE status = 'held'"))) == 1


def test_messages_that_are_not_expanded_yet_are_judged_too(staffed: World) -> None:
    """A coarse message stands for more removals than have a message of their own; all of them are held at once."""
    with staffed.uncaptured():
        _delete(staffed, 0, 5)
    staffed.message("users", "u00")
    staffed.message("users", operation="TRUNCATE")
    with staffed.stepping() as relay:
        seen = staffed.run(relay.store.claim_new("1:1:", 1, 60.0))[1]
        assert [m.key for m in seen] == [("u00",)]
        staffed.run(relay.lane._sort_in(seen))
        staffed.run(relay.lane._take_up())  # the one key, long before the other message is expanded
        assert len(_held(staffed)) == 6
    staffed.drain()
    assert len(_held(staffed)) == 6
    assert _removed(staffed) == 0


def test_later_pages_of_the_backlog_are_judged_too(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit in memory yet counts before the first call leaves."""
    monkeypatch.setattr("outbox.relay.claim.LIMIT", 2)
    monkeypatch.setattr("outbox.relay.lane.MAX_WAITING", 2)
    for n in range(6):
        _delete(staffed, n, n)
    staffed.drain(concurrency=1, batch_size=1)
    assert _removed(staffed) == 0
    assert len(_held(staffed)) == 6


def test_a_relay_killed_between_lets_nothing_through(staffed: World) -> None:
    """After each step a new relay: what was noted and what was held is in the database."""
    _delete(staffed, 0, 5)
    for steps in range(1, 4):
        with staffed.stepping() as relay:
            for _ in range(steps):
                relay.claim()
            relay.land()
    staffed.drain()
    assert _removed(staffed) == 0
    assert len(_held(staffed)) == 6


def test_a_relay_killed_after_some_left_counts_them(staffed: World) -> None:
    """Three are on their way when it is killed; three more are too many for the next relay."""
    _delete(staffed, 0, 2)
    with staffed.stepping() as relay:
        relay.begin()
        relay.land()
    _delete(staffed, 3, 5)
    staffed.drain()
    assert len(staffed.users()) == USERS - 3
    assert len(_held(staffed)) == 3


def test_truncate_of_the_source_is_held(staffed: World) -> None:
    """An empty table is every row gone."""
    staffed.sql("TRUNCATE accountview.users CASCADE")
    staffed.drain()
    assert len(staffed.users()) == USERS
    assert len(_held(staffed)) == USERS
    assert (staffed.last("users", "u00")[1] or "").startswith("brake: all 20 rows of users would be removed")


@pytest.mark.parametrize("at_once", [True, False])
def test_all_rows_of_a_small_resource_are_held(world: World, at_once: bool) -> None:
    """Three of three are fewer than five, and still all; two go one by one, the last does not."""
    for code in ("ann", "bob", "cas"):
        world.user(code)
    world.drain()
    if at_once:
        world.sql("DELETE FROM accountview.users")
    else:
        for code in ("ann", "bob", "cas"):
            world.sql("DELETE FROM accountview.users WHERE code = %s", code)
            world.drain()
    world.drain()
    assert len(world.users()) == (3 if at_once else 1)
    assert _held(world) == ([("ann",), ("bob",), ("cas",)] if at_once else [("cas",)])


def test_the_only_row_of_a_resource_may_go(world: World) -> None:
    """All of one is no wave."""
    world.user("ann")
    world.drain()
    world.sql("DELETE FROM accountview.users")
    world.settled()
    assert world.users() == []


# -- invitations and grants ----------------------------------------------------------------------------------------


def test_ten_new_users_are_invited_and_eleven_are_not(world: World) -> None:
    """Each new user gets a mail, which cannot be taken back."""
    for n in range(11):
        world.user(f"n{n:02}")
    world.drain()
    assert world.invited() == []
    assert len(_held(world)) == 11
    assert (world.last("users", "n00")[1] or "").startswith("brake: 11 new users within an hour, more than 10;")
    world.sql("DELETE FROM accountview.users WHERE code = 'n10'")
    world.drain()
    assert world.ended("users", "n10") == ["superseded", "unchanged"]  # gone from the view: nothing to decide
    world.sql("UPDATE outbox.message SET settled_at = settled_at - interval '2 hours' WHERE status = 'held'")
    for n in range(10):
        world.user(f"m{n:02}")
    world.drain()
    assert len(world.invited()) == 10


def test_what_a_user_may_open_who_is_gone_from_the_cloud_is_no_grant_in_sight(world: World) -> None:
    """Nothing is sent for it until a person has him created again: it does not hold what others may open."""
    for code in ("ann", "bob"):
        world.user(code)
        world.company(f"of {code}")
    world.settled()
    world.sql("UPDATE outbox.mirror SET gone = key = '{ann}' WHERE resource = 'users'")
    world.sql("INSERT INTO accountview.administration_access (administration_code, user_code)"
              " VALUES ('A1', 'ann'), ('A1', 'bob')")  # fmt: skip
    world.limits = Limits(grants=2, grants_percent=0)
    world.drain()
    assert len(world.holds()["tenant_users"]) == 2


def test_a_wave_of_grants_is_held_and_a_wave_of_revocations_is_not(staffed: World) -> None:
    """Three companies opened to everybody are 60 grants at once; taking access away is never braked."""
    for code in ("001", "002", "003"):
        staffed.company(code, "A1")
    staffed.drain()
    staffed.sql("UPDATE accountview.users SET all_administrations = true")
    staffed.drain()
    assert len(_held(staffed, "company_access")) == 60
    assert not [c for c in staffed.writes() if "/tenants/" in c and "/users/" in c]
    staffed.sql("SELECT outbox.approve(%s, 'company_access')", staffed.target)
    staffed.settled()
    staffed.sql("UPDATE accountview.users SET all_administrations = false")
    staffed.settled()
    assert len([c for c in staffed.writes() if c.startswith("DELETE") and "/tenants/" in c]) == 60


@pytest.mark.parametrize("name", ["last_name", "NULL"])
def test_codes_that_change_are_no_removals(staffed: World, name: str) -> None:
    """All users get another code, but for one who goes: their objects move to it, whether they are ready or not, nobody
    else goes and nobody is invited.
    """
    before = staffed.invited()
    with staffed.database.transaction():
        staffed.sql("DELETE FROM accountview.users WHERE code = 'u00'")
        staffed.sql(f"UPDATE accountview.users SET code = 'x' || code, last_name = {name}")
    staffed.settled()
    assert len(staffed.users()) == USERS - 1
    assert staffed.invited() == before
    assert _held(staffed) == []


# -- companies and what belongs to them ----------------------------------------------------------------------------


@pytest.fixture
def books(erp: World) -> World:
    """Eight companies, each with three projects, of administrations B0 to B7."""
    for n in range(8):
        erp.sql(
            "INSERT INTO accountview.administrations VALUES (%s, 'Boek', 'Dam 1', '1012 AB', 'Breda', 'NL')", f"B{n}"
        )
        erp.company(f"c{n}", f"B{n}")
    erp.sql(
        "INSERT INTO accountview.projects (administration_code, code, description, start_date)"
        " SELECT 'B' || a, 'P' || p, 'Werk', DATE '2026-01-01' FROM generate_series(0, 7) a, generate_series(1, 3) p"
    )
    return _settle_in(erp)


@pytest.mark.parametrize("together", [False, True])
def test_children_that_go_with_their_company_are_not_braked(books: World, together: bool) -> None:
    """Two companies with six projects: the limit of the projects is not asked, nor while the calls are under way, nor
    where all of them are looked at together.
    """
    books.sql("DELETE FROM accountview.companies WHERE code IN ('c0', 'c1')")
    if together:
        for code, project in product(("c0", "c1"), ("P1", "P2", "P3")):
            books.message("projects", code, project)
    books.settled()
    assert books.mirror("projects", "c0", "P1") is None
    assert books.sql("SELECT count(*) FROM outbox.message WHERE batch IS NOT NULL") == [0]


def test_children_of_a_held_company_stay_with_it(books: World) -> None:
    """Six companies are held, and not one of their projects is touched; approved, all of it goes."""
    books.sql("DELETE FROM accountview.companies WHERE code <= 'c5'")
    writes = len(books.writes())
    books.drain()
    assert len(_held(books, "companies")) == 6
    assert len(books.writes()) == writes
    books.sql("SELECT outbox.approve(%s, 'companies')", books.target)
    books.settled()
    assert len(books.holds()["tenants"]) == 2
    assert not [r for r in ("companies", "projects") if _held(books, r)]


def test_children_of_a_company_that_is_paused_ask_ever_more_seldom(books: World) -> None:
    """Nobody may judge it meanwhile, and there may be thousands of them; resumed, all of it goes."""
    books.sql("SELECT outbox.pause(%s, 'companies', reason => 'x')", books.target)
    books.sql("DELETE FROM accountview.companies WHERE code = 'c0'")
    with books.stepping() as relay:
        books.run(relay.lane.outlook.look())
        relay.round()
        books.sql("UPDATE outbox.message SET changed_at = now() - interval '1 hour', due_at = now()"
                  " WHERE status = 'pending' AND resource = 'projects'")  # fmt: skip
        relay.round()
    waits = books.sql(
        "SELECT extract(epoch FROM due_at - now()) FROM outbox.message WHERE error LIKE 'its company c0 %'"
    )
    assert len(waits) >= 3
    assert min(waits) > 30
    books.sql("SELECT outbox.resume(%s, 'companies')", books.target)
    books.settled()


def test_a_rejected_company_keeps_its_projects(books: World) -> None:
    """Whatever looks at them later; back in the view, they are kept up again."""
    books.sql("DELETE FROM accountview.companies WHERE code <= 'c5'")
    books.drain()
    books.sql("SELECT outbox.reject(%s, 'companies', why => 'moved by mistake')", books.target)
    assert not [r for r in ("companies", "projects") if _held(books, r)]
    writes = len(books.writes())
    books.message("projects")
    books.message("companies")
    books.drain()
    assert len(books.writes()) == writes
    assert books.last("projects", "c0", "P1")[0] == "rejected"
    for n in range(6):
        books.company(f"c{n}", f"B{n}")
    books.sql("UPDATE accountview.projects SET description = 'Weer' WHERE code = 'P1'")
    books.settled()
    assert books.sql("SELECT count(*) FROM outbox.rejection") == [0]


def test_many_projects_by_a_cascade_are_held(books: World) -> None:
    """Deleted administrations take their projects in the same statement; the companies stay, with none of them."""
    books.sql("DELETE FROM accountview.administrations WHERE code IN ('B0', 'B1')")
    books.drain()
    assert len(_held(books, "projects")) == 6
    assert books.last("projects", "c0", "P1")[0] == "held"
    assert books.sql("SELECT count(*) FROM outbox.mirror WHERE resource = 'projects'") == [24]


# -- a row that comes back -----------------------------------------------------------------------------------------


def test_a_removal_that_came_to_nothing_passes_no_brake_later(staffed: World) -> None:
    """Begun when the relay died, and the row back as a person had rejected it: doubted and deleted later, it is judged
    as any other.
    """
    staffed.sql(
        "UPDATE accountview.users SET (first_name, last_name, email) = ('E', 'A', 'e@elders.nl') WHERE code = 'u00'"
    )
    staffed.drain()
    staffed.sql("SELECT outbox.reject('accountview_net', 'users', '{u00}', why => 'somebody else')")
    with staffed.stepping() as relay:
        _delete(staffed, 0, 0)
        relay.begin()
        staffed.user("u00", "e@elders.nl", "E", "A")
    staffed.drain()
    assert staffed.last("users", "u00")[0] == "rejected"
    staffed.limits = Limits(removals=0, removals_percent=0.0)
    staffed.sql("DELETE FROM outbox.passed")  # an hour later
    staffed.sql("SELECT outbox.doubt('accountview_net', '{users}', '{u00}')")
    _delete(staffed, 0, 0)
    staffed.drain()
    assert (staffed.last("users", "u00")[0], len(staffed.users())) == ("held", USERS)


def test_a_row_that_comes_back_is_over(staffed: World) -> None:
    """Nobody has to decide about what is in the view again."""
    _delete(staffed, 0, 5)
    staffed.drain()
    staffed.user("u03", "u3@example.nl")
    staffed.drain()
    assert staffed.ended("users", "u03")[-2:] == ["superseded", "unchanged"]
    assert len(_held(staffed)) == 5
    staffed.sql("SELECT outbox.approve(%s, 'users')", staffed.target)
    staffed.settled()
    assert len(staffed.users()) == USERS - 5


# -- a register, and what its preview showed -----------------------------------------------------------------------


def _register(world: World, shown: int, *key: str) -> None:
    counts = f'{{"users": {{"remove": {shown}, "create": 0}}}}'
    world.sql("SELECT outbox.register(%s, 'users', %s, %s)", world.target, list(key), counts)


@pytest.mark.parametrize("held", [False, True])
def test_a_register_lets_pass_what_its_preview_showed(staffed: World, held: bool) -> None:
    """A person saw eight removals and agreed; that some were held already says the preview as well."""
    _delete(staffed, 0, 7)
    if held:
        staffed.drain()
    _register(staffed, 8)
    staffed.settled()
    assert len(staffed.users()) == USERS - 8
    assert _held(staffed) == []
    _delete(staffed, 8, 12)
    staffed.settled()  # what was approved does not count for the others
    _delete(staffed, 13, 13)
    staffed.drain()
    assert _held(staffed) == [("u13",)]


def test_what_a_register_let_pass_went_once(staffed: World) -> None:
    """Approved and removed, back again with a person's word, and gone once more: that is another wave."""
    _delete(staffed, 0, 7)
    _register(staffed, 8)
    staffed.settled()
    for n in range(8):
        staffed.user(f"u{n:02}", f"u{n}@example.nl")
        staffed.register("users", f"u{n:02}")
    staffed.settled()
    assert len(staffed.users()) == USERS
    _delete(staffed, 0, 7)
    staffed.drain()
    assert len(_held(staffed)) == 8
    assert len(staffed.users()) == USERS


@pytest.mark.parametrize("shown", [2, None])
def test_a_register_whose_preview_showed_far_fewer_approves_nothing(staffed: World, shown: int | None) -> None:
    """Between preview and confirmation many went, or (from SQL) there was no preview: nobody has seen those."""
    _delete(staffed, 0, 9)
    if shown is None:
        staffed.register("users")
    else:
        _register(staffed, shown)
    staffed.drain()
    assert len(staffed.users()) == USERS
    assert len(_held(staffed)) == 10


def test_a_few_more_than_the_preview_showed_count_as_ever(staffed: World) -> None:
    """A busy morning must not void a first load, and what nobody saw has the limit of every hour: 3 more, then 2."""
    _delete(staffed, 0, 7)
    _register(staffed, 5)
    staffed.settled()
    assert len(staffed.users()) == USERS - 8
    _delete(staffed, 8, 9)
    staffed.settled()
    _delete(staffed, 10, 10)
    staffed.drain()
    assert _held(staffed) == [("u10",)]


def test_a_register_of_one_key_is_a_decision_about_it(staffed: World) -> None:
    """Whoever names one user has decided about him, and about no other."""
    _delete(staffed, 0, 7)
    staffed.drain()
    staffed.register("users", "u03")
    staffed.drain()
    assert len(staffed.users()) == USERS - 1
    assert len(_held(staffed)) == 7


def test_what_was_shown_below_a_key_is_approved_there_alone(books: World) -> None:
    """A register of one company's projects says nothing about another's."""
    books.sql("DELETE FROM accountview.projects WHERE administration_code IN ('B0', 'B1', 'B2')")
    books.sql(
        "SELECT outbox.register(%s, 'projects', '{c0}', '{\"projects\": {\"remove\": 3}}')",
        books.target,
    )
    books.drain()
    assert len(_held(books, "projects")) == 6
    assert books.mirror("projects", "c0", "P1") is None


def test_a_first_load_with_all_that_hangs_below_passes(world: World) -> None:
    """Grants are sent when their user and company have come, by other messages than the register's own."""
    world.company("001")
    world.company("002")
    world.sql(
        "INSERT INTO accountview.users (code, first_name, last_name, email, all_administrations)"
        " SELECT 'u' || n, 'Voor', 'Naam', format('u%s@example.nl', n), true FROM generate_series(1, 40) AS n"
    )
    world.sql("DELETE FROM outbox.message")
    shown = '{"users": {"create": 40}, "company_access": {"create": 80}}'
    world.sql("SELECT outbox.register(%s, shown => %s)", world.target, shown)
    world.settled()
    assert len(world.invited()) == 40


# -- cost and races ------------------------------------------------------------------------------------------------


def test_changes_that_no_brake_watches_cost_nothing(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Updates, unchanged rows and revoked access never ask the brakes' tables."""

    async def refuse(*_: object) -> None:
        raise AssertionError("the brake was asked")

    for question in ("look", "leaving_companies"):
        monkeypatch.setattr(f"outbox.relay.brake_rows.BrakeRows.{question}", refuse)
    staffed.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    staffed.settled()


def test_a_single_removal_reads_no_view(staffed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Far from a limit a short look at the pending messages is enough."""

    async def refuse(*_: object, **__: object) -> None:
        raise AssertionError("all in sight was counted")

    monkeypatch.setattr("outbox.relay.brake_rows.BrakeRows.note_in_sight", refuse)
    _delete(staffed, 0, 1)
    staffed.settled()


def test_two_judgements_at_once_do_not_both_pass(staffed: World) -> None:
    """Two lanes with three removals each, begun at the same moment, many times over: never do six pass."""
    staffed.sql("DELETE FROM outbox.message")
    for _ in range(10):
        staffed.sql("DELETE FROM outbox.passed")
        staffed.sql("DELETE FROM outbox.message")
        together = threading.Barrier(2)
        passed: list[str] = []
        threads = [
            threading.Thread(target=_race, args=(staffed, keys, together, passed)) for keys in (range(3), range(3, 6))
        ]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        assert len(passed) <= 5, passed


def _race(world: World, numbers: range, together: threading.Barrier, passed: list[str]) -> None:
    """One lane with its own connection; its messages are not there before it judges, as when both have just come."""

    async def run() -> None:
        connection = await connect(world.dsn)
        try:
            store = Store(connection, world.target)
            await store.read_views()
            states, remove = _states(world.dsn, world.target, numbers), Deliver(Action.REMOVE)
            judged: list[tuple[State, Verdict]] = [(s, remove) for s in states]
            together.wait(10)
            stopped = await Brake(store, Limits()).stop(judged)
            passed.extend(s.key[0] for s, _ in judged if (s.resource, s.key) not in stopped)
        finally:
            await connection.close()

    asyncio.run(run())


def _states(dsn: str, target: str, numbers: range) -> list[State]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        query = (
            "INSERT INTO outbox.message (target, resource, key, operation)"
            " VALUES (%s, 'users', %s, 'DELETE') RETURNING id"
        )
        ids = {n: connection.execute(query, (target, [f"u{n:02}"])).fetchone() for n in numbers}
    mirror = Mirror("r", "{}")
    return [State("users", (f"u{n:02}",), row, row, mirror=mirror) for n, row in ids.items() if row]


def test_a_lock_is_waited_for_as_everywhere_else(staffed: World) -> None:
    """An ALTER TABLE, or a long judgement of another lane: five seconds, not the half minute of a broken view, and what
    is said does not blame one.
    """

    async def run(states: list[State]) -> list[Verdict]:
        async with await connect(staffed.dsn) as connection:
            store = Store(connection, staffed.target)
            await store.read_views()
            stopped = await Brake(store, Limits()).stop([(s, Deliver(Action.REMOVE)) for s in states])
            return list(stopped.values())

    with psycopg.connect(staffed.dsn) as other:
        other.execute("SELECT FROM outbox.target FOR UPDATE")
        [waits] = asyncio.run(run(_states(staffed.dsn, staffed.target, range(1))))
    assert isinstance(waits, Postpone)
    assert (waits.wait_s, "view" in waits.why) == (LOCKED_WAIT_S, False)


def test_a_view_that_cannot_be_read_lets_nothing_pass(apart: World) -> None:
    """The brake looks at the views of the parents too; what it cannot count waits, and nothing else does."""
    for code in ("001", "002", "003", "004"):
        apart.company(code, "A1")
    _staff(apart)
    apart.sql("UPDATE accountview.users SET all_administrations = true")
    apart.sql("ALTER VIEW accountview_net.companies RENAME COLUMN company_code TO code")
    apart.sql("UPDATE accountview.users SET last_name = 'Nieuw' WHERE code = 'u00'")
    with apart.stepping() as relay:
        relay.round()
    assert not [c for c in apart.writes() if "/tenants/" in c and "/users/" in c]
    assert apart.last("users", "u00")[0] == "updated"
    apart.sql("ALTER VIEW accountview_net.companies RENAME COLUMN code TO company_code")
    apart.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
    apart.drain()
    assert len(_held(apart, "company_access")) == 80


def test_each_new_user_in_sight_is_one_look_into_the_index(world: World) -> None:
    """By its key, and not by the resource alone: 20,000 new users would be each by each."""
    world.sql("INSERT INTO accountview.users (code, first_name, last_name, email)"
              " SELECT 'u' || n, 'Voor', 'Naam', n || '@example.nl' FROM generate_series(1, 40) AS n")  # fmt: skip
    with world.stepping() as relay:
        plans = relay.explaining("sight AS")
        relay.begin()
    looks = [plans[i + 1] for i, line in enumerate(plans) if "message_open" in line]
    assert looks
    assert all("(key = " in line for line in looks), plans
