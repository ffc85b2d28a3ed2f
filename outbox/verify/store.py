"""The statements of sql/verify, one function each."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import sql

from outbox import sqlfiles
from outbox.relay import compose
from outbox.relay.compose import View
from outbox.relay.connection import Connection
from outbox.targets.delivery import Key
from outbox.targets.listing import Place
from outbox.verify.findings import Verified

PAGE = 2000


@dataclass(frozen=True)
class Questions:
    """About one target, on a connection with the relay's settings, in autocommit."""

    connection: Connection
    target: str

    async def read_times(self) -> Any:
        """(verify_since, now)"""
        return (await self._all("read_times"))[0]

    async def is_due(self, every_s: float) -> bool:
        return bool((await self._all("is_due", every_s=every_s))[0].due)

    async def places(self, resource: str) -> list[Place]:
        return [tuple(r.place) for r in await self._all("places", resource=resource)]

    async def known(self, resource: str, remote_ids: Sequence[str], started_at: datetime) -> list[Any]:
        """(remote_id, key, document, moving) of those that we are linked to."""
        return await self._all("known", resource=resource, remote_ids=list(remote_ids), started_at=started_at)

    async def expected_soon(self, resource: str, names: Sequence[str]) -> set[str]:
        """Of names in lower case those of creates whose answer is not in yet."""
        return {r.name for r in await self._all("expected_soon", resource=resource, names=list(names))}

    async def linked(self, resource: str, started_at: datetime) -> AsyncIterator[Any]:
        """(key, remote_id, moving) of all that the target should hold by the mirror."""
        after: Sequence[str] = ()
        while True:
            rows = await self._all(
                "linked_page", resource=resource, started_at=started_at, after=list(after), limit=PAGE
            )
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            after = rows[-1].key

    async def forgotten(self, view: View) -> list[Any]:
        """(key, remote_id, what) of what no message would ever look at."""
        return await self._composed("forgotten", compose.common(view, "d"), {})

    async def frozen(self, view: View, keys: Iterable[Key]) -> set[Key]:
        """The keys that the view has, but not ready."""
        columns, wanted = view.resource.key, set(keys)
        parts = {**compose.common(view, "v"), "view_match": compose.match_view(view, columns, exactly=False)}
        values = {f"p{i}": list(v) for i, v in enumerate(zip(*wanted, strict=True))}
        return {tuple(r.key) for r in await self._composed("frozen", parts, values)} & wanted

    async def mark(self, resource: str, keys: Iterable[Key]) -> None:
        await self._all("mark", resource=resource, keys=_rows(keys))

    async def set_back(self, resource: str, keys: Iterable[Key]) -> int:
        """How many messages were written."""
        return int((await self._all("set_back", resource=resource, keys=_rows(keys)))[0].written)

    async def record(self, verified: Verified) -> None:
        found = {name: getattr(verified, name) for name in ("target", "resource", "result", "listed", "set_back")}
        found |= {kind: verified.count(kind) for kind in ("missing", "different", "unmanaged")}
        found["started_at"] = verified.started_at.isoformat()
        found["why"] = f"{verified.in_part}: {verified.why}" if verified.in_part else verified.why
        await self._all("record", found=json.dumps(found))

    async def believe(self, verify_since: datetime) -> None:
        await self._all("believe", verify_since=verify_since)

    async def _all(self, name: str, **parameters: Any) -> list[Any]:
        return await self.connection.rows(sqlfiles.read(f"verify/{name}.sql"), {"target": self.target, **parameters})

    async def _composed(self, name: str, parts: dict[str, sql.Composable], values: dict[str, Any]) -> list[Any]:
        query = sql.SQL(sqlfiles.read(f"verify/{name}.sql")).format(**parts)
        return await self.connection.rows(query, values)


def _rows(keys: Iterable[Key]) -> str:
    return json.dumps([{"key": key} for key in keys])
