"""From a coarse message to keys: a prefix, a pattern, a chain, or everything."""

from __future__ import annotations

import json
import threading

import psycopg
import pytest

from tests.lane import World, eventually

FOLLOW = """
    CREATE FUNCTION outbox.follow_group(starts jsonb) RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT s.start, m.user_code
        FROM jsonb_array_elements(starts) AS s (start)
        JOIN accountview.group_members AS m ON m.group_code = s.start ->> 'group_code'
    $$
"""

FOLLOW_LINKS = """
    CREATE TABLE accountview.links (link text, user_code text);
    CREATE FUNCTION outbox.follow_links(starts jsonb) RETURNS TABLE (start jsonb, anchor text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
        SELECT e.start, l.user_code
        FROM jsonb_array_elements(starts) AS e (start)
        CROSS JOIN LATERAL jsonb_to_record(e.start) AS s (link text)
        JOIN accountview.links AS l ON l.link = s.link
    $$
"""


@pytest.fixture
def settled(world: World) -> World:
    """ann and bob may open 001 and 002; all of it is in the cloud, and the messages are gone."""
    for code in ("ann", "bob"):
        world.user(code)
        world.right(code, "A1")
        world.right(code, "A2")
    world.company("001", "A1")
    world.company("002", "A2")
    world.drain()
    world.sql("TRUNCATE outbox.message")
    return world


def _spoil(world: World, *keys: tuple[str, str]) -> None:
    """The mirror believes something else of these accesses: they will be looked at."""
    for user, company in keys:
        world.sql("UPDATE outbox.mirror SET parents = '{other}' WHERE resource = 'company_access' AND key = %s",
                  [user, company])  # fmt: skip


def _coarse(world: World, resource: str, key: list[str] | None = None, via: dict[str, object] | None = None) -> None:
    world.sql("INSERT INTO outbox.message (target, resource, key, via, operation) VALUES (%s, %s, %s, %s, 'UPDATE')",
              world.target, resource, key, json.dumps(via) if via is not None else None)  # fmt: skip


def _looked_at(world: World) -> set[tuple[str, ...]]:
    keys = world.sql("SELECT to_jsonb(key) FROM outbox.message WHERE operation IN ('EXPAND', 'REGISTER')"
                     " AND cardinality(key) = 2")  # fmt: skip
    return {tuple(k) for k in keys}


def test_what_is_as_it_should_be_gets_no_message(settled: World) -> None:
    """{} of everything: one statement for each resource, no message and no call."""
    calls = len(settled.calls())
    settled.register()
    settled.drain()
    assert settled.sql("SELECT DISTINCT outcome FROM outbox.message") == ["expanded"]
    assert len(settled.calls()) == calls


@pytest.mark.parametrize(("key", "via", "reached"), [
    (["ann"], None, {("ann", "001"), ("ann", "002")}),
    ([], None, {("ann", "001"), ("ann", "002"), ("bob", "001")}),
    (["an"], None, set()),
    (None, {"key": {"company_code": "001"}}, {("ann", "001"), ("bob", "001")}),
])  # fmt: skip
def test_a_coarse_message_reaches_the_keys_below_it_and_no_other(
    settled: World, key: list[str] | None, via: dict[str, object] | None, reached: set[tuple[str, str]]
) -> None:
    """The beginning of a key, which is no beginning of a text; of a later column a pattern. Of those that it reaches,
    what has to be looked at: all but bob's 002.
    """
    _spoil(settled, ("ann", "001"), ("ann", "002"), ("bob", "001"))
    _coarse(settled, "company_access", key, via)
    settled.drain()
    assert _looked_at(settled) == reached
    if key == []:
        settled.settled(lost=True)  # the messages of before were deleted


def test_a_chain_is_followed_in_current_data(apart: World) -> None:
    """Who is in the group now: looked up after commit, one query for all messages of the chain."""
    apart.sql(FOLLOW)
    for code in ("ann", "bob", "cor"):
        apart.user(code)
    apart.company("001")
    apart.sql("INSERT INTO accountview.user_groups VALUES ('g', 'G')")
    apart.sql("INSERT INTO accountview.group_members VALUES ('ann', 'g'), ('bob', 'g')")
    apart.sql("INSERT INTO accountview.administration_access (administration_code, group_code) VALUES ('A1', 'g')")
    apart.sql("DELETE FROM outbox.message WHERE resource IN ('company_access', 'app_access')")
    _coarse(apart, "company_access", via={"follow": "follow_group", "start": {"group_code": "g"}, "key": {}})
    apart.settled()
    assert len(apart.holds()["tenant_users"]) == 2


