"""What a person decides about what is held or dead, and what becomes of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from outbox.operator import decide
from tests.lane import World, at_work, eventually

REJECT_ANN = """
    WITH decided AS (
        INSERT INTO outbox.decision (decision, target, resource, key, why)
        VALUES ('reject', 'accountview_net', 'users', '{ann}', 'x') RETURNING target, resource, key, id
    )
    INSERT INTO outbox.rejection (target, resource, key, decision) TABLE decided"""


@pytest.fixture
def held(world: World) -> World:
    """Six users in the cloud who are all gone from the view: held."""
    for n in range(6):
        world.user(f"u{n}")
    world.settled()
    world.sql("DELETE FROM accountview.users")
    world.drain()
    assert len(_keys(world, "held")) == 6
    return world


def _keys(world: World, status: str, resource: str = "users") -> list[str]:
    query = "SELECT DISTINCT key[1] FROM outbox.message WHERE status = %s AND target = %s AND resource = %s ORDER BY 1"
    return world.sql(query, status, world.target, resource)


def _decisions(world: World) -> list[Any]:
    return world.sql("SELECT decision, key, why FROM outbox.decision ORDER BY id")


def test_approve_lets_go_exactly_those(held: World) -> None:
    """Two of six are approved: they go, the others stay held, and what was approved is not counted."""
    written = held.sql("SELECT outbox.approve(%s, 'users', '{u1}')", held.target)
    written += held.sql("SELECT outbox.approve(%s, 'users', '{u4}', why => 'left us')", held.target)
    assert len(written) == 2
    held.drain()
    assert _keys(held, "held") == ["u0", "u2", "u3", "u5"]
    assert len(held.users()) == 4
    assert held.ended("users", "u4")[-2:] == ["superseded", "removed"]
    assert _decisions(held) == [("approve", ["u1"], None), ("approve", ["u4"], "left us")]


def test_a_whole_batch_is_approved_at_once(held: World) -> None:
    """By the number that its words name; twice is once."""
    batch = held.sql("SELECT DISTINCT batch FROM outbox.message WHERE status = 'held'")[0]
    assert len(held.sql("SELECT outbox.approve(batch => %s)", batch)) == 6
    assert held.sql("SELECT outbox.approve(batch => %s)", batch) == []
    held.settled()
    assert held.users() == []


def test_a_key_is_one_key_however_its_messages_came(erp: World) -> None:
    """One of them followed a chain to it, the other named it: the preview of a decision counts keys."""
    erp.company("001")
    erp.sql(
        "INSERT INTO accountview.projects SELECT 'A1', n::text, 'Dak', '2026-01-01' FROM generate_series(1, 6) AS n"
    )
    erp.settled()
    erp.sql("DELETE FROM accountview.projects")
    erp.drain()
    erp.message("projects", "001", "1")
    erp.drain()
    found = decide.find(erp.database, decide.About(target=erp.target, resource="projects"))
    assert [s.key for s in found] == [["001", f"{n}"] for n in range(1, 7)]


def test_several_decide_about_the_same_at_once(world: World) -> None:
    """None of them is turned away (a deadlock): who comes second finds nothing, and each key is decided about once."""
    world.sql(
        "INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, withheld, batch)"
        " SELECT 'accountview_net', 'users', ARRAY[(n * 7919 %% 1000)::text], 'EXPAND', 'held', now(), 'x', 'remove', 1"
        " FROM generate_series(1, 1500) AS n WHERE %s", True)  # fmt: skip
    ways = [
        "SELECT outbox.approve(batch => 1)",
        "SELECT outbox.reject('accountview_net', 'users', why => 'x')",
        "SELECT outbox.skip('accountview_net', why => 'x')",
    ]

    def decide_in(way: str) -> int:
        with psycopg.connect(world.dsn, autocommit=True, options="-c deadlock_timeout=10ms") as person:
            return len(person.execute(way.encode()).fetchall())

    with ThreadPoolExecutor() as persons:
        assert sorted(map(bool, persons.map(decide_in, ways * 2))) == [False] * 5 + [True]
    assert world.sql("SELECT count(*), count(DISTINCT key) FROM outbox.decision") == [(1000, 1000)]
    world.sql("DELETE FROM outbox.message")


def test_an_approval_is_for_what_was_held_and_for_once(held: World) -> None:
    """The row comes back before the relay looks: nothing is removed; when it goes again, that is asked anew."""
    held.sql("SELECT outbox.approve(%s, 'users')", held.target)
    for n in range(6):
        held.user(f"u{n}")
    held.drain()
    assert len(held.users()) == 6
    held.sql("DELETE FROM accountview.users")
    held.drain()
    assert len(_keys(held, "held")) == 6


def test_reject_keeps_what_the_cloud_has(held: World) -> None:
    """Settled as rejected, with who and why; nothing that looks at the key again removes it, nor asks again."""
    ended = held.sql("SELECT outbox.reject(%s, 'users', why => 'wrong import')", held.target)
    assert len(ended) >= 6
    assert len(_decisions(held)) == 6
    held.message("users", "u3")
    held.message("users")
    held.drain()
    assert len(held.users()) == 6
    assert _keys(held, "held") == []
    assert held.last("users", "u3") == ("rejected", "rejected before; outbox register with this key does it after all")


def test_a_reject_does_not_count_for_the_brake(held: World) -> None:
    """Six rejected ones that stay are no removals in sight."""
    held.sql("SELECT outbox.reject(%s, 'users', why => 'wrong import')", held.target)
    held.sql("UPDATE outbox.message SET settled_at = settled_at - interval '2 hours'")
    held.sql("DELETE FROM outbox.passed")
    held.user("ann")
    held.drain()
    held.sql("DELETE FROM accountview.users")
    held.message("users")
    held.drain()
    assert held.last("users", "ann")[0] == "removed"


def test_a_reject_ends_when_the_row_is_back(held: World) -> None:
    """The same row as before, so nothing is sent; deleted again, it goes as any other."""
    held.sql("SELECT outbox.reject(%s, 'users', why => 'wrong import')", held.target)
    held.user("u3")
    held.drain()
    held.sql("DELETE FROM outbox.passed")
    held.sql("UPDATE outbox.message SET settled_at = settled_at - interval '2 hours' WHERE status = 'held'")
    held.sql("DELETE FROM accountview.users")
    held.drain()
    assert held.last("users", "u3")[0] == "removed"
    assert held.last("users", "u2")[0] == "rejected"
    assert len(held.users()) == 5


def test_a_register_of_the_key_does_what_was_rejected_after_all(held: World) -> None:
    """A person asks for it again."""
    held.sql("SELECT outbox.reject(%s, 'users', why => 'wrong import')", held.target)
    held.register("users", "u3")
    held.drain()
    assert held.last("users", "u3")[0] == "removed"
    assert held.sql("SELECT count(*) FROM outbox.rejection") == [5]


def test_rejected_new_users_are_not_invited_until_their_row_changes(world: World) -> None:
    """A recheck of everything does not bring the wave back; who is put right is invited."""
    for n in range(11):
        world.user(f"n{n:02}")
    world.drain()
    world.sql("SELECT outbox.reject(%s, 'users', why => 'test data')", world.target)
    world.message("users")
    world.drain()
    assert world.invited() == []
    world.sql("UPDATE outbox.message SET settled_at = settled_at - interval '2 hours'")
    world.sql("UPDATE accountview.users SET last_name = 'Echt' WHERE code = 'n03'")
    world.drain()
    assert world.invited() == ["n03@example.nl"]


def test_skip_forgets(held: World) -> None:
    """Nothing is remembered: the next look asks again."""
    held.sql("SELECT outbox.skip(%s, 'users', why => 'later')", held.target)
    assert _keys(held, "held") == []
    held.message("users")
    held.drain()
    assert len(_keys(held, "held")) == 6
    assert held.ended("users", "u3")[-2:] == ["skipped", "held"]


@pytest.mark.parametrize("decision", ["reject", "skip"])
def test_no_reject_and_no_skip_without_a_reason(held: World, decision: str) -> None:
    """Those who come later want to know."""
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="reason"):
        held.sql(f"SELECT outbox.{decision}(%s, 'users', why => ' ')", held.target)


def test_retry_tries_again_what_was_refused(world: World) -> None:
    """A new message, since the relay claims only what is new; the dead one is over."""
    world.fault("status", "POST", "/users$", status=400, times=1)
    world.user("ann")
    world.drain()
    assert _keys(world, "dead") == ["ann"]
    world.sql("SELECT outbox.retry(%s, 'users', '{ann}', why => 'put right')", world.target)
    world.settled()
    assert world.ended("users", "ann") == ["superseded", "created"]
    assert _decisions(world) == [("retry", ["ann"], "put right")]


def test_retry_does_not_wait_for_a_back_off(world: World) -> None:
    """What waits for its next attempt is tried now, and not twice."""
    world.user("ann")
    world.sql("UPDATE outbox.message SET due_at = now() + interval '1 hour', error = 'later' WHERE resource = 'users'")
    world.sql("SELECT outbox.retry(%s)", world.target)
    world.settled()
    assert world.ended("users", "ann") == ["created", "created"]
    assert len(world.invited()) == 1


def test_retry_is_no_approval(held: World) -> None:
    """What a brake holds it leaves alone; what was approved and then refused stays approved."""
    assert held.sql("SELECT outbox.retry(%s, 'users')", held.target) == []
    held.sql("SELECT outbox.approve(%s, 'users')", held.target)
    held.fault("status", "DELETE", "/users/", status=400, times=6)
    held.drain()
    assert len(_keys(held, "dead")) == 6
    held.sql("SELECT outbox.retry(%s, 'users')", held.target)
    held.settled()
    assert held.users() == []


def test_retried_updates_whose_rows_are_gone_are_braked(world: World) -> None:
    """A retry approves no removal."""
    for n in range(6):
        world.user(f"u{n}")
    world.drain()
    world.fault("status", "PUT", "/users/", status=400, times=6)
    world.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    world.drain()
    assert len(_keys(world, "dead")) == 6
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users")
    world.sql("SELECT outbox.retry(%s, 'users')", world.target)
    world.drain()
    assert len(world.users()) == 6
    assert len(_keys(world, "held")) == 6


# -- what else is held ---------------------------------------------------------------------------------------------


def _change_all(world: World, email: str) -> None:
    world.sql("UPDATE accountview.users SET (email, first_name, last_name) = (%s, 'Eva', 'Ander')", email)


def test_approve_says_that_it_is_the_same_person(world: World) -> None:
    """E-mail, first and last name all changed: approved, the same account is updated, once; another time is asked."""
    world.user("ann")
    world.drain()
    _change_all(world, "eva@example.nl")
    world.drain()
    assert _keys(world, "held") == ["ann"]
    world.sql("SELECT outbox.approve(%s, 'users', '{ann}')", world.target)
    world.settled()
    assert world.users() == ["eva@example.nl"]
    assert len(world.invited()) == 1
    world.sql("UPDATE accountview.users SET (email, first_name, last_name) = ('kim@example.nl', 'Kim', 'Derde')")
    world.drain()
    assert world.last("users", "ann")[0] == "held"


def test_rejected_as_another_person_it_stays_until_the_row_changes(world: World) -> None:
    """The cloud keeps the old one; a recheck does not ask again, another change does."""
    world.user("ann")
    world.drain()
    _change_all(world, "eva@example.nl")
    world.drain()
    world.sql("SELECT outbox.reject(%s, 'users', '{ann}', why => 'somebody else')", world.target)
    world.message("users")
    world.drain()
    assert world.last("users", "ann")[0] == "rejected"
    assert world.users() == ["ann@example.nl"]
    world.sql("UPDATE accountview.users SET first_name = 'Voor'")
    world.drain()
    assert world.last("users", "ann")[0] == "updated"


def test_approve_creates_again_who_is_gone_from_the_cloud(world: World) -> None:
    """404 on update: a create would mail again. Approved, it is made once, with one invitation."""
    world.user("ann")
    world.settled()
    before = world.mirror("users", "ann")
    world.cloud.post("/sandbox/reset").raise_for_status()  # by hand, in the cloud
    world.sql("UPDATE accountview.users SET last_name = 'Nieuw'")
    world.drain()
    assert world.last("users", "ann") == ("held", "gone from the cloud; approve to create again")
    assert (world.mirror("users", "ann") or {})["remote_id"] == (before or {})["remote_id"]
    assert world.invited() == []
    world.sql("SELECT outbox.approve(%s, 'users', '{ann}')", world.target)
    world.settled()
    assert world.invited() == ["ann@example.nl"]
    assert world.sql("SELECT outbox.approve(%s, 'users', '{ann}')", world.target) == []


def test_an_approval_settles_no_ambiguity(world: World) -> None:
    """Two users with one e-mail: who is meant cannot be approved; put right and retried, it goes on."""
    world.user("ann", "same@example.nl")
    world.drain()
    world.user("bob", "same@example.nl")
    world.drain()
    assert _keys(world, "held") == ["bob"]
    assert world.sql("SELECT outbox.approve(%s, 'users')", world.target) == []
    with world.uncaptured():
        world.sql("UPDATE accountview.users SET email = 'bob@example.nl' WHERE code = 'bob'")
    world.sql("SELECT outbox.retry(%s, 'users')", world.target)
    world.settled()
    assert world.users() == ["bob@example.nl", "same@example.nl"]


@pytest.mark.parametrize("before", ["dead", "put off"])
def test_who_decides_and_does_not_commit_holds_up_that_key_alone(world: World, before: str) -> None:
    """From SQL, in a transaction that stays open: the others go on, and so does what the key has to do since."""
    world.user("ann")
    status = {"dead": 422, "put off": 503}[before]
    world.fault("status", "POST", "/users$", status=status, body={"error_code": "ERROR_INVALID_EMAIL"})
    with world.stepping() as relay:
        relay.turn()
    world.sql(
        "UPDATE outbox.message SET due_at = now() + interval '1 second' WHERE status = 'pending' AND attempts > 0"
    )
    with psycopg.connect(world.dsn) as person:
        assert person.execute("SELECT outbox.skip('accountview_net', 'users', why => 'x')").fetchall()
        with at_work(world.service()):
            world.sql("UPDATE accountview.users SET last_name = 'x' WHERE code = 'ann'")
            for code in ("bob", "cor"):
                world.user(code)
                eventually(lambda code=code: world.ended("users", code) == ["created"])
            eventually(lambda: world.ended("users", "ann")[1:] == ["created"])
            person.commit()
            eventually(lambda: world.ended("users", "ann")[0] == "skipped")
    world.settled()


def test_what_came_back_while_its_message_was_locked_is_looked_at_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever had it locked, and rolled back: the call was made, and its end was recorded nowhere."""
    monkeypatch.setattr("outbox.relay.record.LOCKED_WAIT_S", 0.01)
    world.user("ann")
    with world.stepping() as relay, psycopg.connect(world.dsn) as person:
        relay.begin()
        person.execute("SELECT FROM outbox.message WHERE status = 'pending' FOR UPDATE")
        relay.land()
        relay.settle()
        person.rollback()

        def ended() -> bool:
            relay.round()
            return world.ended("users", "ann") == ["updated"]

        eventually(ended)
    world.settled()


