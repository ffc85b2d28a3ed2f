"""One target under test: a database, the sandbox, and a relay that can be stopped between any two of its steps.

Nothing of the relay runs but while a method here does: a call that was begun leaves when `land` lets it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import httpx
import psycopg
from psycopg import sql

from outbox import install, sandbox
from outbox.cli.logs import JsonFormatter
from outbox.config import CompanySettings, Secret, Settings, TargetSettings
from outbox.register.preview import preview
from outbox.register.request import confirm, follow
from outbox.relay.brake import Limits
from outbox.relay.breaker import Breaker
from outbox.relay.connection import connect
from outbox.relay.gate import Gate
from outbox.relay.holding import Holding
from outbox.relay.lane import Lane
from outbox.relay.retry import Patience
from outbox.relay.settle import Times
from outbox.relay.store import Store
from outbox.resources import TARGETS
from outbox.service import wiring
from outbox.service.process import Rhythm, Service
from outbox.targets import connect as connect_target
from tests.hands import Hands
from tests.invariants import Witness
from tests.witness.compare import compare

# What a test waits for is short here, and in the proportions of the defaults. What must not end while a busy machine is
# slow is long: the lease, the grace, and a call itself (deadline_s is only how long a doubt waits).
TIMES = Times(deadline_s=0.1, doubt_s=0.2, user_doubt_s=0.6)
PATIENCE = Patience(attempts=4, give_up_s=0.0, base_s=0.005, cap_s=0.02)
RHYTHM = Rhythm(reconnect_s=0.05)
STEPPING_LEASE_S = 300.0  # nobody renews it
CALL_S = 20.0
T = TypeVar("T")
DRAIN_S = 60.0

# For tests in which many come and go, and that is not the point.
UNBRAKED = Limits(removals=1000, removals_percent=100.0, new_users=1000, grants=1000)

FIRST = """
    INSERT INTO accountview.licence_modules VALUES
        ('ACCESS_1'), ('ACCESS_2'), ('APPROVAL'), ('AUTOREPORT'), ('PROJECTS'), ('COST_TYPES'), ('COST_CENTRES');
    INSERT INTO accountview.administrations (code, name, street, postal_code, city)
    VALUES ('A1', 'Eerste', 'Dam 1', '1012 AB', 'Amsterdam'), ('A2', 'Tweede', 'Dam 2', '1012 AB', 'Amsterdam');
    INSERT INTO accountview.apps (code, name) VALUES ('SCAN', 'Scan');
