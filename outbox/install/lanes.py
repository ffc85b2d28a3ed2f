"""How many lanes a target has: the setting, applied to the database by `install`."""

from __future__ import annotations

import psycopg

from outbox import sqlfiles
from outbox.config import Settings
from outbox.database import Connection
from outbox.resources import TARGETS


def set_lanes(connection: Connection, settings: Settings) -> list[str]:
    """Make the database as the settings say. Answers, one sentence each, what could not be done now."""
    refused = []
    for target, lanes in wanted(settings).items():
        try:
            connection.execute(sqlfiles.read("status/set_lanes.sql"), {"target": target, "lanes": lanes})
        except psycopg.errors.ObjectInUse as e:
            refused.append(f"{e.diag.message_primary}: {e.diag.message_hint}, then `outbox install` makes it {lanes}")
    return refused


def wanted(settings: Settings) -> dict[str, int]:
    """Only the ERP is divided, and one target has none: more lanes there would only stay empty."""
    return {target: settings.targets[target].lanes if target == "visma_net" else 1 for target in TARGETS}


def render(settings: Settings) -> str:
    """As SQL for psql."""
    lines = [f"SELECT outbox.set_lanes('{target}', {lanes});" for target, lanes in wanted(settings).items()]
    return "\n\n-- Lanes: as many relays can share a target; nothing happens where there are as many already\n\n" + (
        "\n".join(lines) + "\n"
    )
