"""What must never happen (I1 to I13), each with a mistake that makes it happen, and the scenario that notices.

| | must hold | the mistake that is planted |
|---|---|---|
| I1 | no committed change vanishes | claim goes by the newest id seen: what commits late is skipped |
| I2 | no effect without a committed change | rows that are not ready are sent |
| I3 | per key the last state is the last sent | two calls at once for one key |
| I4 | in the end target = view | a key in doubt counts as unchanged |
| I5 | one object, one invitation | e-mails that were sent before are forgotten |
| I6 | no more removals than the brake allows | the brake never trips |
| I7 | what cannot be read removes nothing | a view that fails counts as empty |
| I8 | a stale relay settles nothing | epochs are not compared |
| I9 | done only by what the cloud really said | any 2xx is a success |
| I10 | the application never gets an error | capture lets its own errors through |
| I11 | no personal data in the log | the log shows what is sent |
| I12 | every call can be found by its key | calls that failed are not recorded |
| I13 | what waits goes on | what waited for another call is not looked at again |

What can be read afterwards is one list, tests/invariants.py, which every test of a fault goes through. Here each
scenario is played twice: as the relay is, and with the mistake; the quick ones always, all of them with --soak.
The random rounds of tests/faults meet I1 to I5 by chance as well, with SIGKILL at any moment; test_database.py with a
database that goes away.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import psycopg
import pytest

from outbox import sqlfiles
from outbox.errors import CloudError, LeaseLost
from outbox.relay import brake, intent, lane, reading, schedule
from outbox.relay.claim import Cursor
from outbox.relay.lane import Lane
from outbox.relay.schedule import State
from outbox.relay.sending import Sending
from outbox.relay.store import Store
from outbox.targets import answers, api
from outbox.targets.answers import Answer, Verdict
from tests.invariants import invited
from tests.lane import DRAIN_S, UNBRAKED, World

Patch = pytest.MonkeyPatch


@dataclass(frozen=True)
class Case:
    """play: answers what is wrong afterwards. on: the world it needs."""

    plant: Callable[[Patch, World], None]
    play: Callable[[World], list[str]]
    on: str = "world"


def edit(patch: Patch, name: str, *changes: tuple[str, str]) -> None:
    """Other text in a file of sql/."""
    read, text = sqlfiles.read, sqlfiles.read(name)
    for old, new in changes:
        assert old in text, f"{name} no longer has the lines that the plant changes"
        text = text.replace(old, new)
    patch.setattr(sqlfiles, "read", lambda asked: text if asked == name else read(asked))
    patch.setattr(sqlfiles, "statement", sqlfiles.statement.__wrapped__)  # what is read already is not kept


def drained(world: World) -> list[str]:
    """As World.drain, but answers what is left."""
    try:
        world.drain()
    except (AssertionError, TimeoutError):
        return [f"not drained: {world.pending()}"]
    return []


def ends_equal(world: World) -> list[str]:
    return drained(world) or world.differences()


# -- I1: a transaction that began earlier commits later


def by_the_newest_id(patch: Patch, world: World) -> None:
    newest = 0

    async def claim(self: Cursor) -> Any:
        nonlocal newest
        _, messages = await self.store.claim_page(0, 0, 1000)
        new = [m for m in messages if m.id > newest]
        newest = max([newest, *(m.id for m in new)])
        self.page = None
        return new

    patch.setattr(Cursor, "claim", claim)


def late_commit(world: World) -> list[str]:
    with psycopg.connect(world.dsn) as early, world.stepping() as relay:
        early.execute("INSERT INTO accountview.users VALUES ('ann', 'Voor', 'Naam', 'ann@example.nl')")
        world.user("bob")
        relay.round()
        early.commit()
        relay.round()
        return [f"lost: {p}" for p in world.pending()]


# -- I2: a blank name


def send_what_is_not_ready(patch: Patch, world: World) -> None:
    by_table = schedule._by_table
    patch.setattr(schedule, "_by_table", lambda s, *rest: by_table(replace(s, missing=(), withdrawn=False), *rest))


def blank_name(world: World) -> list[str]:
    world.user("ann", last="\u00a0")
    drained(world)
    return [f"POST for a row that is not ready: {c}" for c in world.calls("POST", "/users")]


# -- I3: a change while the one before it is under way


def two_calls_at_once(patch: Patch, world: World) -> None:
    """Neither the key nor the object is taken for busy."""
    patch.setattr(lane, "objects_of", lambda delivery: frozenset())
    patch.setattr(intent.Batch, "occupy", lambda self, begun: None)
    take_up = Lane._take_up

    async def careless(self: Lane) -> bool:
        busy, self.in_flight = self.in_flight, {}
        try:
            return await take_up(self)
        finally:
            self.in_flight = busy | self.in_flight

    patch.setattr(Lane, "_take_up", careless)


def change_under_way(world: World) -> list[str]:
    world.user("ann", last="Nul")
    world.drain()
    world.fault("latency", "PUT", "/users/", latency_ms=300)
    with world.stepping() as relay:
        world.sql("UPDATE accountview.users SET last_name = 'Een'")
        relay.begin()
        world.run(_a_moment())
        world.sql("UPDATE accountview.users SET last_name = 'Twee'")
        relay.begin()
        relay.land()
        at_once = world.calls("PUT", "/users/")
        if len(at_once) > 1:
            return [f"at once: {at_once}"]
        relay.settle()
    return ends_equal(world)


async def _a_moment() -> None:
    await asyncio.sleep(0.1)


# -- I4: there and back again, and the answer to the first was lost


def trust_a_doubt(patch: Patch, world: World) -> None:
    decide = schedule.decide

    def planted(state: State, deadline_s: float) -> schedule.Decision:
        if state.mirror is not None:
            state = replace(state, mirror=replace(state.mirror, in_doubt_s=None))
        return decide(state, deadline_s)

    patch.setattr(lane, "decide", planted)


def there_and_back(world: World) -> list[str]:
    world.user("ann", last="Heen")
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = 'Terug'")
    world.fault("drop_after", "PUT", "/users/")
    with world.stepping() as relay:
        relay.turn()
        world.sql("UPDATE accountview.users SET last_name = 'Heen'")
    return ends_equal(world)


# -- I5: the e-mail changes while the create is in doubt


def forget_what_was_sent(patch: Patch, world: World) -> None:
    patch.setattr(intent, "natural_keys", lambda *of: ())


def email_changed_in_doubt(world: World) -> list[str]:
    world.user("ann", "old@example.nl")
    world.fault("drop_after", "POST", "/users$")
    with world.stepping() as relay:
        relay.turn()
    world.sql("UPDATE accountview.users SET email = 'new@example.nl'")
    left = drained(world)
    return left + [f"invited: {m}" for m in [world.invited()] if len(m) > 1]


# -- I6: more leave than may


def never_trip(patch: Patch, world: World) -> None:
    patch.setattr(brake, "trips", lambda *of: False)


def many_leave(world: World) -> list[str]:
    world.limits = UNBRAKED
    for n in range(12):
        world.user(f"u{n}")
    world.drain()
    world.limits = brake.Limits()
    world.sql("DELETE FROM accountview.users WHERE code <> 'u0'")
    drained(world)
    return [c for c in world.calls("DELETE") if len(world.calls("DELETE")) > 5]


# -- I7: a view that cannot be read


def a_failed_view_is_empty(patch: Patch, world: World) -> None:
    compare = Store.compare

    async def planted(self: Store, resource: str, keys: Any) -> list[State]:
        try:
            return await compare(self, resource, keys)
        except reading.BROKEN_VIEW:
            with patch.context() as for_once:
                edit(for_once, "relay/compare.sql", ("WHERE {view_match}", "WHERE false"))
                self.comparisons.clear()
                return await compare(self, resource, keys)

    patch.setattr(Store, "compare", planted)


def unreadable_view(apart: World) -> list[str]:
    for code in ("001", "002"):
        apart.company(code)
    apart.drain()
    whole = apart.sql("SELECT pg_get_viewdef('accountview_net.companies'::regclass)")[0].rstrip(";")
    apart.sql("CREATE OR REPLACE FUNCTION broken() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN 1 / 0 = 1; END'")
    apart.sql(f"CREATE OR REPLACE VIEW accountview_net.companies AS SELECT * FROM ({whole}) AS v WHERE broken()")
    apart.message("companies", "001")
    apart.once()
    apart.sql(f"CREATE OR REPLACE VIEW accountview_net.companies AS {whole}")
    return apart.calls("DELETE")


# -- I8: another relay has the lane


def ignore_epochs(patch: Patch, world: World) -> None:
    edit(patch, "relay/settle.sql", ("USING (lane, epoch)", "USING (lane)"))


def stale_relay(world: World) -> list[str]:
    world.user("ann")
    with world.stepping() as relay:
        relay.begin()
        relay.land()
        world.sql("UPDATE outbox.lease SET holder = 'other', epoch = epoch + 1 WHERE target = %s", world.target)
        with suppress(LeaseLost):
            relay.settle()
    return [e for e in world.ended("users", "ann") if e != "pending"]


# -- I9: a page that is no answer


def any_2xx_is_a_success(patch: Patch, world: World) -> None:
    judge = answers.judge

    def planted(reply: Any, asked: Any, now: float) -> Answer | CloudError:
        return Answer(Verdict.DONE, reply.status, str(asked)) if reply.status == 200 else judge(reply, asked, now)

    patch.setattr(api, "judge", planted)


def html_for_an_answer(world: World) -> list[str]:
    world.user("ann", last="Nul")
    world.drain()
    world.sql("UPDATE accountview.users SET last_name = 'Een'")
    world.fault("html", "PUT", "/users/", status=200)
    left = ends_equal(world)
    return left if world.last("users", "ann")[0] == "updated" else [*left, str(world.last("users", "ann"))]


# -- I10: a column gets another name


def capture_without_a_net(patch: Patch, world: World) -> None:
    name = "outbox.capture_accountview_users"
    text = world.sql("SELECT pg_get_functiondef(%s::regproc)", name)[0]
    assert "undefined_column" in text
    world.sql(text.replace("undefined_column", "division_by_zero").replace("undefined_table", "division_by_zero")
                  .replace("undefined_function", "division_by_zero"))  # fmt: skip


def renamed_column(apart: World) -> list[str]:
    apart.sql("ALTER TABLE accountview.users RENAME COLUMN email TO mail")
    try:
        apart.sql("INSERT INTO accountview.users (code, first_name, last_name, mail) VALUES ('x', 'V', 'N', 'x@x.nl')")
        apart.sql("UPDATE accountview.users SET mail = 'y@x.nl'")
    except psycopg.Error as e:
        return [f"the application met {type(e).__name__}"]
    finally:
        apart.sql("ALTER TABLE accountview.users RENAME COLUMN mail TO email")
    return [] if apart.sql("SELECT count(*) FROM outbox.message WHERE operation = 'DRIFT'") != [0] else ["unnoticed"]


# -- I11: canaries


def log_what_is_sent(patch: Patch, world: World) -> None:
    log = Sending._log

    def planted(self: Sending, delivery: Any, call: Any) -> None:
        log(self, delivery, call)
        logging.getLogger("outbox.relay").info("sent", extra={"document": delivery.document})

    patch.setattr(Sending, "_log", planted)


def canaries(world: World) -> list[str]:
    world.user("c4n4ry", "c4n4ry@example.nl", "C4n4ry", "C4n4ry")
    world.fault("status", "POST", "/users$", status=422, body={"message": "c4n4ry@example.nl is refused"})
    drained(world)
    world.sql("UPDATE accountview.users SET last_name = 'C4n4ry2'")
    drained(world)
    assert any(json.loads(line)["what"] == "attempt" for line in world.heard.lines)
    secret = world.settings().client_secret.reveal()
    return [line for line in world.heard.lines if "c4n4ry" in line.lower() or secret in line]


# -- I12: the cloud's own list of calls


def failures_are_not_recorded(patch: Patch, world: World) -> None:
    log = Sending._log

    def planted(self: Sending, delivery: Any, call: Any) -> None:
        if call.error is None:
            log(self, delivery, call)

    patch.setattr(Sending, "_log", planted)


def calls_and_attempts(world: World) -> list[str]:
    world.company("001")
    world.user("ann")
    world.right("ann")
    world.fault("status", "POST", "/users$", status=503)
    world.fault("drop_after", "POST", "/tenants$")
    drained(world)
    made = Counter(c.split("/v1.0")[0].split(" ")[0] + " " + c.split("/v1.0")[1] for c in world.calls())
    known = Counter(world.sql("SELECT method || ' ' || path FROM outbox.attempt WHERE key <> '{}'"))
    return [f"{call}: made {made[call]}, recorded {known[call]}" for call in made if made[call] != known[call]]


# -- I13: somebody waits for a call of another


def forget_who_waits(patch: Patch, world: World) -> None:
    settle = Lane.settle

    async def planted(self: Lane) -> bool:
        self.blocked.clear()
        return await settle(self)

    patch.setattr(Lane, "settle", planted)


def waits_for_a_call(world: World) -> list[str]:
    world.user("ann", last="Nul")
    with world.stepping() as relay:
        relay.begin()
        world.sql("UPDATE accountview.users SET last_name = 'Een'")
        relay.begin()
        until = time.monotonic() + DRAIN_S
        while world.pending() and time.monotonic() < until:
            relay.land()
            relay.settle()
            relay.begin()
        return [f"waits for ever: {p}" for p in world.pending()]


CASES = {
    "I1 no loss": Case(by_the_newest_id, late_commit),
    "I2 no phantom": Case(send_what_is_not_ready, blank_name),
    "I3 order": Case(two_calls_at_once, change_under_way),
    "I4 equal": Case(trust_a_doubt, there_and_back),
    "I5 one object": Case(forget_what_was_sent, email_changed_in_doubt),
    "I6 brake": Case(never_trip, many_leave),
    "I7 absence": Case(a_failed_view_is_empty, unreadable_view, "apart"),
    "I8 one sender": Case(ignore_epochs, stale_relay),
    "I9 evidence": Case(any_2xx_is_a_success, html_for_an_answer),
    "I10 application": Case(capture_without_a_net, renamed_column, "apart"),
    "I11 secrets": Case(log_what_is_sent, canaries),
    "I12 audit": Case(failures_are_not_recorded, calls_and_attempts),
    "I13 alive": Case(forget_who_waits, waits_for_a_call),
}


# What would be left behind, and the invariant by which the list of invariants.py names it.
DAMAGE = {
    "I1, I13: not drained": "INSERT INTO outbox.message (target, resource, key, operation)"
    " VALUES ('accountview_net', 'users', '{x}', 'UPDATE')",
    "I1: in doubt": "UPDATE outbox.mirror SET in_doubt = now() WHERE resource = 'companies'",
    "I2": "UPDATE outbox.message SET target = 'visma_net'",
    "I4": "UPDATE accountview.companies SET name = 'Anders'",
    "I5: one object": "UPDATE outbox.mirror SET remote_id = 'x' WHERE resource = 'users'",
    "I6": "UPDATE outbox.message SET outcome = 'removed', document = NULL WHERE status = 'done' AND resource = 'users'",
    "I7": "UPDATE outbox.message SET outcome = 'removed', document = NULL"
    " WHERE status = 'done' AND resource = 'companies'",
    "I8: two calls": "UPDATE outbox.attempt SET took_ms = 60000, key = '{ann}', resource = 'users'",
    "I8: (": "UPDATE outbox.lease SET epoch = epoch - 1000",
    "I9": "UPDATE outbox.message SET http_status = NULL",
    "I11: a person": "UPDATE outbox.attempt SET path = '/users?email=ann@example.nl'",
    "I12: a call": "UPDATE outbox.attempt SET message_id = 0",
    "I12: accountview_net": "DELETE FROM outbox.attempt WHERE method = 'POST'",
}


def test_the_list_names_what_is_broken(world: World) -> None:
    """Nothing after a quiet day; each damage by the invariant it is about, and no secret is let out unnoticed."""
    world.user("ann")
    world.user("bob")
    world.company("001")
    world.right("ann")
    world.message("users", "ann")
    world.settled()
    world.witness.limits = brake.Limits(removals=1, removals_percent=0.0)
    for name, damage in DAMAGE.items():
        with world.database.transaction(force_rollback=True):
            world.sql("SET LOCAL session_replication_role = replica")
            world.sql("SET LOCAL search_path = accountview")
            world.sql(damage)
            found = world.witness.broken()
            assert [f for f in found if f.startswith(name)], (name, found)
    assert world.witness.broken("... bob@example.nl ...") == ["I11: bob@example.nl was let out"]
    older = world.sql("SELECT min(id) FROM outbox.message WHERE key = '{ann}' AND resource = 'users'")[0]
    url = world.settings().identity_url
    world.cloud.put(f"{url}/users/x", headers={"X-Request-Id": str(older)})  # unauthorised, and seen all the same
    assert [f.split(":")[0] for f in world.witness.broken()] == ["I3"]
    twice = [{"target": world.target, "user_id": u} for u in ("gone", *world.holds()["users"])]
    assert len(list(invited({world.target: world.holds()}, [], twice))) == 1


QUICK = ("I2 no phantom", "I3 order", "I8 one sender", "I10 application", "I11 secrets")


@pytest.mark.parametrize("name", [n if n in QUICK else pytest.param(n, marks=pytest.mark.soak) for n in CASES])
def test_it_holds_and_a_planted_mistake_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Played as the relay is nothing is wrong, with the mistake something is."""
    case = CASES[name]
    world: World = request.getfixturevalue(case.on)
    assert case.play(world) == []
    world.empty()
    case.plant(monkeypatch, world)
    assert case.play(world) != []
