"""How fast a backlog drains, beside a bare HTTP client that sends the same bodies to the same sink."""

from __future__ import annotations

import asyncio

import httpx
import psycopg

from tests.bench import rig

ROWS = 10_000
CONCURRENCY = 16
REPEATS = 3


def run() -> None:
    rates = [(_relay(), _bare_httpx()) for _ in range(REPEATS)]
    ours, bare = (sorted(column)[REPEATS // 2] for column in zip(*rates, strict=True))
    print(f"  {ROWS} changed rows, {CONCURRENCY} calls at once, calls per second (median of {REPEATS} runs in turn)")
    print(f"  relay {ours:,.0f}   httpx alone, its own transport {bare:,.0f}   ratio {ours / bare:.2f}")


def _relay() -> float:
    with rig.database() as dsn, rig.sink() as sink:
        with psycopg.connect(dsn, autocommit=True) as writer:
            writer.execute("SET synchronous_commit = off")
            for n in range(ROWS):  # one transaction each, as an application would
                writer.execute(
                    "INSERT INTO accountview.projects (administration_code, code, description, start_date)"
                    " VALUES (%s, %s, 'Verbouwing', '2026-01-01')",
                    [rig.ADMINISTRATION, f"P{n}"],
                )
            writer.execute("VACUUM ANALYZE")
        with rig.relay(dsn, sink, CONCURRENCY) as relay:
            arrived = [at for at, _ in rig.wait_for(sink, ROWS, relay)]
    return (ROWS - 1) / (arrived[-1] - arrived[0])


def _bare_httpx() -> float:
    with rig.sink() as sink:
        asyncio.run(_send(sink.url))
        arrived = [at for at, _ in sink.arrivals()]
    return (len(arrived) - 1) / (arrived[-1] - arrived[0])


async def _send(url: str) -> None:
    body = {
        "projectID": {"value": "P1"},
        "description": {"value": "Verbouwing"},
        "startDate": {"value": "2026-01-01T00:00:00"},
        "endDate": {"value": None},
        "status": {"value": "Active"},
        "template": {"value": "STD"},
    }
    left = iter(range(ROWS))
    async with httpx.AsyncClient(headers={"Authorization": "Bearer bench"}) as client:

        async def worker() -> None:
            for _ in left:
                (await client.post(f"{url}/erp/project", json=body)).raise_for_status()

        await asyncio.gather(*(worker() for _ in range(CONCURRENCY)))
