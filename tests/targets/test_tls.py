"""TLS as it is spoken with the vendor: the certificate is checked, and the connection is kept."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from outbox.targets.http import Http, NoReply, Reply


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_PUT(self) -> None:
        self.server.requests += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """connections: those that got through the handshake."""

    daemon_threads = True

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests = self.connections = 0
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, *args: object) -> None:
        """The client hangs up where it does not trust: not worth a traceback."""


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Server]:
    with Server(authority) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def put(url: str, times: int = 1) -> list[Reply | NoReply]:
    """One after the other, over the connections of one target."""

    async def send() -> list[Reply | NoReply]:
        talker = Http(connections=2, deadline_s=60)
        came: list[Reply | NoReply] = []
        for _ in range(times):
            try:
                came.append(await talker.send("PUT", url, {}, b"{}"))
            except NoReply as silence:
                came.append(silence)
        await talker.close()
        return came

    return asyncio.run(send())


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an administrator makes this machine trust an authority."""
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))


@pytest.mark.usefixtures("trusted")
def test_a_connection_is_used_again(server: Server) -> None:
    """A handshake is dear: five calls, one connection."""
    came = put(f"https://localhost:{server.server_port}/users/u1", times=5)
    assert [reply.status for reply in came if isinstance(reply, Reply)] == [204] * 5
    assert (server.requests, server.connections) == (5, 1)


def test_a_certificate_of_an_unknown_authority_is_not_trusted(server: Server) -> None:
    """Nothing is sent, so nothing is in doubt."""
    (came,) = put(f"https://localhost:{server.server_port}/users/u1")
    assert isinstance(came, NoReply)
    assert (came.sent, server.requests) == (False, 0)
    assert "certificate" in came.why


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name_is_not_trusted(server: Server) -> None:
    """The same server under a name that its certificate has not."""
    (came,) = put(f"https://127.0.0.1:{server.server_port}/users/u1")
    assert isinstance(came, NoReply)
    assert (came.sent, server.requests) == (False, 0)
    assert "not valid for name" in came.why