"""

# DELETE, since TRUNCATE makes new files for every table, and that takes longer than most tests here.
EMPTY = "; ".join(
    f"DELETE FROM {table}"
    for table in (
        "accountview.users",
        "accountview.user_groups",
        "accountview.group_members",
        "accountview.administrations",
        "accountview.companies",
        "accountview.administration_access",
        "accountview.apps",
        "accountview.app_access",
        "accountview.projects",
        "accountview.cost_types",
        "accountview.cost_centres",
        "accountview.licence_modules",
        "outbox.approval",
        "outbox.rejection",
        "outbox.passed",
        "outbox.message",
        "outbox.mirror",
        "outbox.attempt",
        "outbox.bell",
        "outbox.rate",
        "outbox.decision",
        "outbox.verified",
        "outbox.not_ours",
        "outbox.application",
    )
)


def fill_captured(connection: psycopg.Connection) -> None:
    """Views and triggers over two administrations that nobody opens yet; nothing is enqueued."""
    connection.commit()
    connection.autocommit = True
    connection.execute(FIRST)
    install.apply(connection, install.plan(connection))
    connection.execute("TRUNCATE outbox.message")
    forget_recheck(connection)


def forget_recheck(connection: psycopg.Connection) -> None:
    """The recheck that follows an install, once all older transactions have ended: a relay that was slow to start would
    do it in the middle of a test, and what it made would not be told as made by the test's own register.
    """
    connection.execute("DELETE FROM outbox.manifest WHERE kind = 'recheck'")


def recheck(connection: psycopg.Connection) -> None:
    """What may have been written unseen, as the running relay does: once every transaction that was running has ended,
    one of the server's own (autovacuum) too.
    """
    left = "SELECT count(*) FROM outbox.manifest WHERE kind = 'recheck'"

    def is_done() -> bool:
        connection.execute("SELECT outbox.recheck_unseen()")
        return connection.execute(left).fetchone() == (0,)

    eventually(is_done)


def register_everything(connection: psycopg.Connection, base_url: str) -> None:
    """The first load of both clouds, without a person who would be asked. The connection is in autocommit."""
    defaults = CompanySettings(template="STD")
    targets = {name: replace(reach, defaults=defaults) for name, reach in sandbox.settings(base_url).items()}
    with wiring.at_work(wiring.make_service(Settings(dsn=Secret(connection.info.dsn), targets=targets), TARGETS)):
        ids = [i for target in TARGETS for i in confirm(connection, target, shown=preview(connection, target))]
        assert not list(follow(connection, ids))[-1].pending


def differences(connection: psycopg.Connection[Any], *told: Any) -> list[str]:
    """A sentence for each, between the views and what /sandbox/state showed; none: they are equal."""
    return [line for c in compare(connection, *told) for line in c.differences]


class Heard(logging.Handler):
    """All that the package logs in this process, as a relay would write it."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []
        self.logger = logging.getLogger("outbox")
        self.logger.addHandler(self)
        self.logger.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def close(self) -> None:
        self.logger.removeHandler(self)
        self.logger.setLevel(logging.NOTSET)
        super().close()


class Behind:
    """In place of `time`: the clock of a relay beside a server's that was set forward (first World.set_clock)."""

    behind_s = 0.0

    def monotonic(self) -> float:
        return time.monotonic() - self.behind_s


