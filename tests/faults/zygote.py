"""Forks relays: a real process each, with everything imported already, so that thousands can be killed in a test.

    python -m tests.faults.zygote DSN BASE_URL [PLANT]

For each line on standard input it forks one relay and prints its process id. A number in the line: it dies by SIGKILL
at that step of its life. A step is a moment between two acts that others can see: before and after each statement, on
whatever connection, and before and after each call. PLANT is a mistake from plants.py that the harness must catch.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar

from outbox import sandbox
from outbox.cli.logs import logged
from outbox.relay.brake import Limits
from outbox.relay.breaker import Breaker
from outbox.relay.connection import Connection
from outbox.relay.gate import Gate
from outbox.relay.lane import Lane
from outbox.relay.retry import Patience
from outbox.relay.settle import Times
from outbox.relay.store import Store
from outbox.service.process import Rhythm, Service
from outbox.targets import connect
from outbox.targets.transport import Transport
from tests.faults import plants

P = ParamSpec("P")
T = TypeVar("T")
# few rows of everything: a brake that tripped would leave the rounds nothing to compare
LIMITS = Limits(1000, 100.0, 1000, 1000)
# A world in which seconds are short; the proportions are those of the defaults, but for the lease: a busy machine makes
# no zombies.
TIMES = Times(deadline_s=0.2, doubt_s=0.4, user_doubt_s=0.6)
PATIENCE = Patience(attempts=50, give_up_s=60.0, base_s=0.02, cap_s=0.1)
RHYTHM = Rhythm(lease_s=6.0, safety_poll_s=0.5, grace_s=1.0, reconnect_s=0.05)


def service(dsn: str, base_url: str) -> Service:
    reach = sandbox.settings(base_url)

    def make_lane(store: Store) -> Lane:
        settings = replace(
            reach[store.target], deadline_s=TIMES.deadline_s, batch_size=20, defaults=plants.PROJECT_DEFAULTS
        )
        breaker = Breaker(first_s=0.1, cap_s=0.4)
        gate = Gate(store.connection, store.target)
        reached = connect(settings, gate)
        return Lane(store, reached, gate, settings, times=TIMES, patience=PATIENCE, limits=LIMITS, breaker=breaker)

    return Service(dsn, ["accountview_net", "visma_net"], make_lane, RHYTHM)


def die_at(step: int) -> None:
    """From now on in this process: SIGKILL itself at so many steps from here."""
    left = step

    def count() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(act: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        async def wrapped(*args: P.args, **options: P.kwargs) -> T:
            count()
            done = await act(*args, **options)
            count()
            return done

        return wrapped

    Connection.wait = counted(Connection.wait)  # type: ignore[method-assign]
    Transport.handle_async_request = counted(Transport.handle_async_request)  # type: ignore[method-assign]


def main() -> None:
    dsn, base_url, *plant = sys.argv[1:]
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    if plant:
        plants.PLANTS[plant[0]][0]()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.stdin.close()
            if line.strip():
                die_at(int(line))
            with logged():
                asyncio.run(service(dsn, base_url).run())
            os._exit(0)
        print(child, flush=True)


if __name__ == "__main__":
    main()
