"""What persons do, and what goes on beside the relay, while a round is played."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Callable

import psycopg

from outbox import sandbox
from outbox.errors import OutboxError
from outbox.operator import erase
from outbox.relay.connection import connect
from outbox.resources import TARGETS
from outbox.verify import reading, verify
from tests.faults import world
from tests.lane import recheck

Connection = psycopg.Connection
PRUNE = "SELECT outbox.prune_documents(1, 0, 100), outbox.prune_attempts(1, 0, 100), outbox.prune_messages(1, 0, 100)"


def play(dsn: str, base_url: str, seed: int, theme: str) -> None:
    """A few commands, each when it comes. One that is refused, or meets another one, is not given."""
    rng = random.Random(seed)
    commands = [c for c in COMMANDS if theme not in world.STAY or c not in ENDS]
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(rng.randint(1, 4)):
            time.sleep(rng.random() * 0.08)
            target = rng.choice(TARGETS)
            with contextlib.suppress(OutboxError, psycopg.Error):
                rng.choice(commands)(rng, connection, target, base_url)


def close(connection: Connection) -> None:
    """Nothing is left paused, nor captured by nobody."""
    connection.execute("SELECT outbox.resume(target, resource := NULL) FROM outbox.target")
    connection.execute("SELECT outbox.resume(target, nullif(resource, ''), nullif(company, '')) FROM outbox.pause")
    recheck(connection)


def _register(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    resource = rng.choice(["users", "companies", "company_access", None])
    key = [rng.choice(world.USERS)] if resource in ("users", "company_access") and rng.random() < 0.5 else []
    with connection.transaction():
        if rng.random() < 0.5:
            connection.execute("SELECT outbox.doubt(%s, %s, %s)", [target, [resource] if resource else [], key])
        connection.execute("SELECT outbox.register(%s, %s, %s)", [target, resource, key])


def _verify(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    if rng.random() < 0.3:
        connection.execute("UPDATE outbox.target SET verify_since = clock_timestamp()")

    async def run() -> None:
        settings = sandbox.settings(base_url)[target]
        async with await connect(connection.info.dsn) as own, reading(own, settings) as listing:
            await verify(own, listing, repair=True)

    asyncio.run(run())


def _link(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    """Who he was already: all that is known of what he holds is forgotten."""
    connection.execute(
        "SELECT outbox.link(target, resource, key, remote_id, document ->> 'email') FROM outbox.mirror"
        " WHERE target = %s AND resource IN ('users', 'companies') ORDER BY random() LIMIT 1", [target])  # fmt: skip


def _unlink(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    """Of a company the link alone would go, so that one which is deleted meanwhile stays in the cloud."""
    connection.execute(
        "SELECT outbox.unlink(target, resource, key) FROM outbox.mirror"
        " WHERE target = %s AND resource = 'users' ORDER BY random() LIMIT 1", [target])  # fmt: skip


def _decide(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    connection.execute("SELECT outbox.approve(%s)" if rng.random() < 0.5 else "SELECT outbox.retry(%s)", [target])


def _pause(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    part = [target, rng.choice(["users", "company_access", None]), None, "test"]
    connection.execute("SELECT outbox.pause(%s, %s, %s, %s)", part)
    time.sleep(rng.random() * 0.05)
    connection.execute("SELECT outbox.resume(%s, %s, %s, %s)", part)


def _switch(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    connection.execute("SELECT outbox.capture_off()")
    time.sleep(rng.random() * 0.02)
    connection.execute("SELECT outbox.capture_on()")


def _erase(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    erase.erase(connection, erase.find_person(connection, rng.choice(world.USERS)))


def _prune(rng: random.Random, connection: Connection, target: str, base_url: str) -> None:
    connection.execute(PRUNE)


COMMANDS: list[Callable[[random.Random, Connection, str, str], None]] = [
    _register, _verify, _link, _unlink, _decide, _pause, _switch, _erase, _prune,
]  # fmt: skip
ENDS = [_unlink]  # somebody goes by them
