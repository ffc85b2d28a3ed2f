"""One HTTP call: a request out, a bounded answer in. Beside `transport` the only module that knows the HTTP library.

Redirects are not followed and the environment's proxies are not used: where a call goes, the settings alone decide.
The transport is called without a client around it, which would only add what is switched off here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from outbox import __version__
from outbox.targets.hosts import Forbidden, Hosts
from outbox.targets.transport import Transport, httpx

MAX_ANSWER_BYTES = 1024 * 1024
_KEEP_ALIVE_S = 30.0
_HEADERS = {
    "User-Agent": f"outbox/{__version__}",
    "Accept": "application/json",
    # Nothing packed: a small answer could unpack to any size.
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True)
class Reply:
    """What came back. Header names are in lower case; whole: False where the body was too large and was cut off."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    whole: bool = True


class NoReply(Exception):
    """No whole answer came. sent: the request, or a part of it, may have reached the server."""

    def __init__(self, why: str, *, sent: bool) -> None:
        super().__init__(why)
        self.why = why
        self.sent = sent


class Http:
    """A pool of connections. deadline_s is the time for one whole call, whatever the server sends in between."""

    def __init__(self, *, connections: int, deadline_s: float, allow_private: bool = False) -> None:
        # Shorter than the deadline: a connection that fails in time is known to have carried nothing.
        connect_timeout_s = 0.5 * deadline_s
        self._hosts = Hosts(timeout_s=connect_timeout_s, allow_private=allow_private)
        self._transport = Transport(connections=connections, connect_timeout_s=connect_timeout_s, idle_s=_KEEP_ALIVE_S)
        self._deadline_s = deadline_s

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        largest_bytes: int = MAX_ANSWER_BYTES,
    ) -> Reply:
        """Raises NoReply and nothing else."""
        origin, target = _split(url)
        request = httpx.Request(
            method,
            origin,
            headers={**_HEADERS, **headers},
            stream=httpx.ByteStream(content or b""),
            extensions={"target": target},
        )
        try:
            async with asyncio.timeout(self._deadline_s):
                await self._hosts.check(request.url.host)
                return await self._exchange(request, largest_bytes)
        except (Forbidden, httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoReply(f"no connection to {request.url.host}: {_reason(error)}", sent=False) from None
        except TimeoutError:
            raise NoReply(f"no answer within {self._deadline_s:g} s", sent=True) from None
        except httpx.TransportError as error:
            raise NoReply(f"the connection broke: {_reason(error)}", sent=True) from None

    async def _exchange(self, request: httpx.Request, largest_bytes: int) -> Reply:
        response = await self._transport.handle_async_request(request)
        try:
            content, whole = await _read(response, largest_bytes)
        finally:
            await response.aclose()
        return Reply(response.status_code, dict(response.headers.items()), content, whole)

    async def close(self) -> None:
        await self._transport.aclose()


def _split(url: str) -> tuple[httpx.URL, bytes]:
    """The server, parsed once, and the request's target as httpx's extension of that name takes it: to parse every
    address anew would cost as much as the call itself.
    """
    start = url.find("/", url.index("//") + 2)
    if start < 0:
        return _origin(url), b"/"
    return _origin(url[:start]), url[start:].encode("ascii")


@lru_cache(maxsize=16)
def _origin(url: str) -> httpx.URL:
    return httpx.URL(url)


async def _read(response: httpx.Response, largest_bytes: int) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > largest_bytes:
            return b"".join(parts), False
        parts.append(part)
    return b"".join(parts), True


def _reason(error: Exception) -> str:
    return f"{error}" or type(error).__name__
