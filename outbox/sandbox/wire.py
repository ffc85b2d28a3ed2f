"""Answers on the wire, whole, cut short or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct

from starlette.types import Receive, Scope, Send

from outbox.sandbox.answers import Answer

_LINGER_0 = struct.pack("ii", 1, 0)  # close with a reset


async def send_answer(answer: Answer, send: Send) -> None:
    content = answer.content()
    await send(_start(answer, len(content)))
    await send({"type": "http.response.body", "body": content})


async def send_truncated(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """The headers and half of the body, then the end of the connection. Without a body: no answer at all."""
    content = answer.content()
    if content:
        await send(_start(answer, len(content)))
        await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    _transport(scope).close()
    await _wait_for_disconnect(receive)


async def drop_connection(scope: Scope, receive: Receive) -> None:
    """The client sees a reset and no byte of an answer."""
    transport = _transport(scope)
    if not transport.is_closing():  # else the client has gone already, and the socket with it
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_0)
        transport.abort()
    await _wait_for_disconnect(receive)


def _start(answer: Answer, length: int) -> dict[str, object]:
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode()))
    if answer.status != 204:
        headers.append((b"content-length", str(length).encode()))
    return {"type": "http.response.start", "status": answer.status, "headers": headers}


def _transport(scope: Scope) -> asyncio.Transport:
    """Put there by `server.Protocol`: ASGI itself has no way to end a connection."""
    transport: asyncio.Transport = scope["state"]["transport"]
    return transport


async def _wait_for_disconnect(receive: Receive) -> None:
    """uvicorn calls an application that returns without an answer broken, unless the client is gone by then."""
    while (await receive())["type"] != "http.disconnect":
        pass
