"""A way to a database through TCP on which packets can be made to vanish, as they do when a machine or a network dies:
no end of the connection is told, and nothing is acknowledged any more.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from psycopg.conninfo import conninfo_to_dict, make_conninfo

# What libpq is told so that it need not take half a minute, as the relay's own settings do.
SOON = {"keepalives_idle": 1, "keepalives_interval": 1, "keepalives_count": 2, "tcp_user_timeout": 1000,
        "connect_timeout": 2}  # fmt: skip

# A socket filter that keeps no byte of any packet: linux/filter.h, BPF_RET | BPF_K with 0. It needs no right, and what
# it drops was never received, so that the kernel acknowledges nothing.
_ATTACH, _DETACH = 26, 27
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
_PROGRAM = struct.pack("HP", 1, ctypes.addressof(_DROP_ALL))


class Passage:
    def __init__(self, dsn: str) -> None:
        given = conninfo_to_dict(dsn)
        self.server = f"{given['host']}/.s.PGSQL.{given.get('port', 5432)}"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = make_conninfo(dsn, host="127.0.0.1", port=self.listener.getsockname()[1], **SOON)
        self.clients: list[socket.socket] = []
        self.servers: list[socket.socket] = []
        self.muted: set[socket.socket] = set()
        self.frozen = False
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def vanish(self) -> None:
        """From now on every packet is lost, of connections that are open and of those that are asked for."""
        for s in (self.listener, *self.clients):
            s.setsockopt(socket.SOL_SOCKET, _ATTACH, _PROGRAM)

    def mute(self) -> None:
        """What is open stays open, and is acknowledged to, but no byte comes through. What is opened later works."""
        self.muted = {*self.clients, *self.servers}

    def freeze(self) -> None:
        """The same, and what is opened later is accepted and gets no answer either."""
        self.mute()
        self.frozen = True

    def heal(self) -> None:
        """New connections come through. The old ones are dead, which the server is not told."""
        self.listener.setsockopt(socket.SOL_SOCKET, _DETACH, 0)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.server)
                self.clients.append(client)
                self.servers.append(server)
                if self.frozen:
                    self.muted |= {client, server}
                for pair in ((client, server), (server, client)):
                    self.threads.append(threading.Thread(target=self._carry, args=pair))
                    self.threads[-1].start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if source not in self.muted:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        for s in (self.listener, *self.clients, *self.servers):
            with suppress(OSError):
                s.shutdown(socket.SHUT_RDWR)  # which wakes the thread that reads it
        for thread in self.threads:
            thread.join()
        for s in (self.listener, *self.clients, *self.servers):
            s.close()


@contextmanager
def passage(dsn: str) -> Iterator[Passage]:
    made = Passage(dsn)
    try:
        yield made
    finally:
        made.close()
