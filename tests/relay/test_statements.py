"""What the database may answer to any statement: it is said again, and I1 to I13 hold. Clocks that jump, and plans that
have become bad ones.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from outbox.relay import claim
from tests.lane import RHYTHM, Behind, World, at_work, eventually

BRISK = replace(RHYTHM, safety_poll_s=0.2)

# As the server would by itself: the first times that something is written to a table. A sequence is not rolled back.
FAILING = """
    CREATE FUNCTION public.fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('public.times_' || TG_TABLE_NAME) <= 5 THEN RAISE 'by a test' USING ERRCODE = TG_ARGV[0]; END IF;
        RETURN NULL;
    END $$;
"""
ON = """
    CREATE SEQUENCE public.times_{0};
    CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON outbox.{0} EXECUTE FUNCTION public.fail('{1}')
"""
OFF = "DROP FUNCTION public.fail CASCADE; DROP SEQUENCE public.times_mirror, public.times_attempt, public.times_lease"


@pytest.mark.parametrize(
    "state",
    [
        pytest.param("40001", id="serialization"),
        pytest.param("40P01", id="deadlock"),
        pytest.param("53100", id="disk full"),
        pytest.param("55P03", id="lock timeout"),
        pytest.param("57014", id="statement timeout"),
    ],
)
def test_a_statement_that_fails_for_a_while_is_said_again(world: World, state: str) -> None:
    """The intent, what was answered, or the lease cannot be written: nothing is lost, done twice or blamed on a row."""
    for n in range(3):
        world.user(f"u{n}")
        world.company(f"00{n}")
        world.right(f"u{n}")
    world.sql(FAILING)
    for table in ("mirror", "attempt", "lease"):
        world.sql(ON.format(table, state))
    try:
        with at_work(world.service(rhythm=BRISK)):
            eventually(lambda: not world.pending())
            for table in ("mirror", "attempt", "lease"):
                assert world.sql(f"SELECT last_value FROM public.times_{table}")[0] > 5
    finally:
        world.sql(OFF)
    world.recovered(killed=True)
    assert world.sql("SELECT count(*) FROM outbox.message WHERE status IN ('dead', 'held')") == [0]
    assert len(world.invited()) == 3


def test_what_a_role_is_given_by_its_dba_does_not_stop_the_relay(world: World) -> None:
    """Serializable by default, and every time-out that there is, too short; and writers at serializable beside it, who
    read nothing of each other: none of them meets an error that capture has brought.
    """
    # They hold for the first two statements of a connection, until it has pinned its own. A beat of the keeper comes
    # after two seconds.
    given = {"default_transaction_isolation": "serializable", "statement_timeout": 1500, "lock_timeout": 1,
             "idle_in_transaction_session_timeout": 1, "idle_session_timeout": 1500}  # fmt: skip
    direct, world.dsn = world.dsn, make_conninfo(world.dsn, options=" ".join(f"-c {k}={v}" for k, v in given.items()))
    wrong: list[psycopg.Error] = []

    def write(first: int) -> None:
        with psycopg.connect(direct) as connection:
            connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
            for n in range(first, first + 20):
                try:
                    connection.execute("INSERT INTO accountview.companies VALUES (%s, 'Bedrijf')", [f"{n:03}"])
                    connection.commit()
                except psycopg.Error as e:
                    wrong.append(e)
                    connection.rollback()

    writers = [threading.Thread(target=write, args=[100 * n]) for n in range(3)]
    with at_work(world.service(rhythm=replace(BRISK, lease_s=10.0))):
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        eventually(lambda: not world.pending())
        # A machine that stands still may end a connection that has not pinned its own yet; none that is at work.
        before = _interruptions(world)
        assert before < 2
        ends = "SELECT expires_at FROM outbox.lease WHERE target = 'accountview_net'"
        for _ in range(2):  # idle from one beat to the next
            eventually(partial(_differs, world, ends, world.sql(ends)))
        assert _interruptions(world) == before
    assert wrong == []
    world.recovered()


def _interruptions(world: World) -> int:
    return sum("interrupted" in line for line in world.heard.lines)


def _differs(world: World, query: str, before: list[object]) -> bool:
    return world.sql(query) != before


HOUR_S = 3600.0
PUT_OFF = """
    INSERT INTO outbox.message (target, resource, key, operation, due_at)
    VALUES ('accountview_net', 'users', '{gone}', 'DELETE', now() + interval '30 minutes')
"""


@pytest.mark.parametrize("by", ["1 hour", "-1 hour"])
def test_the_clock_of_the_database_jumps(world: World, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of calls, some of whose answers are lost. A change made afterwards goes out at once; set back,
    only what waited for a time waits an hour longer, which is until the clock shows again what it showed before. What
    waited for a time that the clock jumped over is found at once, since the relay compares it with its own.
    """
    own = Behind()
    monkeypatch.setattr(claim, "time", own)
    world.fault("drop_after", "POST", "/users$", after=1)
    world.fault("latency", latency_ms=100, times=None)
    with at_work(world.service(rhythm=BRISK)):
        for n in range(3):
            world.user(f"u{n}")
            world.company(f"00{n}")
            world.right(f"u{n}")
        world.sql(PUT_OFF)
        eventually(lambda: world.sql("SELECT count(*) FROM outbox.mirror WHERE in_doubt IS NOT NULL") != [0])
        world.set_clock(by)
        own.behind_s = -HOUR_S if by.startswith("-") else HOUR_S
        world.user("later")
        eventually(lambda: "later@example.nl" in world.users())  # whose answer may be the one that is lost
        world.heal()
        if by.startswith("-"):
            world.set_clock("2 hours")
            own.behind_s = HOUR_S
        eventually(lambda: not world.pending())
    world.recovered()
    assert len(world.invited()) == len(set(world.invited())) == 4


def test_a_plan_that_was_made_for_an_empty_queue_is_forgotten(apart: World) -> None:
    """Settling looked through the whole table, since there was nothing in it; after a second at work it goes by the
    index, though nothing has analysed the table since.
    """
    apart.sql("ALTER TABLE outbox.message SET (autovacuum_enabled = false)")
    with apart.stepping() as relay:

        async def plan() -> list[str]:
            of = "SELECT name, parameter_types::text[] FROM pg_prepared_statements WHERE statement ~ 'settled A[S]'"
            ((name, types),) = await (await relay.store.connection.execute(of)).fetchall()
            nulls = ", ".join(f"NULL::{t}" for t in types)
            rows = await relay.store.connection.execute(f"EXPLAIN (COSTS OFF) EXECUTE {name} ({nulls})".encode())
            return [line.strip(" ->") for (line,) in await rows.fetchall() if "Scan" in line and " message m" in line]

        for _ in range(12):
            apart.run(relay.store.settle([], []))
        apart.sql("INSERT INTO outbox.message (target, resource, key, operation)"
                  " SELECT 'visma_net', 'users', ARRAY[n::text], 'UPDATE' FROM generate_series(1, 9999) n")  # fmt: skip
        assert apart.run(plan()) == ["Seq Scan on message m"]
        eventually(lambda: apart.run(relay.lane.outlook.look()) and "Index Scan" in apart.run(plan())[0])
