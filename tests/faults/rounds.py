"""Short rounds: a few concurrent transactions on few keys beside a relay that is killed, then drain and compare.

One long run would heal its own mistakes, since later changes look at the same keys again; many short ones do not.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from tempfile import NamedTemporaryFile
from typing import IO

import httpx
import psycopg

from tests.faults import desk, world
from tests.faults.zygote import LIMITS, TIMES
from tests.invariants import Witness

STILL_S = 60.0  # so long nothing may become done
DRAIN_S = 300.0
LAST_STEP = 200
DEATH_S = 0.5
FAULTS: tuple[dict[str, object], ...] = (
    {"kind": "drop_after"},
    {"kind": "drop_before"},
    {"kind": "truncate"},
    {"kind": "empty"},
    {"kind": "html"},
    {"kind": "accepted"},
    {"kind": "retry_after", "retry_after": 0},
    {"kind": "status_after", "status": 504},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 401},
    {"kind": "status", "status": 500, "path": "/connect/token"},
)


@dataclass
class Relays:
    """Real relay processes over one database and one sandbox. log: what all of them have written, ever."""

    zygote: subprocess.Popen[str]
    log: IO[str]
    alive: list[int] = field(default_factory=list)

    def start(self, dies_at: int | None = None) -> None:
        """dies_at: the step at which it kills itself, see zygote.py."""
        assert self.zygote.stdin
        assert self.zygote.stdout
        self.zygote.stdin.write(f"{dies_at or ''}\n")
        self.zygote.stdin.flush()
        self.alive.append(int(self.zygote.stdout.readline()))

    def kill(self) -> None:
        """SIGKILL, wherever they are."""
        for pid in self.alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for pid in self.alive:
            while _exists(pid):
                time.sleep(0.001)
        self.alive.clear()

    def wait_for_death(self, timeout_s: float) -> None:
        """Until one of them has killed itself."""
        until = time.monotonic() + timeout_s
        while all(_exists(pid) for pid in self.alive) and time.monotonic() < until:
            time.sleep(0.001)

    def said(self) -> str:
        """Since it was asked last."""
        return self.log.read()


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@contextmanager
def relays(dsn: str, base_url: str, plant: str | None = None) -> Iterator[Relays]:
    command = [sys.executable, "-m", "tests.faults.zygote", dsn, base_url, *([plant] if plant else [])]
    pipe = subprocess.PIPE
    with (
        NamedTemporaryFile("r") as log,
        open(log.name, "a") as written,
        subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=written, text=True) as zygote,
    ):
        made = Relays(zygote, log)
        try:
            yield made
        finally:
            made.kill()
            zygote.kill()


def play(dsn: str, base_url: str, relays: Relays, seed: int, theme: str | None = None) -> list[str]:
    """One round; answers what is wrong afterwards. With a theme (of world.py) it is a rough one: everything slow, many
    answers lost, so that a planted mistake is met sooner.
    """
    rng = random.Random(seed)
    rough = theme is not None
    theme = theme or rng.choice(list(world.THEMES))
    with psycopg.connect(dsn, autocommit=True) as connection, httpx.Client(base_url=base_url, verify=False) as cloud:
        cloud.post("/sandbox/reset")
        world.reset(connection, rng, theme)
        witness = Witness(connection, cloud, LIMITS)
        relays.start()
        if rng.random() < 0.3:
            relays.start()
        if rng.random() < 0.7:
            drain(connection)
        faults = _faults(cloud, rng, rough)
        writers = [threading.Thread(target=world.play, args=(dsn, rng.randrange(2**32), theme)) for _ in range(3)]
        if rng.random() < 0.3:
            writers += [threading.Thread(target=desk.play, args=(dsn, base_url, rng.randrange(2**32), theme))]
        for w in writers:
            w.start()
            time.sleep(rng.random() * 0.01)
        for _ in range(rng.randrange(3)):
            time.sleep(rng.random() * 0.06)
            match rng.choice(("join", "kill", "die", "die")):
                case "join" if len(relays.alive) < 3:
                    relays.start()  # the lanes move while everything is under way
                case "die":
                    _kill_and_restart(connection, relays, dies_at=rng.randrange(1, LAST_STEP))
                    relays.wait_for_death(DEATH_S)
                    _kill_and_restart(connection, relays)
                case _:
                    _kill_and_restart(connection, relays)
        for w in writers:
            w.join()
        if rng.random() < 0.3:
            connection.execute("SELECT outbox.register('visma_net', 'users')")
        cloud.delete("/sandbox/faults")
        if any(fault.get("status") == 401 for fault in faults):
            _forget_answers(connection, relays)
        desk.close(connection)
        stuck = drain(connection)
        relays.kill()
        if stuck:
            return stuck
        # killed: of what the dead sent nobody has written; concurrent: three write at once
        wrong = witness.broken(relays.said(), killed=True, concurrent=True)
        return wrong + _dead(connection) + ([] if theme not in world.STAY else _twice_invited(cloud))


def trace(dsn: str, base_url: str) -> str:
    """All that the last round left behind, to be read by a person: the outbox's tables, the calls, the clouds."""
    lines = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table, order in (
            ("message", "id"),
            ("mirror", "target, resource, key"),
            ("attempt", "id"),
            ("target", "target"),
            ("pause", "target"),
        ):
            lines += [f"-- outbox.{table}"]
            for (row,) in connection.execute(f"SELECT to_jsonb(t) FROM outbox.{table} AS t ORDER BY {order}".encode()):
                lines.append(json.dumps({name: value for name, value in row.items() if value is not None}))
    with httpx.Client(base_url=base_url, verify=False) as cloud:
        lines += ["-- calls"]
        calls = cloud.get("/sandbox/requests", params={"last": 100_000}).json()["last"]
        lines += [json.dumps(call) for call in calls]
        for path in ("invitations", "state"):
            lines += [f"-- {path}", cloud.get(f"/sandbox/{path}").text]
    return "\n".join(lines) + "\n"


