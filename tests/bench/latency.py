"""From commit to the request's arrival, at twenty changes a second on an idle relay."""

from __future__ import annotations

import json
import time

import psycopg

from tests.bench import rig

CHANGES = 300
PER_S = 20


def run() -> None:
    with (
        rig.database() as dsn,
        rig.sink() as sink,
        rig.relay(dsn, sink) as relay,
        psycopg.connect(dsn, autocommit=True) as writer,
    ):
        writer.execute(
            "INSERT INTO accountview.projects (administration_code, code, description, start_date)"
            " SELECT %s, 'P' || n, '0', '2026-01-01' FROM generate_series(1, 100) AS n",
            [rig.ADMINISTRATION],
        )
        rig.wait_for(sink, 100, relay)
        time.sleep(2)
        committed = _write(writer)
        time.sleep(2)
        waits = sorted((at - committed[_stamp(body)]) * 1000 for at, body in sink.arrivals())
    print(f"  commit to request received, {PER_S} changes a second, ms ({len(waits)} of {CHANGES} arrived)")
    print(f"  p50 {_at(waits, 0.5):.1f}   p90 {_at(waits, 0.9):.1f}   p99 {_at(waits, 0.99):.1f}   max {waits[-1]:.1f}")


def _write(writer: psycopg.Connection) -> dict[str, float]:
    """Description of each change -> when its commit had returned."""
    committed, start = {}, time.time()
    for n in range(CHANGES):
        time.sleep(max(0.0, start + n / PER_S - time.time()))
        stamp = f"change {n}"
        writer.execute(
            "UPDATE accountview.projects SET description = %s WHERE (administration_code, code) = (%s, %s)",
            [stamp, rig.ADMINISTRATION, f"P{n % 100 + 1}"],
        )
        committed[stamp] = time.time()
    return committed


def _stamp(body: str) -> str:
    return str(json.loads(body)["description"]["value"])


def _at(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]
