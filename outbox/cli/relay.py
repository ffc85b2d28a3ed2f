"""outbox relay"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

import click

from outbox.cli.language import INTERRUPTED
from outbox.cli.logs import logged
from outbox.cli.opening import Opened, opened
from outbox.cli.rest import judge_rest
from outbox.desired_views import served_targets
from outbox.errors import InstallError
from outbox.operator.status import TargetStatus, read_status
from outbox.register.request import find_relay
from outbox.service.health import Health
from outbox.service.process import Service
from outbox.service.reporting import reporting
from outbox.service.wiring import make_service

# What waits for another message of our own (an e-mail that is about to be given up) comes back so soon.
SHORT_WAIT_S = 1.0
MOST_ROUNDS = 20


@click.command()
@click.option(
    "--once", is_flag=True, help="Drain until nothing is due, then end. What another relay serves is left to it."
)
def relay(once: bool) -> int:
    """Send what changed, until stopped.

    Serves every target that has a desired view, and shares its lanes with the other relays that are at work: where
    there are more relays than lanes, they stand by. The log goes to standard error, one JSON object a line (on a
    terminal: to be read). Health and metrics are served on 127.0.0.1 where http_port is set: outbox help service.

    \b
    Ends with 0 on SIGTERM, 130 on Ctrl-C; with --once also with
      69  messages wait for another attempt
      77  a target, or a part of it, is paused

    \b
    Example:
      outbox relay --once 2>> relay.log
    """
    with opened() as at:
        targets = served_targets(at.connection)
        if not targets:
            raise InstallError("there is no desired view", "make them as in sql/views, then: outbox install")
        if once:
            with logged():
                return _drain(at, targets)
        service = make_service(at.settings, targets)
        health = Health(service, at.settings.dsn.reveal(), at.settings.stalled_s)
    with logged():
        return _run(service, lambda: reporting(service, health, at.settings.http_port))


def _run(service: Service, beside: Callable[[], AbstractAsyncContextManager[None]] = nullcontext) -> int:
    """Until it has ended, in good order after a signal."""
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        service.shut_down()

    async def serve() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop, number)
        async with beside():
            await service.run()

    asyncio.run(serve())
    return INTERRUPTED if signal.SIGINT in received else 0


def _drain(at: Opened, targets: list[str]) -> int:
    targets = [target for target in targets if not _is_served(at, target)]
    if not targets:
        return 0
    for _ in range(MOST_ROUNDS):
        service = make_service(at.settings, targets, once=True)
        code = _run(service)
        served = [s for s in read_status(at.connection) if s.target in targets]
        due_s = [b.next_due_s for s in served if _is_open(s) for b in s.backlog if b.next_due_s is not None]
        if service.stop.is_set() or not due_s or min(due_s) > SHORT_WAIT_S:
            break
        time.sleep(max(0.0, min(due_s)))
    if not code:
        judge_rest(at.connection, targets)
    return code


def _is_served(at: Opened, target: str) -> bool:
    """By another relay: it sends what is due, and to wait for its lease would be to wait until it ends."""
    holder = find_relay(at.connection, target)
    if holder is not None:
        click.echo(f"{target} is left to the relay that is at work: {holder}", err=True)
    return holder is not None


def _is_open(status: TargetStatus) -> bool:
    return status.active_since is not None and status.paused_at is None
