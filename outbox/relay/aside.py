"""A second connection beside a lane's own, for what a delivery asks while it is under way: whose object is this, how
many calls are left. On the lane's own it would wait for a long statement there, and end up inside its transaction.
"""

from __future__ import annotations

import asyncio
from typing import Any

from psycopg.conninfo import make_conninfo

from outbox import sqlfiles
from outbox.relay.connection import Connection, connect


class Aside:
    """Opened as `like` was, when first needed and again after it broke. One statement at a time, and no transaction
    around it.
    """

    def __init__(self, like: Connection, target: str) -> None:
        password = {"password": like.info.password} if like.info.password else {}
        self._dsn = make_conninfo(like.info.dsn, **password)
        self._target = target
        self._lock = asyncio.Lock()
        self._connection: Connection | None = None

    async def ask(self, name: str, **parameters: Any) -> list[Any]:
        """The rows of sql/relay/<name>.sql. Raises psycopg.Error."""
        async with self._lock:
            if self._connection is None or self._connection.closed:
                self._connection = await connect(self._dsn)
            statement = sqlfiles.statement(f"relay/{name}.sql")
            return await self._connection.rows(statement, {"target": self._target, **parameters})

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()