class World:
    """Rows go in by plain SQL; what came of them is read from the outbox's tables and from the sandbox."""

    def __init__(self, dsn: str, base_url: str, target: str) -> None:
        self.dsn, self.base_url, self.target = dsn, base_url, target
        self.database = psycopg.connect(dsn, autocommit=True)
        self.cloud = httpx.Client(base_url=base_url, verify=False)  # to read the world's authorities takes a while
        self.runner = asyncio.Runner()
        self.limits = Limits()
        self.heard = Heard()
        self.killed = False  # a relay, with calls under way that nobody has written down
        self.witness = Witness(self.database, self.cloud)

    def empty(self) -> None:
        """Nothing in the cloud, nothing in the outbox, FIRST in the source; the target is active, the other is not."""
        self.heal()  # what is still on its way, of the test before, arrives now
        self.cloud.post("/sandbox/reset").raise_for_status()
        with self.database.transaction():
            self.sql("SET LOCAL session_replication_role = replica")
            self.sql(EMPTY)
            self.sql(FIRST)
            self.sql("DELETE FROM outbox.pause")
            self.sql("UPDATE outbox.target SET paused_at = NULL, why = NULL, verify_since = NULL,"
                     " down_since = NULL, down_why = NULL, probe_at = NULL, probes = 0,"
                     " active_since = CASE WHEN target = %s THEN now() END", self.target)  # fmt: skip
            self.sql("UPDATE outbox.lease SET expires_at = '-infinity', abandoned_at = NULL")
            self.sql("DELETE FROM outbox.relay")
        self.witness, self.killed = Witness(self.database, self.cloud), False
        self.heard.lines.clear()

    def close(self) -> None:
        self.heard.close()
        self.runner.close()
        self.database.close()
        self.cloud.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    # -- the database ------------------------------------------------------------------------------------------

    def sql(self, text: str, *values: Any) -> list[Any]:
        """Each call is a transaction of its own. Answers rows; of one column, its values."""
        cursor = self.database.execute(text, values or None)
        rows = cursor.fetchall() if cursor.description else []
        return [r[0] for r in rows] if rows and len(rows[0]) == 1 else rows

    def is_asleep(self) -> bool:
        """The flag is up, and the relay has done nothing for a while."""
        query = ("SELECT (SELECT count(*) FROM outbox.bell) = 1 AND bool_and(now() - state_change > '150 ms')"
                 " FROM pg_stat_activity WHERE application_name = 'outbox relay'"
                 " AND datname = current_database()")  # fmt: skip
        return bool(self.sql(query)[0])

    def end_connections(self) -> None:
        """Those of every relay, by the server."""
        self.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                 " WHERE application_name = 'outbox relay' AND datname = current_database()")  # fmt: skip

    def set_clock(self, forward: str) -> None:
        """The database's clock jumps by an interval. Nobody can set the machine's here, but all that is stored may be
        set back by as much: whoever compares the two sees the same.
        """
        for table, columns in self.sql("""
            SELECT a.attrelid::regclass::text, array_agg(quote_ident(a.attname))
            FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r'
            WHERE c.relnamespace = 'outbox'::regnamespace AND a.atttypid = 'timestamptz'::regtype GROUP BY 1"""):
            changes = ", ".join(f"{c} = {c} - interval '{forward}'" for c in columns)
            self.sql(f"UPDATE {table} SET {changes}")

    def user(self, code: str, email: str | None = None, first: str = "Voor", last: str = "Naam") -> None:
        self.sql("INSERT INTO accountview.users (code, first_name, last_name, email) VALUES (%s, %s, %s, %s)",
                 code, first, last, email or f"{code}@example.nl")  # fmt: skip

    def company(self, code: str, administration: str | None = "A1") -> None:
        number = f"{10_000_000 + sum(map(ord, code))}"
        self.sql("INSERT INTO accountview.companies VALUES (%s, %s, %s, %s)", code, f"Bedrijf {code}", number,
                 administration)  # fmt: skip

    @contextmanager
    def uncaptured(self) -> Iterator[None]:
        """No trigger fires meanwhile: these changes have no message."""
        self.sql("SET session_replication_role = replica")
        try:
            yield
        finally:
            self.sql("RESET session_replication_role")

    def right(self, user: str, administration: str = "A1") -> None:
        self.sql("INSERT INTO accountview.administration_access (administration_code, user_code) VALUES (%s, %s)",
                 administration, user)  # fmt: skip

    def message(self, resource: str, *key: str, operation: str = "UPDATE") -> Any:
        """As a trigger would write it: something about this key may have changed."""
        query = "INSERT INTO outbox.message (target, resource, key, operation) VALUES (%s, %s, %s, %s) RETURNING id"
        return self.sql(query, self.target, resource, list(key), operation)[0]

    def register(self, resource: str | None = None, *key: str) -> list[int]:
        return self.sql("SELECT outbox.register(%s, %s, %s)", self.target, resource, list(key))

    def ended(self, resource: str, *key: str) -> list[str]:
        """The outcome, or else the status, of each message of a key, oldest first."""
        query = (
            "SELECT coalesce(outcome, status) FROM outbox.message"
            " WHERE target = %s AND resource = %s AND key = %s ORDER BY id"
        )
        return self.sql(query, self.target, resource, list(key))

    def last(self, resource: str, *key: str) -> tuple[str, str | None]:
        """(outcome or status, error) of the newest message of a key."""
        query = (
            "SELECT coalesce(outcome, status), error FROM outbox.message"
            " WHERE target = %s AND resource = %s AND key = %s ORDER BY id DESC LIMIT 1"
        )
        rows = self.sql(query, self.target, resource, list(key))
        return rows[0] if rows else ("no message", None)

    def mirror(self, resource: str, *key: str) -> Any:
        """The row of a key as a dictionary, or None."""
        query = "SELECT to_jsonb(m) FROM outbox.mirror AS m WHERE target = %s AND resource = %s AND key = %s"
        rows = self.sql(query, self.target, resource, list(key))
        return rows[0] if rows else None

    def pending(self) -> list[Any]:
        return self.sql(
            "SELECT id, resource, key, via, error FROM outbox.message WHERE target = %s AND status = 'pending'",
            self.target,
        )

    # -- the cloud ---------------------------------------------------------------------------------------------

    def holds(self) -> Any:
        return self.cloud.get("/sandbox/state").json()[self.target]

    def users(self) -> list[str]:
        """The e-mails of the users in the cloud."""
        return sorted(u["email"] for u in self.holds()["users"].values())

    def invited(self) -> list[str]:
        """The e-mails that were sent an invitation, in order."""
        return [i["email"] for i in self.cloud.get("/sandbox/invitations").json() if i["target"] == self.target]

    def calls(self, method: str = "", path: str = "") -> list[str]:
        """The calls so far, as "METHOD path", without reads of the sandbox and tokens."""
        seen = self.cloud.get("/sandbox/requests", params={"last": 1000}).json()["last"]
        mine = [r for r in seen if r["target"] == self.target and r["method"].startswith(method)]
        return [f"{r['method']} {r['path']}" for r in mine if path in r["path"]]

    def called_at(self) -> list[float]:
        """When each of them came in, seconds since the epoch."""
        seen = self.cloud.get("/sandbox/requests", params={"last": 1000}).json()["last"]
        return [r["at"] for r in seen if r["target"] == self.target]

    def writes(self) -> list[str]:
        return [c for c in self.calls() if not c.startswith("GET")]

    def fault(self, kind: str, method: str = "", path: str = "", times: int | None = 1, **rest: Any) -> None:
        fault = {"path": path, "kind": kind, **rest}
        fault |= {"method": method} if method else {}
        fault |= {"times": times} if times is not None else {}
        self.cloud.post("/sandbox/faults", json=fault).raise_for_status()

    def hands(self) -> Hands:
        """Those of another program, in the same cloud."""
        return Hands(self.cloud, self.base_url, self.target)

    def limit(self, calls: int, window_s: float) -> None:
        """So many calls are allowed from now on."""
        settings = {"rate_limit": calls, "rate_window_s": window_s}
        self.cloud.post("/sandbox/settings", json=settings).raise_for_status()

    def heal(self) -> None:
        self.cloud.delete("/sandbox/faults").raise_for_status()

    def differences(self) -> list[str]:
        """Between the views and the cloud; none: they are equal."""
        state = self.cloud.get("/sandbox/state").json()
        return [d for c in compare(self.database, state) if c.target == self.target for d in c.differences]

    # -- the relay ---------------------------------------------------------------------------------------------

    def settings(self, **changes: Any) -> TargetSettings:
        reach = sandbox.settings(self.base_url)[self.target]
        return replace(reach, **{"deadline_s": CALL_S, "defaults": CompanySettings(template="STD"), **changes})

    def make_lane(self, store: Store, **changes: Any) -> Lane:
        settings, gate = self.settings(**changes), Gate(store.connection, store.target)
        return Lane(
            store,
            connect_target(settings, gate),
            gate,
            settings,
            times=TIMES,
            patience=PATIENCE,
            limits=self.limits,
            breaker=Breaker(first_s=0.02, cap_s=0.1),
        )

    def service(
        self, *, once: bool = False, holder: str | None = None, rhythm: Rhythm = RHYTHM, **changes: Any
    ) -> Service:
        made = Service(self.dsn, [self.target], lambda s: self.make_lane(s, **changes), rhythm, once=once)
        made.holder = holder or made.holder
        return made

    def drain(self, within_s: float = DRAIN_S, **changes: Any) -> None:
        """Run relays until nothing is pending."""
        until = time.monotonic() + within_s
        while self.pending():
            assert time.monotonic() < until, f"not drained: {self.pending()[:5]}"
            self.once(**changes)

    def once(self, **changes: Any) -> None:
        """One run of `relay --once`: until nothing is due."""

        async def run() -> None:
            await asyncio.wait_for(self.service(once=True, **changes).run(), DRAIN_S)

        self.run(run())

    def settled(self, **known: Any) -> None:
        """Drained, and all that must hold after a fault does. known: see invariants.Witness."""
        self.drain()
        self.hold(**known)

    def recovered(self, **known: Any) -> None:
        """After a fault: what failed works again, and who held a lane is gone."""
        self.heal()
        self.sql("UPDATE outbox.lease SET expires_at = '-infinity'")
        self.settled(**known)

    def hold(self, **known: Any) -> None:
        self.witness.connection, self.witness.limits = self.database, self.limits
        self.witness.hold("\n".join(self.heard.lines), **{"killed": self.killed, **known})

    @contextmanager
    def stepping(
        self, holder: str = "by hand", lanes: int = 100, lease_s: float = STEPPING_LEASE_S, **changes: Any
    ) -> Iterator[Steps]:
        """A relay that moves one step when told. What it has under way at the end of the block is dropped: a crash.

        lanes: so many of those that are free it takes.
        """
        steps = self.run(_open(self, holder, lanes, lease_s, changes))
        try:
            yield steps
        finally:
            steps.crash()


