"""Which hosts are called: those of the settings, and none that leads into a private network without leave.

A name is looked up before its first call and every minute after it. The HTTP library then looks it up by itself, so a
name that changes in between gets through; it has no certificate for the name, and without one nothing is sent to it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import time
from collections.abc import Callable
from urllib.parse import SplitResult, urlsplit

from outbox.errors import ConfigError

LOOKED_UP_EVERY_S = 60.0
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Forbidden(Exception):
    """A host that is not called, or that nobody knows. Nothing was sent."""


class Hosts:
    """clock: monotonic seconds."""

    def __init__(self, *, timeout_s: float, allow_private: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._timeout_s = timeout_s
        self._allow_private = allow_private
        self._clock = clock
        self._checked: dict[str, float] = {}

    async def check(self, host: str) -> None:
        """Raises Forbidden."""
        if self._allow_private or self._clock() < self._checked.get(host, 0.0):
            return
        for address in await self._look_up(host):
            if _is_private(address):
                raise Forbidden(f"it is at {address}, a private address; set allow_private_hosts if that is meant")
        self._checked[host] = self._clock() + LOOKED_UP_EVERY_S

    async def _look_up(self, host: str) -> list[Address]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout_s):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise Forbidden(f"its name was not found within {self._timeout_s:g} s") from None
        except (OSError, UnicodeError) as error:
            raise Forbidden(f"its name was not found: {getattr(error, 'strerror', None) or error}") from None
        return [ipaddress.ip_address(where[0]) for _, _, _, _, where in found]


def check_url(setting: str, url: str, *, allow_private: bool) -> str:
    """The address as it is used, without a trailing slash.

    ConfigError unless it is https (http on loopback only), has no user, query or fragment, and does not name a
    private or link-local address by number (unless allowed).
    """
    parts = _split(url)
    if parts is None or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError(f"{setting} is {url!r}; it must look like https://host/path")
    host = parts.hostname or ""
    address = _address(host)
    loopback = host == "localhost" or (address is not None and address.is_loopback)
    if parts.scheme == "http" and not loopback:
        raise ConfigError(f"{setting} is {url!r}; only https is used, or http on this machine itself")
    if address is not None and _is_private(address) and not allow_private:
        raise ConfigError(f"{setting} is {url!r}, a private address; set allow_private_hosts if that is meant")
    return url.rstrip("/")


def _is_private(address: Address) -> bool:
    """Whatever is not on the open internet; this machine itself is no network."""
    return not address.is_loopback and (not address.is_global or address.is_multicast)


def _split(url: str) -> SplitResult | None:
    """None: it is no address of a server. It goes over the wire as it is: in ASCII, without a space."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return None
    return parts if usable and all("!" <= c <= "~" for c in url) else None


def _address(host: str) -> Address | None:
    """Also where it is written in a short form: 10.1 and 0xa000001 are 10.0.0.1 to every client."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None
