"""How the relay is connected: directly, or through a pooler that gives every transaction another session.

Directly the settings below are set once, and the server rings. Behind pgbouncer in transaction mode nothing that is
set outlives a transaction (and what is set would be the next client's), a statement that was prepared is gone, and a
notification never arrives. So there they are pinned for every transaction, nothing is prepared, and the relay polls.
Nobody has to say which it is: a pooler tells its clients other process ids than the server's own.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any, Self
from weakref import WeakSet

import psycopg
from psycopg import AsyncConnection, IsolationLevel
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row

from outbox import sqlfiles
from outbox.errors import NotAtHome
from outbox.pinned import PINNED

SESSION = {
    **PINNED,
    **dict.fromkeys(("lc_time", "lc_numeric", "lc_monetary"), "C"),  # to_char and money, which no key is made with
    "row_security": "off",  # an error instead of an empty read, which would look like a deletion
    "default_transaction_isolation": "read committed",  # who locks a row looks again, and has to see what is there now
    "synchronous_commit": "off",  # but for begin, see there
    "jit": "off",
    "plan_cache_mode": "auto",  # planning takes longer than doing; see forget_plans
    "statement_timeout": "0",  # a recheck of a million rows takes its time, and would be begun again for ever
    "transaction_timeout": "0",  # from PostgreSQL 17 on
    "lock_timeout": "2s",  # a table that is being altered must not stop what needs other tables
    "idle_in_transaction_session_timeout": "5s",  # who froze there has rows locked, the one of its lease too
    "idle_session_timeout": "0",
    "application_name": "outbox relay",
}

# A server that is gone without a word (its machine died, the network dropped it) is noticed within half a minute.
_NETWORK = {
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

# One that acknowledges but never answers TCP takes for alive. To what takes milliseconds it may answer for so long.
SILENT_S = 30.0
open_connections: WeakSet[Connection] = WeakSet()

# What a relay waits out and connects again for: a connection that is gone, a server that stops, starts or has become a
# standby (25006), a deadlock, a full disk, a transaction that the server has ended (25P03, 25P04). With several hosts
# in the DSN, and target_session_attrs=read-write, libpq then finds the one that can be written to.
LOST = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
)


class Connection(AsyncConnection[Any]):
    """pooled: there is a pooler between; deaf: NOTIFY does not arrive, or nobody may send it."""

    pooled = False
    deaf = False

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around statements that take milliseconds: when they take SILENT_S, the server is gone. Then whatever waits
        for it, on any connection of this process, gets an OperationalError: what takes long by itself waits there too.
        """
        timer = asyncio.get_running_loop().call_later(SILENT_S, _cut_all)
        try:
            yield
        finally:
            timer.cancel()

    async def settle_in(self) -> Self:
        """Find out what this is a connection to, and pin the settings."""
        cursor = await self.execute(sqlfiles.read("session/read.sql"))
        row = await cursor.fetchone()
        assert row is not None
        pid, prepares = row
        self.pooled = pid != self.info.backend_pid
        self.deaf = self.pooled or prepares
        if self.pooled:
            self.prepare_threshold = None
            await self.set_isolation_level(IsolationLevel.READ_COMMITTED)  # it cannot be pinned within a transaction
        else:
            await self._pin(for_transaction=False)
        return self

    @asynccontextmanager
    async def pinned(self) -> AsyncIterator[None]:
        """Around every statement, since none may be seen without the settings."""
        if not self.pooled:
            yield
        elif self.info.transaction_status is TransactionStatus.IDLE:
            async with self.transaction():
                await self._pin(for_transaction=True)
                yield
        else:  # the transaction's first statement was the caller's BEGIN alone
            await self._pin(for_transaction=True)
            yield

    async def rows(self, query: Any, parameters: Mapping[str, Any], *, prepare: bool | None = None) -> list[Any]:
        """Of one statement, under the pinned settings; none where it answers none."""
        async with self.pinned(), self.cursor(row_factory=namedtuple_row) as cursor:
            await cursor.execute(query, parameters, prepare=prepare)
            return await cursor.fetchall() if cursor.description else []

    async def forget_plans(self) -> None:
        """Plans are kept, since planning takes longer than doing, but not for long: one that was made while the queue,
        or a table of the view, was empty would be a bad one for a full one. Behind a pooler nothing is kept.
        """
        if not self.pooled:
            await self.execute(sqlfiles.read("session/forget_plans.sql"))

    async def _pin(self, *, for_transaction: bool) -> None:
        await self.execute(
            sqlfiles.read("session/pin.sql"), {"settings": json.dumps(SESSION), "local": for_transaction}
        )


def _cut_all() -> None:
    for connection in list(open_connections):
        cut(connection)


def cut(connection: psycopg.Connection[Any] | Connection) -> None:
    """What waits for an answer on it gets an OperationalError at once. From any thread."""
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as s:
        s.shutdown(socket.SHUT_RDWR)


def with_time_outs(dsn: str, application_name: str) -> str:
    """The connection string with what it does not say itself."""
    given = conninfo_to_dict(dsn)
    wanted = {**_NETWORK, "application_name": application_name}
    missing = {name: value for name, value in wanted.items() if name not in given}
    return make_conninfo(dsn, **missing, client_encoding="utf8")  # whatever the database or the environment says


async def connect(dsn: str) -> Connection:
    """A connection in autocommit with the settings that every relay pins. Raises NotAtHome with a restored outbox: with
    every connection, since the database behind the name may be another by now.
    """
    connection = await Connection.connect(with_time_outs(dsn, SESSION["application_name"]), autocommit=True)
    open_connections.add(connection)
    try:
        with connection.answering():
            await connection.settle_in()
            await _require_home(connection)
        return connection
    except BaseException:
        await connection.close()
        raise


async def _require_home(connection: Connection) -> None:
    """Raises NotAtHome: this outbox was restored or copied, and nobody has said yet that it may send."""
    async with connection.pinned():
        cursor = await connection.execute(sqlfiles.read("relay/is_home.sql"))
        if await cursor.fetchone() != (True,):
            raise NotAtHome
