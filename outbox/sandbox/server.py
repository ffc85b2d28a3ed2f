"""The sandbox as a process or as a thread: uvicorn on a socket that is bound before anything else is said."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from outbox.errors import ConfigError, OutboxError
from outbox.sandbox.application import build_application
from outbox.sandbox.statefile import StateFile, load_state
from outbox.sandbox.world import World

_START_TIMEOUT_S = 60


class Protocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """uvicorn's own, which also hands each request its transport: see `wire`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.app_state: dict[str, object] = {**self.app_state, "transport": transport}


def _bind(host: str, port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # who is told the address may connect at once
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"the sandbox cannot listen on {host}:{port}: {error.strerror or error}",
            hint="stop what uses the port, or give another one with --port",
        ) from error
    return listener


def _base_url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{host}:{port}"


def _server(world: World, keeper: StateFile | None = None) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            build_application(world, keeper),
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            timeout_keep_alive=75,  # longer than a client keeps a connection: it is never closed under a request
            timeout_graceful_shutdown=1,
        )
    )


def serve(
    host: str,
    port: int,
    state_file: Path | None = None,
    ready: Callable[[str], None] = lambda base_url: None,
) -> None:
    """Serves until SIGINT or SIGTERM. `ready` is called with the base URL once the port is bound.

    Raises ConfigError when the port is taken, or the state file is another kind of file or cannot be written.
    """
    world = World()
    keeper = None
    if state_file:
        world.clouds = load_state(state_file) or world.clouds
        keeper = StateFile(state_file, world)
        keeper.save()  # that it cannot be written shows now, not after the first change
    with _bind(host, port) as listener:
        server = _server(world, keeper)
        ready(_base_url(listener))
        server.run(sockets=[listener])


@contextmanager
def running(port: int = 0) -> Iterator[str]:
    """Serves in a thread of this process while the block runs; yields the base URL. Port 0: any free one."""
    with _bind("127.0.0.1", port) as listener:
        server = _server(World())
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
        thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.002)
        try:
            if not server.started:
                raise OutboxError("the sandbox did not start")
            yield _base_url(listener)
        finally:
            server.should_exit = True
            thread.join(_START_TIMEOUT_S)
