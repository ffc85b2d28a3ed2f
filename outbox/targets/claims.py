"""Which key has just been given which remote id: what the database does not know yet.

Between the answer to a create and its settling nobody owns the new object there. A second key with the same e-mail
address or KVK number would find it in that time and adopt it as well.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from outbox.errors import Transient
from outbox.targets.delivery import Key, Owner

# Settling follows within moments; what was not settled by then is in doubt and is looked up anew.
REMEMBERED_S = 60.0


class Claims:
    """Of one kind of object in one target. clock: monotonic seconds."""

    def __init__(self, resource: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._resource = resource
        self._clock = clock
        self._keys: dict[str, tuple[Key, float]] = {}
        self._searches: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def searching(self, *natural_keys: str) -> AsyncIterator[None]:
        """One at a time per natural key, from the search to the answer of the create."""
        async with AsyncExitStack() as stack:
            for natural_key in sorted(set(natural_keys)):
                await stack.enter_async_context(self._alone(natural_key))
            yield

    @asynccontextmanager
    async def _alone(self, natural_key: str) -> AsyncIterator[None]:
        lock, waiting = self._searches.get(natural_key, (asyncio.Lock(), 0))
        self._searches[natural_key] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._searches.pop(natural_key)
            if waiting > 1:
                self._searches[natural_key] = (lock, waiting - 1)

    def note(self, remote_id: str, key: Key) -> None:
        now = self._clock()
        self._keys.pop(remote_id, None)
        self._keys[remote_id] = (key, now)
        while now - (oldest := next(iter(self._keys.items())))[1][1] >= REMEMBERED_S:
            del self._keys[oldest[0]]

    def release(self, remote_id: str) -> None:
        self._keys.pop(remote_id, None)

    async def other(self, remote_id: str, key: Key, owner: Owner) -> Key | None:
        """The key, other than this one, that has the object; None: it may be adopted. Transient while that is open."""
        linked = await owner(self._resource, remote_id)
        if linked is not None:
            return None if linked == key else linked
        given_to, at = self._keys.get(remote_id, (key, 0.0))
        if given_to != key and self._clock() - at < REMEMBERED_S:
            raise Transient(f"{' '.join(given_to)} of {self._resource} was given the same object a moment ago")
        return None
