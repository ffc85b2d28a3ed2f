"""The loop of one lane: claim, expand, compare, begin, deliver, settle."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from outbox import settle as outcome_rules
from outbox.config import TargetSettings
from outbox.errors import LeaseLost, NotAllowed
from outbox.expand import expand, is_full
from outbox.people import HandOver, Verdict, judge
from outbox.retry import Patience
from outbox.schedule import Deliver, State, decide, in_order
from outbox.settle import Times
from outbox.store import Message, Settled, Store
from outbox.targets.delivery import Action, Call, Delivery, Key, Outcome, Target
from outbox.targets.keys import known_remote_id, natural_keys

logger = logging.getLogger("outbox.relay")

CLAIM_LIMIT = 500


@dataclass(frozen=True)
class Begun:
    """A delivery on its way: objects are what no other delivery may touch meanwhile."""

    state: State
    delivery: Delivery
    objects: frozenset[str]
    group: tuple[str, ...] | None


@dataclass
class Finished:
    begun: Begun
    outcome: Outcome


@dataclass
class Lane:
    """One lane of one target. `step` does what can be done now and says whether anything moved."""

    store: Store
    target: Target
    settings: TargetSettings
    times: Times = field(default_factory=Times)
    patience: Patience = field(default_factory=Patience)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    outcomes: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.in_flight: dict[tuple[str, Key], Begun] = {}
        self.finished: list[Finished] = []
        self.calls: list[tuple[Delivery, Call]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.send_until = float("inf")  # of the monotonic clock: a call that starts later could outlive the lease
        self.blocked = False  # something claimable waits for what is in flight
        self.slots = asyncio.Semaphore(self.settings.concurrency)

    # -- the steps ---------------------------------------------------------------------------------------------

    async def settle(self) -> bool:
        """Record what has come back."""
        finished, self.finished = self.finished, []
        calls, self.calls = self.calls, []
        if not finished:
            self.calls = calls
            return False
        pairs = [
            (
                f.begun.state,
                outcome_rules.after_call(f.begun.state, f.begun.delivery.action, f.outcome, self.times, self.patience),
            )
            for f in finished
        ]
        await self._record(pairs, calls)
        for f in finished:
            del self.in_flight[(f.begun.state.resource, f.begun.state.key)]
            if isinstance(f.outcome, NotAllowed) and f.outcome.company is None:
                await self.store.pause_target(f.outcome.why)
        return True

    async def claim(self) -> bool:
        """Take up what is due, as far as there is room; False: nothing that can be taken up now."""
        self.blocked = False
        if len(self.in_flight) >= self.window:
            return False
        in_hand = [i for b in self.in_flight.values() for i in b.state.ids]
        messages = await self.store.claim(in_hand, CLAIM_LIMIT)
        unknown = [m for m in messages if m.resource not in self.store.views]
        if unknown:
            await self._skip(unknown)
            messages = [m for m in messages if m.resource in self.store.views]
        coarse = [m for m in messages if not is_full(m)]
        if coarse:
            await expand(self.store, coarse)
            return True
        return bool(unknown) | await self._take_up(messages)

    @property
    def window(self) -> int:
        """Keys begun at once: more than go out at once, so that the slots never wait for the database."""
        return max(4 * self.settings.concurrency, self.settings.batch_size)

    async def _take_up(self, messages: list[Message]) -> bool:
        keys: dict[str, dict[Key, None]] = {}
        room = self.window - len(self.in_flight)
        for m in messages:
            key = m.key or ()
            if (m.resource, key) in self.in_flight:
                self.blocked = True
            elif room and key not in keys.setdefault(m.resource, {}):
                keys[m.resource][key] = None
                room -= 1
        states = [s for r, ks in keys.items() if ks for s in await self.store.compare(r, list(ks))]
        return await self._act(in_order(states))

    async def _act(self, states: list[State]) -> bool:
        """Settle what needs no call, begin and send the rest."""
        settled: list[tuple[State, Settled]] = []
        begun: list[Begun] = []
        moved = False
        for state in states:
            verdict: Verdict = decide(state, self.times.deadline_s)
            if isinstance(verdict, Deliver) and state.resource == "users":
                verdict = await judge(self.store, state, verdict.action)
            if isinstance(verdict, HandOver):
                moved = await self._hand_over(state, verdict) or moved
            elif isinstance(verdict, Deliver):
                self._reserve(state, verdict.action, begun)
            else:
                settled.append((state, outcome_rules.without_call(state, verdict)))
        if settled:
            await self._record(settled, [])
        await self._begin(begun)
        return moved or bool(settled) or bool(begun)

    def _reserve(self, state: State, action: Action, begun: list[Begun]) -> None:
        """One call in flight per key and per remote object; who is in the way is waited for."""
        delivery = self._delivery(state, action)
        group = self.target.group(delivery)
        objects = frozenset(
            f"{state.resource} {name}".lower() for name in (delivery.remote_id, *delivery.sending) if name
        )
        busy = [b for b in (*self.in_flight.values(), *begun) if b.objects & objects]
        full = group is not None and (
            any(b.group == group for b in self.in_flight.values())
            or sum(b.group == group for b in begun) >= self.settings.batch_size
        )
        if busy or full:
            self.blocked = True
        else:
            begun.append(Begun(state, delivery, objects, group))

    def _delivery(self, state: State, action: Action) -> Delivery:
        mirror = state.mirror
        document = _loads(state.document) if state.rows else None
        parents = tuple(p or "" for p in state.parents)
        remote_id = mirror.remote_id if mirror else None
        if action is not Action.REMOVE:
            remote_id = known_remote_id(state.resource, state.key, parents) or remote_id
        sending = set(mirror.sending) if mirror else set()
        if document is not None and action is not Action.LOOK:
            sending |= set(natural_keys(state.resource, state.key, document, self.settings))
        return Delivery(
            resource=state.resource,
            key=state.key,
            action=action,
            message_id=state.message_id,
            document=document,
            held=_loads(mirror.document) if mirror else None,
            remote_id=remote_id,
            parents=parents,
            etag=mirror.etag if mirror else None,
            sending=tuple(sorted(sending)),
            in_doubt=mirror is not None and mirror.in_doubt_s is not None,
        )

    async def _hand_over(self, state: State, verdict: HandOver) -> bool:
        for key in (verdict.from_key, verdict.to_key):
            if ("users", key) in self.in_flight:
                self.blocked = True
                return False
        await self.store.hand_over(verdict.from_key, verdict.to_key, state.message_id)
        return True

    async def _begin(self, begun: list[Begun]) -> None:
        """Commit the intent, then let it go out. A look writes nothing, so it needs no intent."""
        writes = [b for b in begun if b.delivery.action is not Action.LOOK]
        if writes:
            marked = await self.store.begin([(b.delivery, b.state.pending_ids) for b in writes])
            if len(marked) < len(writes):
                raise LeaseLost(f"another relay took over {self.store.target}")
        groups: dict[Any, list[Begun]] = {}
        for b in begun:
            self.in_flight[(b.state.resource, b.state.key)] = b
            groups.setdefault(b.group or b.state.message_id, []).append(b)
        for group in groups.values():
            task = asyncio.create_task(self._deliver(group))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _deliver(self, group: list[Begun]) -> None:
        deliveries = [b.delivery for b in group]
        outcomes: list[Outcome]
        async with self.slots:
            try:
                outcomes = await self.target.deliver(deliveries, self._owner, self._log)
            except Exception as e:
                logger.exception("delivery failed", extra={"message_id": deliveries[0].message_id})
                outcomes = [e] * len(group)
        self.finished += [Finished(b, o) for b, o in zip(group, outcomes, strict=True)]
        self.woken.set()

    async def _owner(self, resource: str, remote_id: str) -> Key | None:
        """Which key has this remote id? What has come back but is not settled yet is known here alone."""
        for f in self.finished:
            if f.begun.state.resource == resource and getattr(f.outcome, "remote_id", None) == remote_id:
                return f.begun.state.key
        return await self.store.find_owner(resource, remote_id)

    def _log(self, delivery: Delivery, call: Call) -> None:
        self.calls.append((delivery, call))
        logger.info(
            "attempt",
            extra={
                "message_id": delivery.message_id,
                "resource": delivery.resource,
                "method": call.method,
                "http_status": call.http_status,
                "took_ms": round(call.took_ms, 1),
            },
        )

    # -- recording ---------------------------------------------------------------------------------------------

    async def _record(self, pairs: list[tuple[State, Settled]], calls: list[tuple[Delivery, Call]]) -> None:
        """One transaction: messages, mirror, attempts, and what follows for children and for waiting users."""
        removed = [line for state, s in pairs for line in outcome_rules.removed_parents(state, s)]
        children = [line for state, s in pairs for line in outcome_rules.children_to_look_at(state, s)]
        given_up = [line for state, s in pairs for line in outcome_rules.emails_given_up(state, s)]
        work = [s for _, s in pairs]
        if not (removed or children or given_up):
            await self.store.settle(work, calls)
        else:
            async with self.store.connection.transaction():
                await self.store.settle(work, calls)
                if removed:
                    await self.store.remove_children(removed)
                if children:
                    await self.store.enqueue_children([c for c in children if c["resource"] in self.store.views])
                if given_up:
                    await self.store.requeue_email(given_up)
        self.outcomes.update(s.outcome or s.status for s in work)

    async def _skip(self, messages: list[Message]) -> None:
        """A resource whose view is gone holds nothing that could be compared: say so, keep the messages dead."""
        work = [
            Settled(
                m.resource,
                m.key or (),
                (m.id,),
                m.id,
                "dead",
                error="there is no desired view for it (any more)",
            )
            for m in messages
        ]
        await self.store.settle(work, [])


def _loads(document: str | None) -> dict[str, Any] | None:
    return json.loads(document, parse_float=Decimal) if document is not None else None


def nothing_left(lane: Lane) -> bool:
    """Nothing in flight and nothing waiting for it."""
    return not lane.in_flight and not lane.finished and not lane.blocked