def _faults(cloud: httpx.Client, rng: random.Random, rough: bool) -> list[dict[str, object]]:
    """Now and then a call fails, in one of the ways there are, or all takes a little; rough ones lose answers."""
    latency_ms = rng.randrange(20, 60) if rough else rng.randrange(1, 15)
    faults: list[dict[str, object]] = [{"path": "/v1", "kind": "latency", "latency_ms": latency_ms}]
    for _ in range(6 if rough else rng.randrange(6)):
        fault = FAULTS[0] if rough else rng.choice(FAULTS)
        faults.append({"path": "/v1", **fault, "times": rng.choice((1, 1, 2)), "after": rng.randrange(12)})
    if rough or rng.random() < 0.7:
        cloud.post("/sandbox/faults", json=faults)
    return faults


def _forget_answers(connection: psycopg.Connection, relays: Relays) -> None:
    """Two refused tokens pause a target. Such an answer may be under way when the faults are over, and the target would
    be paused after somebody has resumed it: it dies with its relay, and with what that has asked the database.
    """
    relays.kill()
    asked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'outbox relay'"
    while connection.execute(asked).fetchone():
        time.sleep(0.001)
    _kill_and_restart(connection, relays)


def _kill_and_restart(connection: psycopg.Connection, relays: Relays, dies_at: int | None = None) -> None:
    relays.kill()
    # The dead cannot hold their lease: waiting for it to run out would only make the round longer. What they sent last
    # may still land, for which the lease leaves one deadline.
    over = (
        "UPDATE outbox.lease SET expires_at = '-infinity', abandoned_at = clock_timestamp() + make_interval(secs => %s)"
    )
    connection.execute(over, [TIMES.deadline_s])
    connection.execute("DELETE FROM outbox.relay")
    relays.start(dies_at)


def drain(connection: psycopg.Connection, within_s: float = DRAIN_S) -> list[str]:
    """Wait until no message is pending and nothing in flight; answers what is left when nothing moves any more. A busy
    machine is slow and moves.
    """
    query = "SELECT count(*) FILTER (WHERE status = 'pending'), count(settled_at) FROM outbox.message"
    began = moved_at = time.monotonic()
    settled = -1
    while (now := time.monotonic()) < min(moved_at + STILL_S, began + within_s):
        row = connection.execute(query).fetchone()
        assert row
        if row[0] == 0:
            return []
        if row[1] != settled:
            settled, moved_at = row[1], now
        time.sleep(0.01)
    left = connection.execute(
        "SELECT target, resource, key, via, operation, attempts, due_at - now(), error FROM outbox.message"
        " WHERE status = 'pending' LIMIT 5"
    ).fetchall()
    return [f"not drained in {time.monotonic() - began:.0f} s: {row}" for row in left]


def _dead(connection: psycopg.Connection) -> list[str]:
    """In this world nothing is refused, and nothing runs out of attempts."""
    query = "SELECT target, resource, key, error FROM outbox.message WHERE status = 'dead' LIMIT 5"
    return [f"dead: {row}" for row in connection.execute(query).fetchall()]


def _twice_invited(cloud: httpx.Client) -> list[str]:
    """Where the two users that there are neither come nor go."""
    mails = [m["target"] for m in cloud.get("/sandbox/invitations").json()]
    return [f"I5: {target}: somebody was invited twice" for target in {*mails} if mails.count(target) > 2]
