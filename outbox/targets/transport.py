"""The httpx transport that the calls go through: pyreqwest (Rust's reqwest) in place of httpcore.

Chosen by measurement (python -m tests.bench http: one core, 16 PUTs of 300 bytes at once, a sink that answers at once,
all in one run): this transport 8,600 to 9,500 calls a second, httpx.AsyncHTTPTransport 860 to 1,160, httpx.AsyncClient
780 to 1,030; so 8 to 12 times (the aim was 3). httpcore spends its time on the bookkeeping of its pool, and looks for
`sniffio` anew at every call where that is not installed. The interface stays httpx's, so that AsyncHTTPTransport, or
that of the successor, could take its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx as httpx  # the one place; `http` takes it from here, so that httpx2 is one line
from pyreqwest import exceptions
from pyreqwest.client import ClientBuilder
from pyreqwest.http import HeaderMap
from pyreqwest.request import StreamRequest
from pyreqwest.response import Response

# The cause that says that not a byte of the request has left. pyreqwest's ConnectError does not say it: it is also
# raised for a connection that breaks after the request was sent. Should the words ever change, the outcome counts as
# unknown, which is safe.
_NEVER_CONNECTED = "client error (Connect)"
_LET_GO_S = 0.02


class Transport(httpx.AsyncBaseTransport):
    """Connections are kept open between calls; redirects, cookies, unpacking and proxies are off."""

    def __init__(self, *, connections: int, connect_timeout_s: float, idle_s: float) -> None:
        self._client = (
            ClientBuilder()
            .http1_only()
            .follow_redirects(False)
            .no_proxy()
            .gzip(False)
            .deflate(False)
            .brotli(False)
            .zstd(False)
            .connect_timeout(timedelta(seconds=connect_timeout_s))
            .pool_max_idle_per_host(connections)
            .pool_idle_timeout(timedelta(seconds=idle_s))
            .build()
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        streamed = (
            self._client.request(request.method, _address(request))
            .headers(request.headers.multi_items())
            .body_bytes(request.read())
            .build_streamed()
        )
        try:
            response = await streamed.__aenter__()
        except exceptions.PyreqwestError as error:
            raise _translated(error) from None
        return httpx.Response(response.status, headers=_texts(response.headers), stream=_Body(streamed, response))

    async def aclose(self) -> None:
        await self._client.close()
        # Its own thread wakes us from within Python and is in there a moment longer: an interpreter that ends meanwhile
        # aborts (7 of 250 processes that ended right here; with this pause none).
        await asyncio.sleep(_LET_GO_S)


def _address(request: httpx.Request) -> str:
    """The extension `target` stands for path and query."""
    target: bytes | None = request.extensions.get("target")
    if target is None:
        return str(request.url)
    return f"{request.url.scheme}://{request.url.netloc.decode('ascii')}{target.decode('ascii')}"


def _texts(headers: HeaderMap) -> list[tuple[str, str]]:
    """Less those that are no ASCII: pyreqwest shows none at all where it cannot show one."""
    try:
        return list(headers.items())
    except ValueError:
        return [(name, text) for name in dict.fromkeys(headers.keys()) for text in _legible(headers, name)]


def _legible(headers: HeaderMap, name: str) -> list[str]:
    try:
        return headers.getall(name)
    except ValueError:
        return []


class _Body(httpx.AsyncByteStream):
    """The body as it arrives, so that the reader can stop at its limit."""

    def __init__(self, streamed: StreamRequest, response: Response) -> None:
        self._streamed = streamed
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while (chunk := await self._response.body_reader.read_chunk()) is not None:
                yield bytes(chunk)
        except exceptions.PyreqwestError as error:
            raise _translated(error) from None

    async def aclose(self) -> None:
        await self._streamed.__aexit__(None, None, None)


def _translated(error: exceptions.PyreqwestError) -> httpx.TransportError:
    """httpx's word for it."""
    causes = _causes(error)
    # The innermost cause: the outer ones name the URL, and its query may hold an e-mail address.
    why = causes[-1] if len(causes) > 1 else error.message
    timed_out = isinstance(error, exceptions.RequestTimeoutError)
    if _NEVER_CONNECTED in causes:
        return httpx.ConnectTimeout(why) if timed_out else httpx.ConnectError(why)
    return httpx.ReadTimeout(why) if timed_out else httpx.ReadError(why)


def _causes(error: exceptions.PyreqwestError) -> list[str]:
    """From the outermost to the innermost."""
    if not isinstance(error, exceptions.DetailedPyreqwestError):
        return []
    return [cause["message"] for cause in error.details["causes"] or ()]
