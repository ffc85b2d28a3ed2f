"""Beside a relay: answers on 127.0.0.1 (/livez, /readyz, /metrics), and signs of life for systemd."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from outbox.service import metrics
from outbox.service.health import Health
from outbox.service.process import Service
from outbox.service.systemd import notify, watchdog_s

logger = logging.getLogger("outbox.service")

REQUEST_TIMEOUT_S = 5.0


@asynccontextmanager
async def reporting(service: Service, health: Health, port: int) -> AsyncIterator[None]:
    """While the block runs. port 0: no HTTP."""
    telling = asyncio.create_task(_tell_systemd(service, health))
    server = await _listen(health, port) if port else None
    try:
        yield
    finally:
        telling.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await telling
        if server is not None:
            server.close()


async def _tell_systemd(service: Service, health: Health) -> None:
    """Ready is who shares the lanes, if only as a stand-by. The watchdog is fed while every loop comes round."""
    interval_s = (watchdog_s() or 60.0) / 3
    await service.ready.wait()
    notify("READY=1")
    stopping = asyncio.create_task(service.stop.wait())
    while not stopping.done():
        stuck = health.stuck()
        if stuck:
            logger.error("stuck", extra={"why": stuck})
        else:
            notify("WATCHDOG=1", f"STATUS={_status(service)}")
        await asyncio.wait({stopping}, timeout=interval_s)
    notify("STOPPING=1", "STATUS=finishing what is in flight")


def _status(service: Service) -> str:
    holdings = service.holdings.items()
    return ", ".join(f"{t} lanes {sorted(h.held)}" if h.held else f"{t} stand-by" for t, h in holdings)


async def _listen(health: Health, port: int) -> asyncio.Server | None:
    """Two relays on one host with the same port: the second goes on without, which its log says."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                await _answer(health, reader, writer)
        except (TimeoutError, ConnectionError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked does not speak HTTP, or has gone
        finally:
            writer.close()

    try:
        return await asyncio.start_server(answer, "127.0.0.1", port, limit=8192)
    except OSError as e:
        logger.error("health and metrics are not served", extra={"port": port, "error": e.strerror})
        return None


async def _answer(health: Health, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = await reader.readuntil(b"\r\n\r\n")
    method, path, _ = request.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
    status, kind, body = HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b""
    if method in ("GET", "HEAD"):
        status, kind, body = await _page(health, path.partition("?")[0])
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    writer.write(head.encode() + b"Connection: close\r\n\r\n" + (b"" if method == "HEAD" else body))
    await writer.drain()


async def _page(health: Health, path: str) -> tuple[HTTPStatus, str, bytes]:
    if path == "/metrics":
        return HTTPStatus.OK, metrics.CONTENT_TYPE, metrics.render(health.service, await health.numbers())
    if path not in ("/livez", "/readyz"):
        return HTTPStatus.NOT_FOUND, "text/plain", b"/livez /readyz /metrics\n"
    why = health.stuck() if path == "/livez" else await health.unready()
    status = HTTPStatus.SERVICE_UNAVAILABLE if why else HTTPStatus.OK
    return status, "application/json", json.dumps({"ok": not why, "why": why}).encode() + b"\n"
