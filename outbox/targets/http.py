"""One HTTP call: a request out, a bounded answer in. Beside `transport` the only module that imports the HTTP library.

Redirects are not followed and the environment's proxies are not used: where a call goes, the settings alone decide.
The transport is called without a client around it, which would only add what is switched off here.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import httpx

from outbox import __version__
from outbox.errors import ConfigError
from outbox.targets.transport import Transport

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

    def __init__(self, *, connections: int, deadline_s: float) -> None:
        self._transport = Transport(
            connections=connections,
            # Shorter than the deadline: a connection that fails in time is known to have carried nothing.
            connect_timeout_s=0.5 * deadline_s,
            idle_s=_KEEP_ALIVE_S,
        )
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
        request = httpx.Request(method, url, headers={**_HEADERS, **headers}, content=content)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await self._exchange(request, largest_bytes)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
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


def check_url(setting: str, url: str, *, allow_private: bool) -> str:
    """The address as it is used, without a trailing slash.

    ConfigError unless it is https (http on loopback only), has no user, query or fragment, and does not name a
    private or link-local address by number (unless allowed).
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if (
        parts.scheme not in ("http", "https")
        or not host
        or not _is_port(parts)
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        raise ConfigError(f"{setting} is {url!r}; it must look like https://host/path")
    address = _address(host)
    loopback = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not loopback:
        raise ConfigError(f"{setting} is {url!r}; only https is used, or http on this machine itself")
    if address is not None and not loopback and not address.is_global and not allow_private:
        raise ConfigError(f"{setting} is {url!r}, a private address; set allow_private_hosts if that is meant")
    return url.rstrip("/")


def _is_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
