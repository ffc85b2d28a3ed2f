"""A question to a cloud, as several commands have one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from outbox.config import Settings
from outbox.relay.connection import Connection, connect
from outbox.targets.listing import Listing
from outbox.verify import reading

T = TypeVar("T")


def ask_cloud(settings: Settings, target: str, ask: Callable[[Connection, Listing], Coroutine[Any, Any, T]]) -> T:
    """What `ask` answers, of the lists of a target beside the database. Raises CloudError."""

    async def asked() -> T:
        async with (
            await connect(settings.dsn.reveal()) as connection,
            reading(connection, settings.targets[target]) as listing,
        ):
            return await ask(connection, listing)

    return asyncio.run(asked())
