"""Codes that look like something else, many values at once, and changes in the middle of other changes."""

from __future__ import annotations

import json
import random
import re
import string
from typing import Any

import psycopg
import pytest

from outbox import install
from tests.lane import World

ODD = [
    "NULL",
    "{x}",
    '"q"',
    "a,b",
    "a/b",
    "back\\slash",
    "é ü",
    " x ",
    "%s",
    "100%",
    "ann'; --",
    "\u0130I\u0131",
    "../x",
]


@pytest.mark.parametrize("code", ODD)
def test_any_code_finds_its_way(erp: World, code: str) -> None:
    """As a user, a company and a project: made, changed, and removed again."""
    erp.user(code, "odd@example.nl")
    erp.company(code)
    erp.right(code)
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', %s, 'Dak', '2026-01-01')", code)
    erp.settled()
    assert len(erp.holds()["tenant_users"]) == 1
    erp.sql("UPDATE accountview.projects SET description = 'Nieuw'")
    erp.settled()
    erp.sql("DELETE FROM accountview.users")
    erp.sql("DELETE FROM accountview.projects")
    erp.settled()
    assert erp.holds()["users"] == {}


def test_more_values_than_one_call_takes_go_out_in_several(erp: World) -> None:
    """One call of a company in flight at a time, each full, none left behind."""
    erp.company("001")
    erp.drain()
    erp.sql("INSERT INTO accountview.cost_types SELECT 'A1', n::text, 'Soort ' || n FROM generate_series(1, 25) AS n")
    erp.drain(batch_size=10)
    assert erp.differences() == []
    assert len(erp.calls("PUT", "/dimension")) == 3


def test_a_full_call_is_begun_behind_the_one_in_flight_and_a_small_one_waits(erp: World) -> None:
    """So the database is busy while the cloud is, but what comes in single changes is not sent in many small calls."""
    erp.company("001")
    erp.drain()
    erp.sql("INSERT INTO accountview.cost_types SELECT 'A1', n::text, 'Soort ' || n FROM generate_series(1, 35) AS n")
    with erp.stepping(batch_size=10) as relay:
        relay.begin()
        assert len(relay.lane.in_flight) == 20
        relay.land()
        relay.settle()
        relay.begin()
        assert len(relay.lane.in_flight) == 10
        erp.sql("UPDATE accountview.cost_types SET description = 'Anders' WHERE code = '1'")
        relay.round()
    assert erp.differences() == []
    assert len(erp.calls("PUT", "/dimension")) == 4


@pytest.mark.parametrize(("rows", "kept"), [(5, 3), (150, 0)])
def test_plans_are_kept_for_few_keys_only(erp: World, rows: int, kept: int) -> None:
    """A kept plan does not know how many keys it is for; for many it would read whole tables while they are small."""
    erp.company("001")
    erp.drain()
    insert = "INSERT INTO accountview.cost_types SELECT 'A1', n::text, 'Soort' FROM generate_series(1, %s) AS n"
    erp.sql(insert, rows)
    ours = "statement LIKE '%uncounted%' OR statement LIKE '%intent text, sending%' OR statement LIKE 'WITH wanted%'"
    with erp.stepping() as relay:
        for n in range(8):
            erp.sql("UPDATE accountview.cost_types SET description = 'Soort ' || %s", n)
            relay.round()
        query = f"SELECT count(DISTINCT left(statement, 200)) FROM pg_prepared_statements WHERE {ours}"
        found = relay.world.run(relay.store.connection.execute(query.encode()))
        assert relay.world.run(found.fetchone()) == (kept,)


