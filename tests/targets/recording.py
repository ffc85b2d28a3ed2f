"""A proxy before the sandbox's ERP: passes every call on over real HTTP, and keeps what went through."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Exchange:
    """One call: path and query as they were on the wire, names of headers in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    answer_headers: Mapping[str, str]
    answer: bytes


@contextmanager
def recording(base_url: str) -> Iterator[tuple[str, list[Exchange]]]:
    """The address to call in place of base_url, and the calls so far, in the order in which they were answered."""
    exchanges: list[Exchange] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(urlsplit(base_url).netloc, exchanges))
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", exchanges
    finally:
        server.shutdown()
        server.server_close()


def _handler(behind: str, exchanges: list[Exchange]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            headers = {name.lower(): text for name, text in self.headers.items()}
            body = self.rfile.read(int(headers.get("content-length", 0)))
            connection = HTTPConnection(behind, timeout=60)
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            given = {name.lower(): text for name, text in answer.headers.items()}
            path, _, query = self.path.partition("?")
            exchanges.append(Exchange(self.command, path, query, headers, body, answer.status, given, content))
            self.send_response_only(answer.status)
            for name, text in given.items():
                self.send_header(name, text)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _pass_on  # noqa: N815 - the names that http.server looks for

    return Handler
