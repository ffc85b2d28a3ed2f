"""How long an install takes on a hundred views over a hundred tables."""

from __future__ import annotations

import time
from statistics import median

import psycopg

from outbox import embedded, install
from tests.bench import rig

REPEATS = 3


def run() -> None:
    taken = sorted(_seconds() for _ in range(REPEATS))
    print(f"  100 views over 100 tables, seconds: {median(taken):.1f} (median of {REPEATS}, at most {taken[-1]:.1f})")


def _seconds() -> float:
    with embedded.running() as dsn, psycopg.connect(dsn, autocommit=True) as connection:
        rig.run(connection, "hundred_views")
        start = time.monotonic()
        install.apply(connection, install.plan(connection))
        return time.monotonic() - start