def test_a_chain_with_known_columns_names_whole_keys(apart: World) -> None:
    """With company_code known of the row itself, only {user, 001} of each user is looked at, in the view or not."""
    apart.sql(FOLLOW)
    apart.user("ann")
    apart.sql("INSERT INTO accountview.user_groups VALUES ('g', 'G')")
    apart.sql("INSERT INTO accountview.group_members VALUES ('ann', 'g')")
    apart.drain()
    known = {"company_code": "001"}
    _coarse(apart, "company_access", via={"follow": "follow_group", "start": {"group_code": "g"}, "key": known})
    apart.drain()
    assert apart.last("company_access", "ann", "001")[0] == "unchanged"


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE accountview.links RENAME TO chains",
        "ALTER TABLE accountview.links RENAME COLUMN link TO chain",
        "ALTER TABLE accountview.links ALTER COLUMN link TYPE bytea USING link::bytea",
        "DROP FUNCTION outbox.follow_links",
    ],
    ids=["table renamed", "column renamed", "column retyped", "function dropped"],
)
def test_a_chain_that_can_be_followed_no_more_looks_at_everything(apart: World, change: str) -> None:
    """A table or column on the way has another name or type now: the change is not lost, and nothing stops."""
    apart.sql(FOLLOW_LINKS)
    apart.user("ann")
    apart.company("001")
    apart.right("ann")
    apart.drain()
    _spoil(apart, ("ann", "001"))
    _coarse(apart, "company_access", via={"follow": "follow_links", "start": {"link": "g"}, "key": {}})
    apart.sql(change)
    apart.once()
    assert apart.pending() == []
    assert apart.mirror("company_access", "ann", "001")["parents"] != ["other"]


@pytest.mark.parametrize("status", ["pending", "held", "dead"])
def test_a_key_that_only_a_message_knows_is_not_forgotten(settled: World, status: str) -> None:
    """Neither in the view nor in the mirror: perhaps a delivery is in flight, or a person has to decide."""
    settled.message("company_access", "gone", "001")
    if status == "pending":
        settled.sql("UPDATE outbox.message SET due_at = now() + interval '1 hour'")
    else:
        settled.sql("UPDATE outbox.message SET status = %s, error = 'why', settled_at = now()", status)
    _coarse(settled, "company_access", ["gone"])
    settled.drain()
    outcome = "unchanged" if status == "pending" else "superseded"
    assert settled.ended("company_access", "gone", "001") == [outcome, "unchanged"]


def test_a_register_stays_a_register_below(settled: World) -> None:
    """What a person registered may remove; a recheck of the same time takes nothing from that."""
    settled.sql("UPDATE accountview.users SET email = NULL WHERE code = 'ann'")
    settled.drain()
    settled.register("users")
    _coarse(settled, "users", [])
    settled.drain()
    assert settled.last("users", "ann")[0] in ("removed", "unchanged", "not_ready")
    assert settled.mirror("users", "ann") is None


def test_a_delivery_in_flight_is_found_by_the_expansion(world: World) -> None:
    """Its row is in doubt; what came meanwhile is sent after it."""
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        with world.uncaptured():
            world.sql("UPDATE accountview.users SET last_name = 'Later'")
        _coarse(world, "users", [])
        relay.begin()
        relay.round()
    world.settled()


def test_a_long_expansion_does_not_keep_the_lease_from_being_renewed(erp: World) -> None:
    """Also beside a change whose chain led to one key, which is written under the lease."""
    erp.company("001", "A1")
    erp.sql("INSERT INTO accountview.projects VALUES ('A1', 'P1', 'Dak', '2026-01-01')")
    erp.drain()
    with erp.stepping() as relay, psycopg.connect(erp.dsn) as other:
        erp.sql("UPDATE accountview.projects SET description = 'Goot'")
        erp.register("projects")
        other.execute("LOCK TABLE accountview.licence_modules IN ACCESS EXCLUSIVE MODE")
        claiming = threading.Thread(target=relay.claim)
        claiming.start()
        eventually(lambda: erp.sql("SELECT 1 FROM pg_locks WHERE NOT granted"))
        erp.sql("SELECT FROM outbox.lease WHERE target = 'visma_net' FOR NO KEY UPDATE NOWAIT")
        other.rollback()
        claiming.join()
        # a machine that stood still for so long that it waits for the lock no more has put it off
        erp.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending' AND due_at IS NOT NULL")
        relay.round()
    assert erp.last("projects", "001", "P1") == ("updated", None)


def test_ten_thousand_coarse_messages_are_one_recheck(settled: World) -> None:
    """A pending {} absorbs what is below it."""
    settled.sql("INSERT INTO outbox.message (target, resource, key, operation) SELECT %s, 'company_access',"
                " CASE WHEN n = 500 THEN '{}' ELSE ARRAY['ann'] END, 'UPDATE' FROM generate_series(1, 900) AS n",
                settled.target)  # fmt: skip
    _spoil(settled, ("ann", "001"))
    settled.drain()
    assert settled.sql("SELECT count(*) FROM outbox.message WHERE operation = 'EXPAND'") == [1]


def test_a_parent_is_one_look_into_the_index(apart: World) -> None:
    """By its key: rechecking the access of a thousand users walked through all of them for each row."""
    apart.user("ann")
    apart.right("ann", "A1")
    apart.company("001", "A1")
    apart.sql("INSERT INTO outbox.mirror (target, resource, key) SELECT %s, 'users', ARRAY['u' || n]"
              " FROM generate_series(1, 2000) AS n", apart.target)  # fmt: skip
    apart.sql("ANALYZE outbox.mirror")
    apart.sql("SELECT outbox.register(%s, 'company_access')", apart.target)
    with apart.stepping() as relay:
        plans = relay.explaining("looked_at AS")
        relay.claim()
    looks = [plans[i + 1] for i, line in enumerate(plans) if "on mirror p" in line]
    assert looks
    assert [line for line in looks if "(key = " not in line] == []
    apart.sql("DELETE FROM outbox.mirror WHERE key[1] LIKE 'u%%'")