@pytest.mark.parametrize("way", ["locked", "rejected"])
def test_what_waited_for_a_call_that_was_not_begun_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """His access was to go with him; who had his message locked ended it by hand, or rejected that he goes when he had
    just been looked at, so that no call was ever made.
    """
    monkeypatch.setattr("outbox.relay.record.LOCKED_WAIT_S", 0.01)
    world.user("ann")
    world.company("001")
    world.right("ann")
    world.settled()
    with world.uncaptured():
        world.sql("DELETE FROM accountview.users")
        world.sql("DELETE FROM accountview.administration_access")
    world.message("users", "ann")
    world.message("company_access", "ann", "001")
    with world.stepping() as relay, psycopg.connect(world.dsn) as person:
        begin = relay.store.begin

        async def reject_and_begin(deliveries: Any) -> Any:
            if not world.sql("SELECT 1 FROM outbox.rejection"):
                world.sql(REJECT_ANN)
            return await begin(deliveries)

        if way == "rejected":
            relay.store.begin = reject_and_begin  # type: ignore[method-assign]
        else:
            person.execute(
                "UPDATE outbox.message SET status = 'done', outcome = 'skipped', settled_at = now()"
                " WHERE status = 'pending' AND resource = 'users'"
            )
        relay.begin()
        person.commit()

        def over() -> bool:
            relay.round()
            return not world.pending()

        eventually(over)
    assert world.ended("company_access", "ann", "001")[-1] == "removed"
    assert world.ended("users", "ann")[-1] == ("rejected" if way == "rejected" else "skipped")
