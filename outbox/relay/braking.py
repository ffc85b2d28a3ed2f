"""Before calls that a brake watches go out: judge all that is in sight of their kind, and hold it whole if it trips.

No two judgements of a target overlap: each locks the target's row first, in a statement of its own, so that its next
statement sees what the one before it noted in outbox.passed. What passes is noted there, and committed, before any
call begins. So two lanes, or a relay and the one that takes over from it, count each other's share, and whatever
crashes, the count can only be too high.
"""

from __future__ import annotations

import logging
from collections.abc import Set

from psycopg.errors import LockNotAvailable

from outbox.relay import brake, reading
from outbox.relay.brake import Limits
from outbox.relay.brake_rows import BrakeRows, Seen
from outbox.relay.people import Verdict
from outbox.relay.schedule import Deliver, Postpone, Settle, State
from outbox.relay.store import Store
from outbox.resources import RESOURCES
from outbox.targets.delivery import Action, Key

logger = logging.getLogger("outbox.relay")

Stopped = dict[tuple[str, Key], Verdict]

# For a company that is judged at any moment, or not as long as it is paused.
WAIT_S, MOST_S = 0.5, 60.0


class Brake:
    """The brakes of one lane; what they count is shared by all lanes of the target."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self.rows = BrakeRows(store)
        self.store = store
        self.limits = limits

    async def stop(self, judged: list[tuple[State, Verdict]], leaving: Set[tuple[str, Key]] = frozenset()) -> Stopped:
        """What becomes, in place of its delivery, of each key that may not go out now. leaving: what calls in flight
        remove.
        """
        groups: dict[tuple[str, str], list[State]] = {}
        for state, verdict in judged:
            call = brake.watched(state, verdict.action) if isinstance(verdict, Deliver) else None
            if call is not None:
                groups.setdefault((state.resource, call), []).append(state)
        leaving |= {(s.resource, s.key) for s, v in judged if isinstance(v, Deliver) and v.action is Action.REMOVE}
        stopped: Stopped = {}
        for (resource, call), states in sorted(groups.items(), key=lambda g: RESOURCES[g[0][0]].rank):
            try:
                stopped |= await self._stop(resource, call, states, leaving - stopped.keys())
            except reading.BROKEN_VIEW as e:
                locked = "the brake waits: another relay is counting, or a table that it counts is locked"
                broken = f"the brake cannot read a view: {reading.unreadable(e)}"
                why = locked if isinstance(e, LockNotAvailable) else broken
                stopped |= {(s.resource, s.key): Postpone(reading.patience_s(e), why) for s in states}
        return stopped

    async def _stop(self, resource: str, call: str, states: list[State], leaving: Set[tuple[str, Key]]) -> Stopped:
        follow = call == "remove" and RESOURCES[resource].parents
        stopped = await self._with_parents(states, leaving) if follow else {}
        rest = [s for s in states if (s.resource, s.key) not in stopped]
        return stopped | (await self._judge(resource, call, rest) if rest else {})

    async def _with_parents(self, states: list[State], leaving: Set[tuple[str, Key]]) -> Stopped:
        """What belongs to a company that is to be removed shares its fate: held with it, and not judged before it. One
        that is being removed takes it along.
        """
        parents = await self.rows.leaving_companies(sorted({s.key[0] for s in states}))
        stopped: Stopped = {}
        for state in states:
            parent, name = parents.get(state.key[0]), ("companies", state.key[:1])
            if parent is None and name not in leaving:
                continue
            company = f"its company {state.key[0]} is to be removed"
            if parent is not None and parent.fate == "held":
                verdict: Verdict = Settle(
                    "held", error=f"{company}, which is held: {parent.error}", withheld="remove", batch=parent.batch
                )
            elif parent is not None and parent.fate == "rejected":
                verdict = Settle("done", "rejected", f"{company}, which was rejected")
            else:
                wait_s = max(WAIT_S, min(MOST_S, state.age_s / 10))
                verdict = Postpone(wait_s, f"{company}, which is looked at first", after=name)
            stopped[(state.resource, state.key)] = verdict
        return stopped

    async def _judge(self, resource: str, call: str, states: list[State]) -> Stopped:
        """Most keys passed before (all in sight are judged at once), so a look without a lock comes first."""
        keys = [s.key for s in states]
        seen = await self.rows.look(resource, call, keys)
        if not _rest(seen, states) and not (seen.held and seen.facts.confirmed):
            return _joined(seen, states, call)
        async with self.store.connection.transaction():
            await self.store.run("lock_brake")
            seen = await self.rows.look(resource, call, keys)
            if seen.facts.confirmed:
                await self._apply_approvals(resource, call, keys)
                seen = await self.rows.look(resource, call, keys)
            stopped = _joined(seen, states, call)
            rest = _rest(seen, states)
            if not rest:
                return stopped
            if brake.surely_fits(resource, call, len(rest), seen.facts, self.limits):
                await self.rows.note(resource, call, rest)
                return stopped
            return stopped | await self._judge_all(resource, call, rest, seen)

    async def _judge_all(self, resource: str, call: str, states: list[State], seen: Seen) -> Stopped:
        """All that is in sight, noted as passed; when the count is too high, turned into held."""
        await self.rows.note_in_sight(resource, call, states)
        count, held = await self.rows.count(resource, call)
        if not brake.trips(resource, call, count, held, self.limits):
            return {}
        batch = seen.batch or states[0].message_id
        error = brake.words(resource, call, count, held, self.limits, batch)
        kind = {"target": self.store.target, "resource": resource, "call": call}
        logger.warning("brake", extra={**kind, "count": count, "batch": batch})
        await self.store.run("hold_noted", resource=resource, call=call, batch=batch, error=error)
        return {(s.resource, s.key): Settle("held", error=error, withheld=call, batch=batch) for s in states}

    async def _apply_approvals(self, resource: str, call: str, keys: list[Key]) -> None:
        """What a confirmed register showed passes. More than it showed counts as any other change does; where that
        would trip the brake the approval is void: a person saw something else than what would happen now.
        """
        for decision, below, shown in await self.rows.approvals(resource, call, keys):
            found = await self.rows.note_approved(resource, call, decision, below)
            count, held = await self.rows.count(resource, call)
            excess = max(0, found - shown)
            void = excess > 0 and brake.trips(resource, call, count + excess, held, self.limits)
            done = None if void else found
            await self.store.run("close_approval", resource=resource, call=call, decision=decision, found=done)


def _rest(seen: Seen, states: list[State]) -> list[State]:
    return [s for s in states if s.key not in seen.passed and s.key not in seen.held]


def _joined(seen: Seen, states: list[State], call: str) -> Stopped:
    """A held key stays held: later messages join it."""
    return {
        (s.resource, s.key): Settle("held", error=seen.held[s.key].error, withheld=call, batch=seen.held[s.key].batch)
        for s in states
        if s.key in seen.held and s.key not in seen.passed
    }
