"""How many calls a second the relay's HTTP makes, beside httpx as it comes, in the same run and on one core each."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable

import httpx

from outbox.targets.http import Http
from tests.bench import rig

CALLS = 4_000
AT_ONCE = 16
REPEATS = 3
BODY = b'{"description": {"value": "Verbouwing"}, "startDate": {"value": "2026-01-01T00:00:00"}}'.ljust(300)
HEADERS = {"Authorization": "Bearer bench", "Content-Type": "application/json"}

Send = Callable[[str], Awaitable[object]]


def run() -> None:
    cores = sorted(os.sched_getaffinity(0))
    kinds = {"this transport": ours, "httpx, its own transport alone": _bare_transport, "httpx.AsyncClient": _client}
    rates: dict[str, list[float]] = {name: [] for name in kinds}
    with rig.sink() as sink:
        os.sched_setaffinity(0, cores[:1])  # the sink has the rest
        try:
            for _ in range(REPEATS):
                for name, kind in kinds.items():
                    rates[name].append(asyncio.run(kind(sink.url)))
                    sink.arrivals()
        finally:
            os.sched_setaffinity(0, cores)
    medians = {name: sorted(taken)[REPEATS // 2] for name, taken in rates.items()}
    print(
        f"  {CALLS} PUTs of {len(BODY)} bytes, {AT_ONCE} at once, calls per second (median of {REPEATS} runs in turn)"
    )
    for name, rate in medians.items():
        print(f"  {name:32} {rate:8,.0f}   {rate / medians['httpx.AsyncClient']:.1f} times")


async def ours(url: str) -> float:
    """Calls a second of the relay's HTTP alone, nothing around it."""
    talker = Http(connections=AT_ONCE, deadline_s=10)
    try:
        return await _measure(lambda path: talker.send("PUT", url + path, HEADERS, BODY))
    finally:
        await talker.close()


async def _bare_transport(url: str) -> float:
    """Without the client around it, as the relay calls its own."""
    async with httpx.AsyncHTTPTransport() as transport:

        async def send(path: str) -> object:
            response = await transport.handle_async_request(
                httpx.Request("PUT", url + path, headers=HEADERS, content=BODY)
            )
            await response.aread()
            await response.aclose()
            return response

        return await _measure(send)


async def _client(url: str) -> float:
    async with httpx.AsyncClient() as client:
        return await _measure(lambda path: client.put(url + path, headers=HEADERS, content=BODY))


async def _measure(send: Send) -> float:
    left = iter(range(CALLS))

    async def worker() -> None:
        for n in left:
            await send(f"/erp/project/P{n}")

    start = time.perf_counter()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    return CALLS / (time.perf_counter() - start)