def test_many_are_settled_each_for_itself_behind_a_long_history(erp: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Statistics that say that nearly all messages are done must not have each of them compared with each."""
    rows = 150
    erp.company("001")
    erp.drain()
    erp.sql("INSERT INTO outbox.message (target, resource, key, operation, status, outcome, settled_at)"
            " SELECT 'visma_net', 'projects', ARRAY['001', 'Q' || n], 'UPDATE', 'done', 'updated', now()"
            " FROM generate_series(1, 30000) AS n")  # fmt: skip
    erp.sql("ANALYZE outbox.message")
    erp.sql("INSERT INTO accountview.cost_types SELECT 'A1', n::text, 'Soort' FROM generate_series(1, %s) AS n", rows)
    plans: list[Any] = []
    with erp.stepping() as relay:
        store, ask = relay.store, relay.store.ask

        async def explaining(query: Any, keys: int = 1, /, **parameters: Any) -> list[Any]:
            if "uncounted" in str(query):
                async with store.connection.transaction(force_rollback=True):
                    plans.append((await ask(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", keys, **parameters))[0][0])
            return await ask(query, keys, **parameters)

        monkeypatch.setattr(store, "ask", explaining)
        relay.round()
    thrown_away = [int(n) for plan in plans for n in re.findall(r"'Rows Removed by Join Filter': (\d+)", str(plan))]
    assert plans
    assert sum(thrown_away) < 10 * rows


@pytest.mark.parametrize("call", ["create", "update"])
def test_a_code_that_changes_while_a_call_is_in_flight(world: World, call: str) -> None:
    """The object does not move under a call that is under way: the new code waits for what becomes of the old one's
    call, then takes the object over.
    """
    world.user("ann")
    if call == "update":
        world.drain()
        world.sql("UPDATE accountview.users SET last_name = 'Eerst'")
    with world.stepping() as relay:
        relay.begin()
        world.sql("UPDATE accountview.users SET code = 'anna', last_name = 'Daarna'")
        relay.turn()
        relay.round()
    world.settled()
    assert world.invited() == ["ann@example.nl"]
    assert world.mirror("users", "ann") is None
    assert next(iter(world.holds()["users"].values()))["last_name"] == "Daarna"


def test_a_code_that_changes_there_and_back_again(world: World) -> None:
    """Two renames before anybody looked, and one while the first is being looked at."""
    world.user("ann")
    world.drain()
    world.sql("UPDATE accountview.users SET code = 'anna'")
    with world.stepping() as relay:
        relay.claim()
        world.sql("UPDATE accountview.users SET code = 'ann'")
        relay.round()
    world.settled()
    assert world.invited() == ["ann@example.nl"]
    assert world.calls("DELETE") == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", None])
def test_everything_goes_and_comes_back(erp: World, kind: str | None) -> None:
    """All rows deleted and inserted again, while the first removals are under way."""

    def fill() -> None:
        for code in ("ann", "bob"):
            erp.user(code)
            erp.right(code)
        erp.company("001")
        erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")

    fill()
    erp.settled()
    erp.sql("DELETE FROM accountview.users; DELETE FROM accountview.companies; DELETE FROM accountview.projects")
    if kind:
        erp.fault(kind, "DELETE", times=2)
    with erp.stepping() as relay:
        relay.begin()
        fill()
        relay.turn()
        relay.begin()
    erp.settled()


def test_a_day_as_a_code(apart: World) -> None:
    """One text form in trigger, view, mirror and expansion, though sessions of this database write days otherwise, and
    letters as well.
    """
    for setting in ("DateStyle = German", "client_encoding = LATIN1"):
        apart.sql(f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting}', current_database()); END $$")
    apart.sql("SET DateStyle = German")
    apart.sql(
        "CREATE TABLE accountview.days (day date PRIMARY KEY, link int NOT NULL);"
        " CREATE TABLE accountview.people (link int PRIMARY KEY, email text);"
        " DROP VIEW accountview_net.users;"
        " CREATE VIEW accountview_net.users AS SELECT d.day AS user_code, U&'\\0130lk\\0131z'::text AS first_name,"
        " 'B'::text AS last_name, p.email, 'nl'::text AS language, 'NL'::text AS country_code"
        " FROM accountview.days AS d JOIN accountview.people AS p USING (link)"
    )
    install.apply(apart.database, install.plan(apart.database))
    apart.sql("INSERT INTO accountview.people VALUES (1, 'a@example.nl')")
    apart.sql("INSERT INTO accountview.days VALUES ('01.03.2026', 1)")
    apart.drain()
    assert apart.sql("SELECT key FROM outbox.mirror WHERE resource = 'users'") == [["2026-03-01"]]
    assert [u["first_name"] for u in apart.holds()["users"].values()] == ["\u0130lk\u0131z"]
    apart.sql("UPDATE accountview.people SET email = 'b@example.nl'")
    apart.drain()
    assert apart.users() == ["b@example.nl"]
    apart.sql("DELETE FROM accountview.days")
    apart.drain()
    assert apart.users() == []
    keys = apart.sql("SELECT DISTINCT key FROM outbox.message WHERE resource = 'users' AND key <> '{}'")
    assert keys == [["2026-03-01"]]


def test_a_key_that_no_index_takes(apart: World) -> None:
    """The application's table has none, and takes it. The row is left out and check says so; all others go on, also
    when everything is registered. What names such a key itself is dead, with the reason.
    """
    long = "".join(random.Random(1).choices(string.ascii_letters + string.digits, k=5000))
    apart.sql(
        "CREATE TABLE accountview.people (code text, email text);"
        " DROP VIEW accountview_net.users;"
        " CREATE VIEW accountview_net.users AS SELECT code AS user_code, 'A'::text AS first_name, 'B'::text"
        " AS last_name, email, 'nl'::text AS language, 'NL'::text AS country_code FROM accountview.people"
    )
    install.apply(apart.database, install.plan(apart.database))
    apart.sql("INSERT INTO accountview.people VALUES (%s, 'long@example.nl'), ('ann', 'ann@example.nl')", long)
    apart.drain()
    apart.sql("UPDATE accountview.people SET email = 'b' || email")
    apart.register("users")
    apart.drain()
    via = json.dumps({"key": {"user_code": long}})
    apart.sql("INSERT INTO outbox.message (target, resource, via, operation)"
              " VALUES ('accountview_net', 'users', %s, 'EXPAND')", via)  # fmt: skip
    apart.drain()
    assert apart.users() == ["bann@example.nl"]
    said = apart.sql("SELECT error FROM outbox.message WHERE status = 'dead'")
    assert said == ["its key is too long for the outbox: 2,600 bytes are the most"]
    assert any("too long for the outbox" in f.evidence for f in install.check(apart.database))
    # one that the queue takes, with other columns beside it than elsewhere
    apart.sql("INSERT INTO accountview.people VALUES (%s, 'longer@example.nl')", long[:2640])
    apart.sql("INSERT INTO accountview.people VALUES (%s, 'short@example.nl')", long[:2500])
    apart.drain()
    assert apart.users() == ["bann@example.nl", "short@example.nl"]
    assert apart.last("users", long[:2640]) == ("dead", *said)


def test_a_null_in_a_key(erp: World) -> None:
    """A window of the application may register what it has no code of: there is no such row, and all others go on."""
    for resource, key in (("users", [None]), ("cost_centres", ["A1", None]), ("company_access", [None])):
        erp.sql("SELECT outbox.register(%s, %s, %s::text[])", erp.target, resource, key)
    erp.sql("UPDATE accountview.administrations SET name = name || '.' WHERE code = 'A1'")
    erp.settled()
    outcomes = erp.sql("SELECT DISTINCT outcome FROM outbox.message WHERE operation = 'REGISTER' ORDER BY 1")
    assert outcomes == ["expanded", "unchanged"]


REFUSED = {
    "too long": ("users", ["A", "B"], "the key is {A,B}, and may be (user_code) or the beginning of it"),
    "too long for one of all": (None, ["A", "B"], "the key is {A,B}, and may be (user_code)"),
    "null": ("cost_centres", None, "the key is null, and may be (company_code, cost_centre_code)"),
    "of no resource": ("nothing", [], "there is no desired view visma_net.nothing"),
}


def test_what_cannot_be_registered_is_refused(erp: World) -> None:
    """Nothing is cut to what would fit, and a table that happens to have that name is no resource."""
    erp.sql("CREATE TABLE visma_net.nothing ()")
    try:
        for resource, key, said in REFUSED.values():
            with pytest.raises(psycopg.errors.InvalidParameterValue, match=re.escape(said)):
                erp.sql("SELECT outbox.register('visma_net', %s, %s::text[])", resource, key)
    finally:
        erp.sql("DROP TABLE visma_net.nothing")
