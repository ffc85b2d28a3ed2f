"""What a relay does with much work: in order, shared, coalesced, many values a call, nothing to do, after a history."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import ExitStack
from pathlib import Path

import psycopg

from tests.bench import http, rig

AT_ONCE = 16
DELAY_MS = 20
PENDING = "SELECT count(*) FROM outbox.message WHERE status = 'pending'"


def slow() -> None:
    """Against a cloud that takes its time the relay is as fast as its slots, and each key's last state is its last."""
    with rig.sink(DELAY_MS) as sink:
        bare = asyncio.run(http.ours(sink.url))
    rate, inversions = _slow_rate(relays=1, rows=4_000)
    most = AT_ONCE / (DELAY_MS / 1000)
    print(f"  the sink takes {DELAY_MS} ms, {AT_ONCE} at once: {rate:,.0f} calls a second   inversions {inversions}")
    print(f"  of {most:,.0f} in theory {rate / most:.2f}   of {bare:,.0f} with the HTTP alone {rate / bare:.2f}")


def two() -> None:
    """Two relays share the lanes of one target."""
    one, two = _slow_rate(relays=1, rows=4_000)[0], _slow_rate(relays=2, rows=8_000)[0]
    print(
        f"  the sink takes {DELAY_MS} ms, calls a second: one relay {one:,.0f}   two {two:,.0f}   {two / one:.2f} times"
    )


def _slow_rate(relays: int, rows: int) -> tuple[float, int]:
    """(calls a second while all slots are in use, calls that brought an older state than an earlier one)"""
    with rig.database(companies=32) as dsn, rig.sink(DELAY_MS) as sink, ExitStack() as stack:
        for _ in range(relays):
            stack.enter_context(rig.relay(dsn, sink, AT_ONCE))
        _until(dsn, "SELECT count(DISTINCT holder) FROM outbox.lanes WHERE target = 'visma_net'", relays)
        with psycopg.connect(dsn, autocommit=True) as writer:
            _fill(writer, rows, companies=32)
            writer.execute("UPDATE accountview.projects SET description = description || '0'")
        _until(dsn, PENDING, 0)
        arrived = sink.arrivals()
    tenth = len(arrived) // 10
    return (5 * tenth) / (arrived[6 * tenth][0] - arrived[tenth][0]), _inversions(arrived)


def _inversions(arrived: list[tuple[float, str]]) -> int:
    last: dict[str, int] = {}
    found = 0
    for _, body in arrived:
        document = json.loads(body)
        code, stamp = document["projectID"]["value"], int(document["description"]["value"])
        found += stamp < last.get(code, 0)
        last[code] = stamp
    return found


def coalesce(changes: int = 100_000, keys: int = 1_000) -> None:
    """Many changes of few keys, made while no relay runs."""
    with rig.database() as dsn, rig.sink() as sink:
        with psycopg.connect(dsn, autocommit=True) as writer:
            _fill(writer, keys)
            with rig.relay(dsn, sink, AT_ONCE) as relay:
                rig.wait_for(sink, keys, relay)
                _until(dsn, PENDING, 0)
            writer.execute("SET synchronous_commit = off")
            for n in range(changes):
                writer.execute(
                    "UPDATE accountview.projects SET description = %s WHERE code = %s", [str(n), f"P{n % keys + 1}"]
                )
        with rig.relay(dsn, sink, AT_ONCE) as relay:
            start = time.monotonic()
            _until(dsn, PENDING, 0)
            took_s = time.monotonic() - start
            calls = len(sink.arrivals())
            assert relay.poll() is None
    print(f"  {changes:,} changes of {keys:,} keys: {calls:,} calls in {took_s:.1f} s")
    print(f"  {1000 * calls / changes:.0f} calls per 1,000 changes, {changes / took_s:,.0f} changes a second")


def values(count: int = 10_000) -> None:
    """The first load of one company's cost centres."""
    with rig.database() as dsn, rig.sink() as sink:
        with psycopg.connect(dsn, autocommit=True) as writer:
            rig.run(writer, "cost_centres", count=count)
        with rig.relay(dsn, sink, AT_ONCE):
            _until(
                dsn,
                "SELECT count(*) FROM outbox.mirror WHERE confirmed_at IS NOT NULL AND resource = 'cost_centres'",
                count,
            )
            arrived = sink.arrivals()
    sent = sum(len(json.loads(body)["segmentValues"]) for _, body in arrived)
    took_s = arrived[-1][0] - arrived[0][0]
    print(f"  {sent:,} cost centres of one company: {len(arrived)} calls, {sent / took_s:,.0f} values a second")


def recheck(rows: int = 1_000_000) -> None:
    """Register everything when everything is as it should be."""
    with rig.database() as dsn, rig.sink() as sink, psycopg.connect(dsn, autocommit=True) as writer:
        _fill(writer, rows, companies=1)
        rig.run(writer, "all_held")
        with rig.relay(dsn, sink, AT_ONCE) as relay:
            _until(dsn, PENDING, 0)
            start = time.monotonic()
            writer.execute("SELECT outbox.register('visma_net', 'projects')")
            _until(dsn, PENDING, 0)
            took_s = time.monotonic() - start
            peak = next(line for line in Path(f"/proc/{relay.pid}/status").read_text().splitlines() if "VmHWM" in line)
        print(f"  register of {rows:,} equal rows: {took_s:.1f} s, {len(sink.arrivals())} calls,"
              f" relay at most {int(peak.split()[1]) / 1024:.0f} MiB")  # fmt: skip


def history(done: int = 1_000_000, rows: int = 50_000) -> None:
    """A drain behind a long history, with somebody's old snapshot open all the while."""
    with rig.database() as dsn, rig.sink() as sink, psycopg.connect(dsn, autocommit=True) as writer:
        rig.run(writer, "done_messages", done=done)
        writer.execute("VACUUM ANALYZE")
        with psycopg.connect(dsn) as old:
            old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            old.execute("SELECT count(*) FROM accountview.projects")
            _fill(writer, rows)
            with rig.relay(dsn, sink, AT_ONCE) as relay:
                arrived = [at for at, _ in rig.wait_for(sink, rows, relay)]
    slice_ = rows // 5
    rates = [slice_ / (arrived[i + slice_ - 1] - arrived[i]) for i in range(0, rows, slice_)]
    print(f"  {done:,} done messages, an old snapshot open, {rows:,} changes; calls a second per {slice_:,}:")
    print("  " + "   ".join(f"{rate:,.0f}" for rate in rates) + f"   last to first {rates[-1] / rates[0]:.2f}")


def _fill(writer: psycopg.Connection, rows: int, companies: int = 1) -> None:
    rig.run(writer, "projects", rows=rows, companies=companies)
    writer.execute("VACUUM ANALYZE accountview.projects")


def _until(dsn: str, query: str, value: int) -> None:
    """Ten minutes at most."""
    until = time.monotonic() + 600
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(query.encode()).fetchone() != (value,):
            assert time.monotonic() < until, query
            time.sleep(0.05)
