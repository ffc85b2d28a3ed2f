"""A server that answers whatever a test says, byte by byte: what no well-behaved stack would send."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

Script = bytes | Callable[[socket.socket], None]
TOKEN = {"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"}


def http(status: int, body: Any = b"", kind: str = "application/json", **headers: str) -> bytes:
    """A whole answer; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(content)}"]
    lines += [f"Content-Type: {kind}"] if content else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + content


def reset(connection: socket.socket) -> None:
    """The connection breaks without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def silence(connection: socket.socket) -> None:
    """No answer, until the client has had enough."""
    connection.recv(1)


def cut(answer: bytes) -> Script:
    """This much is sent, then the connection ends."""

    def send(connection: socket.socket) -> None:
        connection.sendall(answer)
        connection.shutdown(socket.SHUT_RDWR)

    return send


def drip(connection: socket.socket) -> None:
    """One byte after the other, for ever."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    for _ in range(2000):
        connection.sendall(b" ")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    """A gigabyte."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000000\r\n\r\n")
    for _ in range(16_000):
        connection.sendall(b" " * 65536)


def header_flood(connection: socket.socket) -> None:
    """Headers without an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    for n in range(1_000_000):
        connection.sendall(b"X-%d: %s\r\n" % (n, b"x" * 1000))


def not_yet(connection: socket.socket) -> None:
    """Always about to answer."""
    for _ in range(1_000_000):
        connection.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")


class _Handler(socketserver.StreamRequestHandler):
    server: RawServer

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client may leave in the middle
            while self._answer():
                pass

    def _answer(self) -> bool:
        head = self.rfile.readline().decode()
        if not head:
            return False
        headers: dict[str, str] = {}
        while line := self.rfile.readline().decode().strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = self.rfile.read(int(headers.get("content-length", 0)))
        method, path, _ = head.split()
        script = self.server.next(method, path, headers, body)
        if isinstance(script, bytes):
            self.connection.sendall(script)
            return True
        script(self.connection)
        return False


class RawServer(socketserver.ThreadingTCPServer):
    """`answers` are given in turn, the last one for ever; `tokens` likewise, at /token. `refused` tokens get a 401.
    accepted: connections so far.
    """

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answers: list[Script] = []
        self.tokens: list[Script] = [http(200, TOKEN)]
        self.refused: set[str] = set()
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.token_requests: list[bytes] = []
        self.accepted = 0

    def process_request(self, request: Any, client_address: Any) -> None:
        self.accepted += 1
        super().process_request(request, client_address)

    def next(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Script:
        if path == "/token":
            self.token_requests.append(body)
            return _in_turn(self.tokens)
        self.requests.append((method, path, headers, body))
        if headers.get("authorization", "").removeprefix("Bearer ") in self.refused:
            return http(401)
        return _in_turn(self.answers)

    @property
    def asked(self) -> list[str]:
        return [f"{method} {path}" for method, path, _, _ in self.requests]


def _in_turn(scripts: list[Script]) -> Script:
    return scripts.pop(0) if len(scripts) > 1 else scripts[0]


@contextlib.contextmanager
def raw_server() -> Iterator[RawServer]:
    with RawServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
