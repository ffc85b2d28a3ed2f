"""The statements of the brakes: outbox.passed and outbox.approval, and what of one kind is in sight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from psycopg import sql

from outbox import sqlfiles
from outbox.relay import compose
from outbox.relay.brake import SHORT_LOOK, Facts
from outbox.relay.schedule import State
from outbox.relay.store import Store
from outbox.targets.delivery import Key


class Held(NamedTuple):
    """What a key is held for. fate, of a company that is to be removed: held, rejected, or not judged yet."""

    error: str
    batch: int | None
    fate: str = "held"


@dataclass(frozen=True)
class Seen:
    """Of the keys asked for: which may go out, and which are held. batch: of what was held within the hour."""

    facts: Facts
    passed: frozenset[Key]
    held: dict[Key, Held]
    batch: int | None


class BrakeRows:
    """For one target; the statements belong to the transaction that the store's connection is in."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def look(self, resource: str, call: str, keys: Sequence[Key]) -> Seen:
        found = await self.store.all(
            "look_at_brake",
            resource=resource,
            call=call,
            keys=json.dumps([{"key": k} for k in keys]),
            key_length=len(keys[0]),
            short=SHORT_LOOK,
        )
        f = found[0]
        facts = Facts(f.counted, f.messages, f.keys, f.coarse, f.confirmed, f.rows)
        return Seen(
            facts,
            frozenset(tuple(r.key) for r in found if r.passed),
            {tuple(r.key): Held(r.held_error, r.held_batch) for r in found if r.held_error is not None},
            f.batch,
        )

    async def note(self, resource: str, call: str, states: Sequence[State]) -> None:
        """These pass, and count."""
        await self.store.run("note_passed", resource=resource, call=call, candidates=_candidates(states))

    async def note_in_sight(self, resource: str, call: str, states: Sequence[State]) -> None:
        """These, and all of their kind that some pending message asks for, or may ask for when it is expanded."""
        await self._note(resource, call, "counted_in_sight", candidates=_candidates(states), decision=None)

    async def note_approved(self, resource: str, call: str, decision: int, below: Key) -> int:
        """All of a kind below a key, by whatever message: what a preview counts. Answers how many."""
        given = {"candidates": "[]", "decision": decision, "below": list(below)}
        return await self._note(resource, call, "approved_in_sight", **given)

    async def count(self, resource: str, call: str) -> tuple[int, int]:
        """(of this kind within the hour, rows that the cloud held before them)"""
        row = (await self.store.all("count_brake", resource=resource, call=call))[0]
        return row.counted, row.rows

    async def approvals(self, resource: str, call: str, keys: Sequence[Key]) -> list[tuple[int, Key, int]]:
        """(decision, the key below which it counts, how many were shown) of what is not applied yet, oldest first."""
        asked = json.dumps([{"key": k} for k in keys])
        found = await self.store.all("open_approvals", resource=resource, call=call, keys=asked)
        return [(r.decision, tuple(r.key), r.shown) for r in found]

    async def leaving_companies(self, codes: Sequence[str]) -> dict[str, Held]:
        """Of these companies those that are to be removed, and are held, rejected, or not judged yet."""
        if "companies" not in self.store.views:
            return {}
        view = self.store.views["companies"]
        query = sql.SQL(sqlfiles.statement("relay/find_leaving_companies.sql")).format(
            view=sql.Identifier(self.store.target, "companies"), key_type=sql.SQL(view.types["company_code"])
        )
        found = await self.store.ask(query, codes=list(codes))
        return {r.code: Held(r.error or "", r.batch, r.fate) for r in found}

    async def _note(self, resource: str, call: str, counts: str, **parameters: Any) -> int:
        view = self.store.views[resource]
        parts = compose.common(view, "d") | {
            "has_parents": compose.has_parents(view, self.store.views),
            "parent_stays": compose.company_stays(view, self.store.views),
        }
        sight = sqlfiles.statement(f"relay/{'removals' if call == 'remove' else 'creates'}_in_sight.sql")
        query = sql.SQL(sqlfiles.statement("relay/note_in_sight.sql")).format(
            **parts,
            in_sight=sql.SQL(sight).format(**parts),
            counts=sql.SQL(sqlfiles.statement(f"relay/{counts}.sql")),
        )
        given = {"resource": resource, "call": call, "key_length": len(view.resource.key), **parameters}
        return int((await self.store.ask(query, **given))[0].noted)


def _candidates(states: Sequence[State]) -> str:
    return json.dumps([{"key": s.key, "document": s.document} for s in states])
