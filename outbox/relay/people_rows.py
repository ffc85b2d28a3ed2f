"""The statements that read the view of the users: who else has an e-mail, and whose an object becomes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from psycopg import sql

from outbox import sqlfiles
from outbox.relay import compose
from outbox.relay.rows import Rival, Successor
from outbox.relay.store import Store
from outbox.targets.delivery import Key


class PeopleRows:
    """For one target; the statements belong to the transaction that the store's connection is in."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def find_rivals(self, key: Key, email: str) -> list[Rival]:
        rows = await self._all("find_rivals", key=list(key), email=email)
        return [Rival(tuple(r.key), r.remote_id, r.in_doubt, r.stays, r.email, r.ready, r.looked_at) for r in rows]

    async def find_successors(self, emails: Iterable[str]) -> list[Successor]:
        rows = await self._all("find_successors", emails=list(emails))
        return [Successor(tuple(r.key), r.in_doubt, r.has_object, tuple(r.emails), r.another) for r in rows]

    async def requeue_email(self, given_up: list[dict[str, Any]]) -> None:
        """Messages for those in the view who have an e-mail that was given up."""
        await self._all("requeue_email", given_up=json.dumps(given_up))

    async def _all(self, name: str, **parameters: Any) -> list[Any]:
        view = self.store.views["users"]
        query = sql.SQL(sqlfiles.statement(f"relay/{name}.sql")).format(
            view=sql.Identifier(self.store.target, "users"),
            key_type=sql.SQL(view.types["user_code"]),
            missing=compose.optional(view, "missing"),
            withdrawn=compose.optional(view, "withdrawn"),
        )
        return await self.store.ask(query, **parameters)
