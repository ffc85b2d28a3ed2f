"""The outbox tables as the relay uses them: the statements of sql/relay. Those about the brakes stand in brake_rows,
about other users in people_rows.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Sequence
from typing import Any

from psycopg import sql

from outbox import sqlfiles
from outbox.errors import LeaseLost
from outbox.relay import compose, rows
from outbox.relay.compose import View
from outbox.relay.connection import Connection
from outbox.relay.holding import Holding
from outbox.relay.rows import Message, Settled
from outbox.relay.schedule import State
from outbox.targets.delivery import Call, Delivery, Key

logger = logging.getLogger("outbox.relay")

FEW_KEYS = 100  # with more, planning is a small part of doing


class Store:
    """One target in one database, as the holder of some of its lanes. Not for concurrent use: statements go out one
    after the other.
    """

    lane = 0  # where everything about users and companies is

    def __init__(self, connection: Connection, target: str, holding: Holding | None = None) -> None:
        self.connection = connection
        self.target = target
        self.holding = Holding({self.lane: 0}) if holding is None else holding
        self.views: dict[str, View] = {}
        self.comparisons: dict[tuple[str, bool], bytes] = {}  # (resource, for one key?) -> its compare statement

    @property
    def epoch(self) -> int:
        """Of the lane of the users and companies."""
        return self.holding.held.get(self.lane, 0)

    # -- the lanes ---------------------------------------------------------------------------------------------

    async def take_lease(self, holder: str, lease_s: float, most: int = 1000) -> bool:
        """Take free lanes, at most so many. Answers whether there was one."""
        rows = await self.all("take_lanes", holder=holder, lease_s=lease_s, most=most)
        if rows:
            self.holding.take({r.lane: r.epoch for r in rows}, rows[0].lanes, rows[0].abandoned_s)
        return bool(rows)

    async def release(self, lanes: set[int]) -> None:
        """Let lanes go; nothing of them is in flight."""
        dropped = self.holding.drop(lanes)
        if dropped:
            await self.run("release_lanes", lanes=list(dropped), epochs=list(dropped.values()))

    async def renew_epochs(self) -> None:
        """On a new connection after one that was lost. When a lane has passed to another relay all are lost."""
        asked = set(self.holding.held)
        renewed = {r.lane: r.epoch for r in await self.all("renew_epochs")}
        self.holding.renew(renewed, lost=asked != renewed.keys())

    async def ring(self) -> None:
        """Where other relays have lanes too, what was written may be for one that is asleep."""
        if self.holding.served is not None:
            await self.run("ring")

    async def notice_fail_over(self) -> bool:
        """True: the timeline changed, so commits may be lost; from now on nothing in the mirror counts as unchanged."""
        noticed = bool((await self.one("notice_fail_over")).noticed)
        if noticed:
            logger.warning("the database has failed over: run outbox verify", extra={"target": self.target})
        return noticed

    async def read_views(self) -> None:
        """Which desired views there are, and the types of their columns."""
        self.views = compose.views_of(self.target, await self.all("read_views"))
        self.comparisons.clear()

    # -- claim and expand --------------------------------------------------------------------------------------

    async def claim_new(self, seen: str, limit: int, due_within_s: float) -> tuple[str, list[Message], float]:
        """(snapshot of now, what `seen` did not show and what came due of late, by id; the server's clock in s)"""
        found = await self.all("claim_new", seen=seen, limit=limit, due_within_s=due_within_s)
        return *rows.claimed(found), found[0].at

    async def claim_page(self, after_transaction: int, after_id: int, limit: int) -> tuple[str, list[Message]]:
        """(snapshot of now, the next page of the backlog in order of transaction)"""
        return rows.claimed(
            await self.all("claim_page", after_transaction=after_transaction, after_id=after_id, limit=limit)
        )

    async def follow(
        self, function: str, messages: list[dict[str, Any]]
    ) -> tuple[list[tuple[dict[str, str], str]], dict[int, Key]]:
        """Where the chain of joins leads from the start of each message {id, start, rest}: (start, anchor) pairs. One
        that knows the rest of its key and is led to one anchor has that key from now on: the second answer, by id.
        """
        query = sql.SQL(sqlfiles.statement("relay/follow.sql")).format(function=sql.Identifier(function))
        ids = [m["id"] for m in messages]
        found = await self.ask(query, len(messages), messages=json.dumps(messages), ids=ids)
        keys = [row for row in found if row.key is not None]
        if not all(row.leased for row in keys):
            raise LeaseLost(f"another relay took over {self.target}")
        return [(r.start, r.anchor) for r in found if r.key is None], {r.id: tuple(r.key) for r in keys}

    async def expand(
        self,
        resource: str,
        columns: Sequence[str],
        patterns: Sequence[Sequence[str]],
        operation: str,
        cause: int,
    ) -> None:
        """Messages for every key whose `columns` have the values of one of the patterns (no columns: every key)."""
        view = self.views[resource]
        values = [list(v) for v in zip(*patterns, strict=True)] if columns else []
        query = sql.SQL(sqlfiles.statement("relay/expand.sql")).format(
            patterns=compose.patterns(columns),
            view_match=compose.match_view(view, columns, exactly=True),
            key_match=compose.match_key(view.resource, columns),
            operation=sql.Literal(operation),
            cause=sql.Literal(cause),
            **compose.common(view, "d"),
        )
        await self.ask(query, **{f"p{i}": v for i, v in enumerate(values)})

    # -- compare, begin, settle --------------------------------------------------------------------------------

    async def compare(self, resource: str, keys: Sequence[Key]) -> list[State]:
        """What is to be known about each key that has open messages, in one snapshot."""
        one = len(keys) == 1
        if (resource, one) not in self.comparisons:
            # once: composing it for every look would cost as much as the look
            self.comparisons[resource, one] = compose.comparison(self.views[resource], one).as_bytes(self.connection)
        values = keys[0] if one else map(list, zip(*keys, strict=True))
        parameters = {f"p{i}": value for i, value in enumerate(values)}
        found = await self.ask(self.comparisons[resource, one], len(keys), **parameters)
        return [rows.state(resource, row._asdict()) for row in found]

    async def begin(self, deliveries: Sequence[tuple[Delivery, State]]) -> dict[tuple[str, Key], str]:
        """Commit the intent of deliveries; answers which were begun, and the intent that is noted of each. Not those
        that a person has rejected since. Raises LeaseLost when the lane is another relay's now.
        """
        work = [
            {
                "resource": d.resource,
                "key": d.key,
                "ids": state.pending_ids,
                "remote_id": d.remote_id,
                "intent": d.action,
                "sending": d.sending,
                "rejected": state.rejected is not None,
            }
            for d, state in deliveries
        ]
        all_ids = [i for _, state in deliveries for i in state.pending_ids]
        rows = await self.all("begin", len(work), work=json.dumps(work), ids=all_ids)
        if not rows:
            raise LeaseLost(f"another relay took over {self.target}")
        return {(r.resource, tuple(r.key)): r.intent for r in rows if r.intent is not None}

    async def settle(self, work: Sequence[Settled], calls: Sequence[tuple[Delivery, Call]]) -> None:
        """Record outcomes. Raises LeaseLost, and records nothing, when the lane passed to another relay, or a pooler
        to another server: of a fail-over between the call and now this connection would not know.
        """
        if not self.connection.pooled:
            await self._settle(work, calls)
            return
        async with self.connection.transaction():  # both on the same server
            if await self.notice_fail_over():
                raise LeaseLost("no lease of before the fail-over counts")
            await self._settle(work, calls)

    async def _settle(self, work: Sequence[Settled], calls: Sequence[tuple[Delivery, Call]]) -> None:
        row = await self.one(
            "settle",
            len(work),
            work=json.dumps([vars(w) for w in work]),
            ids=[i for w in work for i in w.ids],
            attempts=_attempts(calls),
        )
        if not row.leased:
            raise LeaseLost(f"another relay took over {self.target}; what this one was sending is in doubt")

    async def doubt(self, deliveries: Sequence[Delivery], calls: Sequence[tuple[Delivery, Call]]) -> None:
        """Deliveries that ended after the lease was lost: whoever has the lane now is asked to look at each."""
        work = [
            {
                "resource": d.resource,
                "key": d.key,
                "message_id": d.message_id,
                "remote_id": d.remote_id,
                "intent": d.action,
                "sending": d.sending,
                "parents": d.parents,
            }
            for d in deliveries
        ]
        if deliveries or calls:
            await self.run("doubt", work=json.dumps(work), attempts=_attempts(calls))
            await self.run("ring")

    async def hand_over(self, from_key: Key, to_key: Key, cause: int) -> None:
        """The object of one user becomes another's, without a call. Raises LeaseLost, as settle."""
        parameters = {"epoch": self.epoch, "from_key": list(from_key), "to_key": list(to_key), "cause": cause}
        if not await self.all("hand_over", **parameters):
            raise LeaseLost(f"another relay took over {self.target}")

    async def find_unlocked(self, ids: Sequence[int]) -> set[int]:
        """Of these messages those that nobody is deciding about, in a transaction that he has not committed yet."""
        return {r.id for r in await self.all("find_unlocked", len(ids), ids=ids)}

    async def find_open(self, resource: str, key: Key) -> list[int]:
        """The pending messages of a key whose view cannot be read."""
        return [r.id for r in await self.all("find_open", resource=resource, key=list(key))]

    # -- sleep -------------------------------------------------------------------------------------------------

    async def raise_bell(self, holder: str) -> int:
        """Set the flag; answers the mark to wait for, see look_around."""
        await self.run("raise_bell", holder=holder)
        return int((await self.one("mark_sleep")).mark)

    async def look_around(self, mark: int) -> tuple[bool, float | None]:
        """(everything older than the mark has ended, seconds until the next back-off is over)"""
        row = await self.one("look_around", mark=mark)
        return bool(row.all_ended), row.next_due_s

    # -- plumbing ----------------------------------------------------------------------------------------------

    async def run(self, name: str, **parameters: Any) -> None:
        await self.all(name, **parameters)

    async def all(self, name: str, keys: int = 1, /, **parameters: Any) -> list[Any]:
        return await self.ask(sqlfiles.statement(f"relay/{name}.sql"), keys, **parameters)

    async def one(self, name: str, keys: int = 1, /, **parameters: Any) -> Any:
        rows = await self.all(name, keys, **parameters)
        return rows[0] if rows else None

    async def ask(self, query: Any, keys: int = 1, /, **parameters: Any) -> list[Any]:
        """The rows of a statement. held, epochs: what begin and settle check; -1 is no lane, so that who has none does
        not pass.

        keys: how many it is about. For few a plan is kept, since planning takes longer than doing; for many it is made
        for just these, since a kept one takes a guess at how many there are, and may read all that there is.
        """
        holding = self.holding
        own = {
            "target": self.target,
            "lane": self.lane,
            "lanes": holding.served,
            "lane_count": holding.lanes,
            "held": list(holding.held) or [-1],
            "epochs": list(holding.held.values()) or [-1],
        }
        return await self.connection.rows(query, own | parameters, prepare=False if keys > FEW_KEYS else None)


def _attempts(calls: Sequence[tuple[Delivery, Call]]) -> str:
    """Rows of outbox.attempt, as JSON. ago_s: seconds since a call began, so that its time is by the clock of the
    database, as all others are.
    """
    now = time.monotonic()
    return json.dumps(
        [
            {"message_id": d.message_id, "resource": d.resource, "key": d.key, "ago_s": now - c.started_at, **vars(c)}
            for d, c in calls
        ]
    )
