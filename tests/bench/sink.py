"""An HTTP server that takes everything at once (or after DELAY_MS) and keeps when it came: no cloud, only a yardstick.

    python -m tests.bench.sink [DELAY_MS]     prints its port

A token for every POST to .../token, 404 for GET, 201 for POST, 204 for the rest. GET /arrivals answers and forgets
[[seconds since the epoch, body], ...].
"""

from __future__ import annotations

import asyncio
import json
import re
import selectors
import sys
import time

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


def _answer(status: bytes, body: bytes = b"") -> bytes:
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\n" % status
    # RFC 9110: a 204 has no content and must not say how long it is
    length = b"" if status.startswith(b"204") else b"content-length: %d\r\n" % len(body)
    return head + length + b"\r\n" + body


TOKEN = _answer(b"200 OK", b'{"access_token": "bench", "expires_in": 3600, "token_type": "Bearer", "scope": "bench"}')
CREATED, NO_CONTENT, NOT_FOUND = _answer(b"201 Created", b"{}"), _answer(b"204 No Content"), _answer(b"404 Not Found")
arrivals: list[tuple[float, str]] = []


class Sink(asyncio.Protocol):
    def __init__(self, delay_s: float) -> None:
        self.delay_s = delay_s
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self.buffer, 0, end + 2)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self.buffer) < whole:
                return
            self._take(self.buffer[: end + 4], self.buffer[end + 4 : whole])
            self.buffer = self.buffer[whole:]

    def _take(self, head: bytes, body: bytes) -> None:
        line = head.split(b"\r\n", 1)[0]
        if b"/token" in line:
            self._send(TOKEN)
        elif line.startswith(b"GET /arrivals"):
            self._send(_answer(b"200 OK", json.dumps(arrivals).encode()))
            arrivals.clear()
        elif line.startswith(b"GET "):
            self._send(NOT_FOUND)
        else:
            arrivals.append((time.time(), body.decode()))
            answer = CREATED if line.startswith(b"POST ") else NO_CONTENT
            if self.delay_s:
                asyncio.get_running_loop().call_later(self.delay_s, self._send, answer)
            else:
                self._send(answer)

    def _send(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)  # type: ignore[attr-defined]


async def main(delay_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Sink(delay_s), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    # select() waits for microseconds. epoll rounds up to milliseconds: the sink would be a twentieth slower than asked.
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())) as runner:
        runner.run(main(int(sys.argv[1]) / 1000 if len(sys.argv) > 1 else 0.0))
