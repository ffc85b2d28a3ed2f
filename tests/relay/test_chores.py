"""Chores: beside the lanes, by the relay that has the first lane, whatever becomes of them."""

from __future__ import annotations

import asyncio
from typing import Any

from outbox.config import Secret, Settings
from outbox.errors import OutboxError
from outbox.service.chores import Chore
from outbox.service.process import Service
from outbox.service.upkeep import make_chores
from tests.lane import RHYTHM, World, at_work, eventually


def service(world: World, *chores: Chore, **changes: Any) -> Service:
    return Service(world.dsn, [world.target], world.make_lane, RHYTHM, chores=chores, **changes)


def test_a_chore_runs_at_once_and_again_and_one_that_fails_too(world: World) -> None:
    """Each on a connection of its own, with the name of the target."""
    seen: list[tuple[str, str]] = []

    async def look(connection: Any, target: str) -> None:
        row = await (await connection.execute("SELECT current_setting('application_name')")).fetchone()
        seen.append((target, row[0]))

    async def fail(connection: Any, target: str) -> None:
        seen.append((target, "failed"))
        raise OutboxError("nothing works")

    with at_work(service(world, Chore("look", 0.01, look), Chore("fail", 0.01, fail))):
        eventually(lambda: seen.count((world.target, "outbox relay")) > 1)
        eventually(lambda: seen.count((world.target, "failed")) > 1)


def test_a_chore_that_never_ends_holds_up_nothing(world: World) -> None:
    """Delivery goes on beside it, and so does the end of the relay."""
    begun = []

    async def sleep(connection: Any, target: str) -> None:
        begun.append(target)
        await asyncio.sleep(3600)

    with at_work(service(world, Chore("sleep", 1.0, sleep))):
        eventually(lambda: begun)
        world.user("ann")
        eventually(lambda: world.invited() == ["ann@example.nl"])


def test_the_relay_forgets_what_is_old(world: World) -> None:
    """Once a day, beside deliveries; what is not done stays, whatever its age."""
    world.sql("""
        INSERT INTO outbox.message
            (target, resource, key, operation, status, outcome, error, changed_at, settled_at)
        SELECT 'visma_net', 'projects', '{x,y}', 'UPDATE', s, CASE s WHEN 'done' THEN 'removed' END, s, t, t
        FROM unnest(ARRAY['done', 'held', 'dead']) AS s, LATERAL (SELECT now() - interval '401 days') AS d (t)""")
    settings = Settings(dsn=Secret(world.dsn), targets={world.target: world.settings()})
    chores = [c for c in make_chores(settings) if c.name == "prune"]
    assert [c.every_s for c in chores] == [86_400.0]
    with at_work(service(world, *chores)):
        eventually(lambda: world.sql("SELECT status FROM outbox.message ORDER BY 1") == ["dead", "held"])


def test_a_relay_that_only_drains_does_no_chores(world: World) -> None:
    """`relay --once` ends when nothing is due."""
    begun = []

    async def note(connection: Any, target: str) -> None:
        begun.append(target)

    world.run(service(world, Chore("note", 1.0, note), once=True).run())
    assert begun == []


def test_a_relay_that_waits_for_the_lease_does_no_chores(world: World) -> None:
    """Of several relays one does them."""
    begun: list[str] = []

    async def note(connection: Any, target: str) -> None:
        begun.append(target)

    with at_work(service(world, Chore("note", 0.01, note))):
        eventually(lambda: begun)
        seen = []

        async def second(connection: Any, target: str) -> None:
            seen.append(target)

        with at_work(service(world, Chore("second", 0.01, second))):
            before = len(begun)
            eventually(lambda: len(begun) > before + 5)
            assert seen == []
