"""What the running relay does about drift: changes that raise no error in capture, and would be missed for ever."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection

import psycopg

from outbox import database, sqlfiles
from outbox.capture.wanted import ViewName
from outbox.database import Connection
from outbox.errors import DatabaseUnavailable
from outbox.install.drift import drifted

logger = logging.getLogger("outbox.watch")

AGAIN_S = 600.0
LOCK_TIMEOUT_MS = 500


class Watch:
    """Each look compares the catalogue with the manifest, and has what differs rechecked: when it is first seen or
    looks otherwise than before, again every AGAIN_S seconds while it lasts (each time costs one expansion of the
    resource, and calls only for what really differs), and once more when it is over.

    again_s, clock: seconds.
    """

    def __init__(self, dsn: str, again_s: float = AGAIN_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._dsn = dsn
        self._again_s = again_s
        self._clock = clock
        self._seen: dict[ViewName, tuple[str, float]] = {}  # what is the matter, and when it was rechecked

    def look(self, targets: Collection[str]) -> None:
        """At what these targets have. An error is logged and nothing else: capture and relay go on without."""
        try:
            with database.connect(self._dsn) as connection:
                self._look(connection, targets)
        except (psycopg.Error, DatabaseUnavailable) as e:
            logger.warning("no look for drift", extra={"error": type(e).__name__})
        except Exception:
            logger.exception("no look for drift")

    def _look(self, connection: Connection, targets: Collection[str]) -> None:
        database.pin(connection, {"lock_timeout": f"{LOCK_TIMEOUT_MS}ms"}, for_transaction=False)
        connection.execute(sqlfiles.read("relay/note_unseen.sql"))
        now = {r: why for r, why in drifted(connection).items() if r[0] in targets}
        at = self._clock()
        due = {r: why for r, why in now.items() if self._is_due(r, why, at)}
        over = {r: "is as installed again" for r in self._seen if r[0] in targets and r not in now}
        for resource, why in {**due, **over}.items():
            logger.warning("drift", extra={"target": resource[0], "resource": resource[1], "why": why})
            connection.execute(
                sqlfiles.read("relay/enqueue_drift.sql"), {"target": resource[0], "resource": resource[1]}
            )
        self._seen = {r: (why, at if r in due else self._seen[r][1]) for r, why in now.items()}

    def _is_due(self, resource: ViewName, why: str, at: float) -> bool:
        known, rechecked_at = self._seen.get(resource, ("", 0.0))
        return known != why or at - rechecked_at >= self._again_s
