"""What was given to a key, and is not in the database yet."""

from __future__ import annotations

import asyncio

import pytest

from outbox.errors import Transient
from outbox.targets.claims import REMEMBERED_S, Claims
from outbox.targets.delivery import Key

JANSEN, PIETERS = ("jansen",), ("pieters",)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def other(claims: Claims, remote_id: str, key: Key, linked: Key | None = None) -> Key | None:
    async def owner(resource: str, remote_id: str) -> Key | None:
        return linked

    return asyncio.run(claims.other(remote_id, key, owner))


def test_the_database_is_believed_first() -> None:
    """A hand-over from key to key needs no call, so only the database knows of it."""
    claims = Claims("users")
    claims.note("u1", JANSEN)
    assert other(claims, "u1", JANSEN, linked=PIETERS) == PIETERS
    assert other(claims, "u1", PIETERS, linked=PIETERS) is None


def test_what_was_given_a_moment_ago_is_waited_for() -> None:
    """Not settled yet: neither free nor certainly another's."""
    claims = Claims("users")
    claims.note("u1", JANSEN)
    assert other(claims, "u1", JANSEN) is None
    with pytest.raises(Transient):
        other(claims, "u1", PIETERS)


def test_it_is_forgotten_after_a_while_and_on_removal() -> None:
    """What was not settled by then is in doubt and looked up anew."""
    clock = Clock()
    claims = Claims("users", clock)
    claims.note("u1", JANSEN)
    claims.note("u2", JANSEN)
    claims.release("u2")
    assert other(claims, "u2", PIETERS) is None
    clock.now += REMEMBERED_S
    assert other(claims, "u1", PIETERS) is None


def test_searches_for_the_same_two_keys_never_wait_for_each_other() -> None:
    """Whatever the order in which each names them, and whoever has them at first."""
    claims = Claims("users")

    async def search(*natural_keys: str) -> None:
        async with claims.searching(*natural_keys):
            await asyncio.sleep(0.01)

    async def all_at_once() -> None:
        async with asyncio.timeout(20):
            await asyncio.gather(search("x"), search("y"), search("x", "y"), search("y", "x"))

    asyncio.run(all_at_once())


def test_one_search_at_a_time_per_natural_key() -> None:
    """And nothing is kept of those that ended."""
    claims = Claims("users")
    trace: list[str] = []

    async def search(name: str, *natural_keys: str) -> None:
        async with claims.searching(*natural_keys):
            trace.append(f"{name} in")
            await asyncio.sleep(0.01)
            trace.append(f"{name} out")

    async def all_at_once() -> None:
        await asyncio.gather(search("a", "x", "y"), search("b", "y", "x"), search("c", "z"))

    asyncio.run(all_at_once())
    assert [step for step in trace if step[0] != "c"] == ["a in", "a out", "b in", "b out"]
    assert trace.index("c in") < trace.index("a out")
    assert claims._searches == {}
