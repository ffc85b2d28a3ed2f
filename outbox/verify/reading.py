"""Reading a cloud is held to what sending to it is held to: a Retry-After, and the budget of calls of all relays."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from outbox.config import TargetSettings
from outbox.relay.connection import Connection
from outbox.relay.gate import Gate
from outbox.relay.store import Store
from outbox.targets import connect
from outbox.targets.listing import Listing


@asynccontextmanager
async def reading(connection: Connection, settings: TargetSettings) -> AsyncIterator[Listing]:
    """The lists of a target while the block runs. Raises psycopg.errors.InsufficientPrivilege for who may not call."""
    target = await Store(connection, settings.name).one("read_target")
    gate = Gate(connection, settings.name)
    gate.keep_quiet(target.quiet)
    listing = Listing(connect(settings, gate))
    try:
        # None, of no company: a right that is lacking would later pass for a database that is away.
        await gate.aside.ask("take_permits", company=None, wanted=0)
        yield listing
    finally:
        await listing.close()
