"""A bounded load while the clouds fail in every way that the sandbox can: 1 % of each fault, at random, tokens too.

python -m pytest tests/faults/test_load.py --soak --seed 7     a long one, and which
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import errors

from outbox import sandbox
from tests.conftest import Server, fill_installed
from tests.faults import rounds, world
from tests.faults.test_rounds import World, seed
from tests.faults.zygote import LIMITS
from tests.invariants import Witness
from tests.targets.test_faults import FAULTS

__all__ = ["seed"]  # the fixture

PROBABILITY = 0.01
EVERY_FAULT: tuple[dict[str, Any], ...] = (
    *FAULTS,
    {"kind": "status", "status": 429},
    {"kind": "accepted", "path": "/erp/"},
    {"kind": "latency", "latency_ms": 100},
    {"kind": "latency", "latency_ms": 400},  # twice the relay's deadline: applied, and nobody waited for the answer
)
LISTED_AFTER_S = 0.1


@pytest.fixture
def loaded(server: Server) -> Iterator[World]:
    """The sample data, of which nothing is in the clouds yet."""
    with server.cloned(server.template("installed", fill_installed)) as dsn, sandbox.running() as base_url:
        yield World(dsn, base_url)


@pytest.mark.parametrize("transactions", [40, pytest.param(2000, marks=pytest.mark.soak)])
def test_a_load_with_one_per_cent_of_each_fault_ends_equal(loaded: World, seed: int, transactions: int) -> None:
    """The first register of both clouds, and concurrent writers beside it: then the clouds hold what the views say,
    nothing is dead, and no user was invited twice while he stayed in the view.
    """
    with (
        closing(psycopg.connect(loaded.dsn, autocommit=True)) as connection,
        httpx.Client(base_url=loaded.base_url, verify=False) as cloud,
        rounds.relays(loaded.dsn, loaded.base_url) as relays,
    ):
        cloud.post("/sandbox/settings", json={"lag_s": LISTED_AFTER_S})
        faults = [f | {"probability": PROBABILITY, "seed": seed + i} for i, f in enumerate(EVERY_FAULT)]
        cloud.post("/sandbox/faults", json=faults).raise_for_status()
        witness = Witness(connection, cloud, LIMITS)
        connection.execute("UPDATE outbox.target SET active_since = now()")
        for target in ("accountview_net", "visma_net"):
            connection.execute("SELECT outbox.register(%s)", [target])
        relays.start()
        _write(loaded.dsn, seed, transactions)
        stuck = rounds.drain(connection, within_s=600)
        hit = {f["kind"] for f in cloud.get("/sandbox/faults").json() if f["hit"]}
        cloud.delete("/sandbox/faults")
        calls = cloud.get("/sandbox/requests").json()["total"]
        dead = connection.execute("SELECT resource, key, error FROM outbox.message WHERE status = 'dead'").fetchall()
        wrong = stuck or witness.broken(relays.said(), concurrent=True) + _twice_invited(cloud)
    assert (wrong, dead) == ([], []), f"seed {seed}"
    assert calls > 300
    assert len(hit) > 3


def _write(dsn: str, seed: int, transactions: int) -> None:
    """Four at once, a statement in each transaction."""

    def write(first: int) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            for n in range(first, first + transactions // 4):
                rng = random.Random(n)
                s = rng.choices(CHANGES, WEIGHTS)[0](rng)
                with suppress(errors.IntegrityError, errors.DeadlockDetected):
                    connection.execute(s.text, s.values)
                time.sleep(rng.random() * 0.01)

    writers = [threading.Thread(target=write, args=(seed + i * transactions,)) for i in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


def _newcomer(rng: random.Random) -> world.Statement:
    code = f"n{rng.randrange(10_000)}"
    return world._user(rng, code, f"{code}@example.nl")


# No user leaves: so whoever was invited must be there, once.
CHANGES = (
    _newcomer, world._toggle, world._right_change, world._member_change, world._app_change, world._company_opens,
    world._company_change, world._carrier_change,
)  # fmt: skip
WEIGHTS = (3, 2, 4, 3, 1, 1, 1, 4)


def _twice_invited(cloud: httpx.Client) -> list[str]:
    mails = cloud.get("/sandbox/invitations").json()
    return [
        f"{target}: the invitations and the users do not agree"
        for target, holds in cloud.get("/sandbox/state").json().items()
        if sorted(m["user_id"] for m in mails if m["target"] == target) != sorted(holds["users"])
    ]