async def _open(world: World, holder: str, lanes: int, lease_s: float, changes: dict[str, Any]) -> Steps:
    connection = await connect(world.dsn)
    store = Store(connection, world.target, Holding())
    assert await store.take_lease(holder, lease_s, lanes)
    await store.read_views()
    return Steps(world, store, world.make_lane(store, **changes))


class Steps:
    """claim (with expand, compare and begin), land, settle: by hand."""

    def __init__(self, world: World, store: Store, lane: Lane) -> None:
        self.world, self.store, self.lane = world, store, lane
        self.crashed = False

    def claim(self) -> Any:
        return self.world.run(self.lane.claim())

    def begin(self) -> None:
        """Take up all that is due; nothing has left when this returns, but the intents are committed."""
        while self.claim():
            pass

    def land(self) -> None:
        """Let everything that was begun reach the cloud, and its answer come in."""

        async def wait() -> None:
            while self.lane.sending.tasks:
                await asyncio.wait(self.lane.sending.tasks)

        self.world.run(wait())

    def settle(self) -> Any:
        return self.world.run(self.lane.settle())

    def turn(self) -> None:
        """All that is due now, to its end; what comes due by it, or meanwhile, is left."""
        self.begin()
        self.land()
        self.settle()

    def round(self) -> None:
        """Everything that is due now, to its end."""
        self.begin()
        while self.lane.in_flight:
            self.land()
            self.settle()
            self.begin()

    def explaining(self, part: str) -> list[str]:
        """The lines of the plans of composed statements with this in their text, as they come to be run."""
        plans: list[str] = []
        connection = self.store.connection
        rows = connection.rows

        async def explained(query: Any, parameters: Any, **how: Any) -> list[Any]:
            if isinstance(query, sql.Composed) and part in query.as_string(connection):
                plans.extend(r[0] for r in await rows(sql.SQL("EXPLAIN ") + query, parameters, prepare=False))
            return await rows(query, parameters, **how)

        connection.rows = explained  # type: ignore[method-assign]
        return plans

    def crash(self) -> None:
        """The process is gone; its lease is given up, since waiting for it would only make the test longer."""
        if not self.crashed:
            self.crashed = True
            self.world.killed |= bool(self.lane.in_flight or self.lane.sending.finished)
            self.world.run(self._crash())
            for lane, epoch in self.store.holding.held.items():
                mine = "WHERE target = %s AND lane = %s AND epoch = %s"
                self.world.sql(
                    f"UPDATE outbox.lease SET expires_at = '-infinity' {mine}", self.world.target, lane, epoch
                )

    async def _crash(self) -> None:
        tasks = list(self.lane.sending.tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self.lane.target.close()
        await self.store.connection.close()


@contextmanager
def at_work(service: Service) -> Iterator[None]:
    """The relay runs in a thread of its own, with its own loop, and is stopped in good order."""
    with wiring.at_work(service) as thread:
        yield
    assert not thread.is_alive(), "the relay has not stopped"


def eventually(what: Any, within_s: float = 60.0) -> None:
    """Wait until `what()` is true."""
    until = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.005)
