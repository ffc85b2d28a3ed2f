"""From settings to a relay at work: the one place where its parts are put together."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from outbox.config import Settings
from outbox.relay.brake import Limits
from outbox.relay.gate import Gate
from outbox.relay.lane import Lane
from outbox.relay.retry import Patience
from outbox.relay.settle import Times
from outbox.relay.store import Store
from outbox.service.process import Rhythm, Service
from outbox.service.upkeep import make_chores
from outbox.service.watch import Watch
from outbox.targets import connect

STOP_TIMEOUT_S = 60.0


def make_service(settings: Settings, targets: Sequence[str], *, once: bool = False) -> Service:
    """A relay for these targets. Raises ConfigError where a target lacks a setting."""
    for target in targets:
        connect(settings.targets[target])  # nothing is opened before the first call; a missing setting is found now

    def make_lane(store: Store) -> Lane:
        target = settings.targets[store.target]
        times = Times(target.deadline_s, settings.doubt_s, settings.user_doubt_s)
        patience, limits = make_patience(settings), make_limits(settings)
        gate = Gate(store.connection, store.target)
        return Lane(store, connect(target, gate), gate, target, times=times, patience=patience, limits=limits)

    return Service(
        settings.dsn.reveal(),
        list(targets),
        make_lane,
        make_rhythm(settings),
        once=once,
        chores=make_chores(settings),
        watch=Watch(settings.dsn.reveal()).look,
    )


def make_patience(settings: Settings) -> Patience:
    return Patience(settings.attempts, settings.give_up_s, settings.backoff_s, settings.backoff_cap_s)


def make_limits(settings: Settings) -> Limits:
    return Limits(
        settings.brake_removals,
        settings.brake_removals_percent,
        settings.brake_new_users,
        settings.brake_grants,
        settings.brake_grants_percent,
    )


def make_rhythm(settings: Settings) -> Rhythm:
    return Rhythm(settings.lease_s, settings.safety_poll_s, settings.grace_s, settings.reconnect_s, settings.watch_s)


@contextmanager
def at_work(service: Service) -> Iterator[threading.Thread]:
    """The relay runs in a thread of this process while the block does, and is stopped in good order after it.

    What ended the relay early is raised at the end of the block.
    """
    loop = asyncio.new_event_loop()
    ended: list[BaseException] = []

    def run() -> None:
        try:
            loop.run_until_complete(service.run())
        except BaseException as e:  # noqa: BLE001 - carried over to the thread that waits for it
            ended.append(e)
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="relay", daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        with suppress(RuntimeError):  # the loop is closed: it has ended by itself
            loop.call_soon_threadsafe(service.shut_down)
        thread.join(STOP_TIMEOUT_S)
    if ended:
        raise ended[0]
