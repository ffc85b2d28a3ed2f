"""What a person decides between any two steps of a delivery: nobody is invited twice, nothing waits for ever, and the
cloud ends as the view, but for what is held or was rejected.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import psycopg
import pytest

from outbox.errors import EraseRefused, LeaseLost
from outbox.operator.erase import erase, find_person
from outbox.relay.brake import Limits
from outbox.relay.schedule import State
from outbox.targets.delivery import Key
from tests.lane import UNBRAKED, World

Decide = Callable[[World, str], object]

STEPS = ("due", "claimed", "compared", "begun", "calling", "landed", "settled")
ALL_HELD = Limits(removals=0, removals_percent=0.0, new_users=0)
CREATE = """
    INSERT INTO accountview.users (code, first_name, last_name, email)
    SELECT c, 'Voor', 'Naam', c || '@example.nl' FROM unnest(%s::text[]) AS c"""
ANOTHER = """
    UPDATE accountview.users SET (first_name, last_name, email) = ('Eva', 'Ander', code || '@elders.nl')
    WHERE code = ANY (%s)"""
RENAME = "UPDATE accountview.users SET last_name = last_name || '!' WHERE code = ANY (%s)"
REMOVE = "DELETE FROM accountview.users WHERE code = ANY (%s)"
CHANGES = {"create": ("POST", CREATE), "update": ("PUT", RENAME), "remove": ("DELETE", REMOVE)}
change_of_each_kind = pytest.mark.parametrize("change", CHANGES)
at_each_step = pytest.mark.parametrize("step", STEPS)


def _ask(world: World, code: str, name: str, why: str = "") -> None:
    world.sql(f"SELECT outbox.{name}(%s, 'users', ARRAY[%s]{why})", world.target, code)


def _force(world: World, code: str) -> None:
    world.sql("SELECT outbox.doubt(%s, '{users}', ARRAY[%s])", world.target, code)
    world.register("users", code)


def _prune(world: World, code: str) -> None:
    for what in ("documents", "attempts", "messages"):
        world.sql(f"SELECT outbox.prune_{what}(1, 0, 1000)")


def _erase(world: World, code: str) -> None:
    with suppress(EraseRefused):
        erase(world.database, find_person(world.database, code))


REASON = ", why => 'by a test'"
ABOUT_STUCK: dict[str, Decide] = {
    "approve": partial(_ask, name="approve"),
    "reject": partial(_ask, name="reject", why=REASON),
    "skip": partial(_ask, name="skip", why=REASON),
    "retry": partial(_ask, name="retry"),
}
ABOUT_ANY: dict[str, Decide] = {
    "register": partial(_ask, name="register"),
    "force": _force,
    "prune": _prune,
    "erase": _erase,
}


@at_each_step
@change_of_each_kind
@pytest.mark.parametrize("before", ["held", "dead", "pending"])
def test_what_is_decided_about_a_key(world: World, before: str, change: str, step: str) -> None:
    """Each decision about a user of its own, named after it. What is held stays so unless approved, what is rejected
    or retried is not done; whatever else was decided, the change itself is.
    """
    decisions = ABOUT_ANY if before == "pending" else ABOUT_STUCK
    codes = list(decisions)
    _prepare(world, codes, before, change)
    was = {code: _in_cloud(world, code) for code in codes}
    _deliver(world, change, step, lambda: [decide(world, code) for code, decide in decisions.items()])
    world.drain()
    _look(world, invitations=1)
    for code in codes:
        ends = [_in_view(world, code)]
        if before == "held" and code in ("reject", "retry"):
            ends = [was[code]]
        elif before == "held" and code == "skip":  # it may come with the change that was being looked at
            ends.append(was[code])
        assert _in_cloud(world, code) in ends, world.last("users", code)


@pytest.mark.soak
@at_each_step
@change_of_each_kind
@pytest.mark.parametrize("decision", ["link", "unlink", "pause users", "pause all", "resume"])
def test_what_is_decided_about_an_object_or_a_target(world: World, decision: str, change: str, step: str) -> None:
    """A link leaves the account of before where it is, and an unlink invites anew."""
    spare = world.hands().user("x@example.nl")
    _prepare(world, ["ann"], "pending", change)
    pause, resume = "SELECT outbox.pause(%s, {}, reason => 'by a test')", "SELECT outbox.resume(%s, {})"
    if decision == "resume":
        world.sql(pause.format("NULL"), world.target)

    def decide() -> None:
        with suppress(psycopg.DatabaseError):  # refused: there is nothing to link, or a call is under way
            if decision == "link":
                world.sql("SELECT outbox.link(%s, 'users', '{ann}', %s, 'x@example.nl')", world.target, spare)
            elif decision == "unlink":
                world.sql("SELECT outbox.unlink(%s, 'users', '{ann}')", world.target)
            elif decision == "resume":
                world.sql(resume.format("NULL"), world.target)
            else:
                world.sql(pause.format("'users'" if decision == "pause users" else "NULL"), world.target)

    _deliver(world, change, step, decide)
    for part in ("'users'", "NULL"):
        world.sql(resume.format(part), world.target)
    world.drain()
    _look(world, invitations=2 if decision == "unlink" else 1, beside=decision == "link", spare=spare)
    in_use = "an account that nobody here is linked to" in (world.last("users", "ann")[1] or "")
    assert _in_cloud(world, "ann") == _in_view(world, "ann") or (decision == "link" and in_use)


def _prepare(world: World, codes: list[str], before: str, change: str) -> None:
    """The change is pending, behind one of the same kind that is held or dead (before)."""
    method, statement = CHANGES[change]
    world.limits = UNBRAKED
    if change != "create":
        world.sql(CREATE, codes)
        world.drain()
    if before == "held":
        world.limits = ALL_HELD
        statement = ANOTHER if change == "update" else statement
    if before == "dead":
        refusal = {"status": 422, "body": {"error_code": "ERROR_INVALID_EMAIL"}}
        world.fault("status", method, "/users", times=len(codes), **refusal)
    world.sql(statement, codes)
    if before == "pending":
        return
    world.drain()
    assert {world.last("users", code)[0] for code in codes} == {before}
    world.heal()
    world.limits = UNBRAKED
    for code in codes:
        world.message("users", code)


def _deliver(world: World, change: str, step: str, decide: Callable[[], object]) -> None:
    """All that is due, and at that step the decision."""
    todo = [decide]

    def come_to(at: str) -> None:
        if at == step and todo:
            todo.pop()()

    if step == "calling":
        world.fault("latency", CHANGES[change][0], "/users", latency_ms=60, times=None)
    with world.stepping() as relay:
        compare = relay.store.compare

        async def stop_and_compare(resource: str, keys: Sequence[Key]) -> list[State]:
            if resource == "users":
                come_to("claimed")
            found = await compare(resource, keys)
            if resource == "users":
                come_to("compared")
            return found

        async def wait_a_little() -> None:
            if relay.lane.sending.tasks:
                await asyncio.wait(relay.lane.sending.tasks, timeout=0.03)

        relay.store.compare = stop_and_compare  # type: ignore[method-assign]
        with suppress(LeaseLost):
            come_to("due")
            relay.begin()
            come_to("begun")
            if step == "calling":
                world.run(wait_a_little())
                come_to("calling")
            relay.land()
            come_to("landed")
            relay.settle()
            come_to("settled")
            relay.round()
        come_to(step)
    world.heal()


def _look(world: World, invitations: int, spare: str = "", *, beside: bool = False) -> None:
    """beside: the cloud may hold what nobody is linked to; spare: that anyway."""
    mails = world.invited()
    assert max(map(mails.count, mails), default=0) <= invitations
    assert world.sql("SELECT key FROM outbox.mirror WHERE in_doubt IS NOT NULL") == []
    linked = set(world.sql("SELECT remote_id FROM outbox.mirror WHERE target = %s", world.target))
    there = set(world.holds()["users"])
    assert linked <= there
    assert beside or there - {spare} <= linked


def _in_view(world: World, code: str) -> Any:
    query = """
        SELECT jsonb_build_object('email', email, 'first_name', first_name, 'last_name', last_name)
        FROM accountview_net.users WHERE user_code = %s"""
    return next(iter(world.sql(query, code)), None)


def _in_cloud(world: World, code: str) -> Any:
    mirror = world.mirror("users", code)
    user = world.holds()["users"][mirror["remote_id"]] if mirror else None
    return {name: user[name] for name in ("email", "first_name", "last_name")} if user else None
