"""What the relay does beside delivering, and how often: one line each in `make_chores`."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import asdict

from outbox.config import Settings
from outbox.operator.apps import pull
from outbox.operator.prune import prune, retention
from outbox.relay.connection import Connection
from outbox.relay.store import Store
from outbox.service.chores import Chore
from outbox.verify import reading, verify
from outbox.verify.store import Questions

logger = logging.getLogger("outbox.chores")

DUE_LOOK_S = 60.0  # how often it is asked whether a verify is due; after a restore it is, whatever the settings say


def make_chores(settings: Settings) -> list[Chore]:
    """The list of all of them."""

    async def pull_apps(connection: Connection, target: str) -> None:
        state = await Store(connection, target).one("read_target")
        async with reading(connection, settings.targets[target]) as listing:
            if listing.has_apps and not state.paused:
                pulled = await pull(connection, listing)
                logger.info("apps pulled", extra={"target": target, "listed": pulled.listed, "new": pulled.new})

    async def verify_when_due(connection: Connection, target: str) -> None:
        if await Questions(connection, target).is_due(settings.verify_every_s):
            async with reading(connection, settings.targets[target]) as listing:
                checked = await verify(connection, listing, repair=settings.verify_repair)
            logger.info("verified", extra={"target": target, **Counter(c.result for c in checked)})

    async def forget(connection: Connection, target: str) -> None:
        pruned = await prune(connection, retention(settings))
        logger.info("pruned", extra={"target": target, **asdict(pruned)})

    chores = [
        Chore("apps", settings.apps_every_s, pull_apps),
        Chore("verify", min(DUE_LOOK_S, settings.verify_every_s or DUE_LOOK_S), verify_when_due),
        Chore("prune", settings.prune_every_s, forget),
    ]
    return [c for c in chores if c.every_s > 0]
