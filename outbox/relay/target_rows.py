"""The statements about the target itself: is it active, paused in whole or in part, down?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from outbox.relay.store import Store


class TargetRows:
    """outbox.target and outbox.pause."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def read_target(self) -> Any:
        """(active, paused, why, down, down_why, probe_in_s, pauses, quiet)"""
        return await self.store.one("read_target")

    async def pause_target(self, why: str) -> None:
        await self.store.run("pause_target", why=why)

    async def pause_part(self, resources: list[str], company: str, remote_id: str | None, why: str) -> None:
        await self.store.run("pause_part", resources=resources, company=company, remote_id=remote_id, why=why)

    async def release_paused(self, parts: Iterable[tuple[str, str]]) -> None:
        """What was put off because of these pauses (resource, company; empty: all) is due now."""
        resources, companies = map(list, zip(*parts, strict=True))
        await self.store.run("release_paused", resources=resources, companies=companies)

    async def open_breaker(self, why: str, first_s: float, cap_s: float) -> None:
        await self.store.run("open_breaker", why=why, first_s=first_s, cap_s=cap_s)

    async def take_probe(self, first_s: float, cap_s: float) -> bool:
        """May this relay make the next single call?"""
        return await self.store.one("take_probe", first_s=first_s, cap_s=cap_s) is not None

    async def close_breaker(self) -> None:
        await self.store.run("close_breaker")
