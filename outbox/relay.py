"""The loop of one lane: claim, expand, compare, begin, deliver, settle."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg

from outbox import settle as outcome_rules
from outbox.claim import Cursor
from outbox.config import TargetSettings
from outbox.errors import LeaseLost, NotAllowed, Transient
from outbox.expand import expand, is_full
from outbox.intent import Batch, Begun, delivery_of, object_of, objects_of
from outbox.people import HandOver, Verdict, judge
from outbox.record import hand_over, record
from outbox.retry import Patience
from outbox.schedule import Deliver, Postpone, Settle, State, budget, decide, in_order
from outbox.settle import Times
from outbox.store import Message, Settled, Store
from outbox.targets.delivery import Action, Call, Delivery, Key, Outcome, Target

logger = logging.getLogger("outbox.relay")

MAX_WAITING = 20_000  # keys in memory; the rest of a backlog stays in the table
VIEW_WAIT_S = 30.0
# Not OperationalError: a connection that is lost, a deadlock or a time-out is nothing about the view.
_BROKEN_VIEW = (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError)


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
        self.cursor = Cursor(self.store)
        self.waiting: OrderedDict[tuple[str, Key], None] = OrderedDict()  # keys to look at, in order
        self.blocked: dict[tuple[str, Key], None] = {}  # to look at again when something in flight is over
        self.quiet_until: dict[str, float] = {}  # budget -> monotonic time: a Retry-After, obeyed by all its calls
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
                outcome_rules.after_call(f.begun.state, f.begun.delivery, f.outcome, self.times, self.patience),
            )
            for f in finished
        ]
        await self._record(pairs, calls)
        for f in finished:
            del self.in_flight[(f.begun.state.resource, f.begun.state.key)]
            await self._heed(f)
        for name in reversed(list(self.blocked)):
            self.waiting[name] = None
            self.waiting.move_to_end(name, last=False)
        self.blocked.clear()
        return True

    async def _heed(self, finished: Finished) -> None:
        """What one answer means for the others."""
        match finished.outcome:
            case NotAllowed(company=None, resource=None, why=why):
                await self.store.pause_target(why)
            case Transient(retry_after_s=float() | int() as wait_s):
                state = finished.begun.state
                self.quiet_until[budget(state.resource, state.key)] = time.monotonic() + wait_s

    def _quiet_s(self, state: State) -> float:
        return self.quiet_until.get(budget(state.resource, state.key), 0.0) - time.monotonic()

    async def claim(self) -> bool:
        """Take up what is due, as far as there is room; False: nothing that can be taken up now."""
        if len(self.in_flight) >= self.window:
            return False
        moved = False
        if len(self.waiting) + len(self.blocked) < MAX_WAITING:
            moved = await self._sort_in(await self.cursor.claim())
        return await self._take_up() or moved

    @property
    def window(self) -> int:
        """Keys begun at once: more than go out at once, so that the slots never wait for the database."""
        return max(4 * self.settings.concurrency, self.settings.batch_size)

    async def _sort_in(self, messages: list[Message]) -> bool:
        """Full keys wait for their turn; coarse messages are expanded at once. True: something was expanded."""
        unknown = [m for m in messages if m.resource not in self.store.views]
        if unknown:
            await self._skip(unknown)
        known = [m for m in messages if m.resource in self.store.views]
        coarse = [m for m in known if not is_full(m)]
        self.waiting.update({(m.resource, m.key): None for m in known if m.key is not None and is_full(m)})
        for group in _by_resource(coarse).values():
            await self._expand(group)
        return bool(coarse)

    async def _expand(self, messages: list[Message]) -> None:
        try:
            await expand(self.store, messages)
        except _BROKEN_VIEW as e:
            await self._put_off(messages[0].resource, [m.id for m in messages], e)

    async def _take_up(self) -> bool:
        """Look at as many waiting keys as there is room for."""
        room = self.window - len(self.in_flight)
        keys: dict[str, list[Key]] = {}
        while room and self.waiting:
            name, _ = self.waiting.popitem(last=False)
            resource, key = name
            if name in self.in_flight:
                self.blocked[name] = None
            else:
                keys.setdefault(resource, []).append(key)
                room -= 1
        states = [s for resource, wanted in keys.items() for s in await self._compare(resource, wanted)]
        return await self._act(in_order(states))

    async def _compare(self, resource: str, keys: list[Key]) -> list[State]:
        try:
            return await self.store.compare(resource, keys)
        except _BROKEN_VIEW as e:
            await self._put_off(resource, [i for k in keys for i in await self.store.find_open(resource, k)], e)
            return []

    async def _put_off(self, resource: str, ids: list[int], error: psycopg.Error) -> None:
        """A view that cannot be read holds up its own resource and no other; it may be mended meanwhile."""
        why = f"the view {self.store.target}.{resource} cannot be read: {error.diag.message_primary}"
        logger.error("view cannot be read", extra={"resource": resource, "sqlstate": error.sqlstate})
        work = [Settled(resource, (), tuple(ids), ids[-1], "pending", error=why[:500], wait_s=VIEW_WAIT_S)]
        await self.store.settle(work if ids else [], [])
        await self.store.read_views()

    async def _act(self, states: list[State]) -> bool:
        """Settle what needs no call, begin and send the rest."""
        settled: list[tuple[State, Settled]] = []
        batch = Batch(set(self.in_flight), {o for b in self.in_flight.values() for o in b.objects})
        for state in states:
            if state.resource == "users" and batch.handed_over:
                self.waiting[(state.resource, state.key)] = None  # it was read before the hand-over
                continue
            match await self._judge(state):
                case HandOver() as move:
                    batch.handed_over = await self._hand_over(state, move, batch.keys) or batch.handed_over
                case Deliver(action=action):
                    self._reserve(state, action, batch)
                case Postpone(after=key) if (state.resource, key) in batch.keys:
                    self.blocked[(state.resource, state.key)] = None
                case Settle(drop=True) if self._lets_go_later(state, batch):
                    pass
                case (Settle() | Postpone()) as decision:
                    settled.append((state, outcome_rules.without_call(state, decision)))
        if settled:
            await self._record(settled, [])
        await self._begin(batch.begun)
        return batch.handed_over or bool(settled) or bool(batch.begun)

    async def _judge(self, state: State) -> Verdict:
        decision = decide(state, self.times.deadline_s)
        if not isinstance(decision, Deliver):
            return decision
        quiet_s = self._quiet_s(state)
        if quiet_s > 0:
            return Postpone(quiet_s, "the target asked to wait")
        return await judge(self.store, state, decision.action) if state.resource == "users" else decision

    def _reserve(self, state: State, action: Action, batch: Batch) -> None:
        """One call in flight per key and per remote object; who is in the way is waited for."""
        delivery = delivery_of(state, action, self.settings)
        group = self.target.group(delivery)
        objects = objects_of(delivery)
        full = group is not None and (
            batch.groups[group] >= self.settings.batch_size or any(b.group == group for b in self.in_flight.values())
        )
        if full or batch.objects & objects:
            self.blocked[(state.resource, state.key)] = None
        else:
            batch.add(Begun(state, delivery, objects, group))

    def _lets_go_later(self, state: State, batch: Batch) -> bool:
        """Who lets go trusts another key to have the object: not while its call is under way, since that may fail, and
        not two at once, who would trust each other.
        """
        name = object_of(state)
        if name in batch.objects:
            self.blocked[(state.resource, state.key)] = None
        elif name in batch.let_go:
            self.waiting[(state.resource, state.key)] = None
        else:
            batch.let_go.add(name)
            return False
        return True

    async def _hand_over(self, state: State, move: HandOver, busy: set[tuple[str, Key]]) -> bool:
        keys = (move.from_key, move.to_key)
        if any(("users", key) in busy for key in keys):
            self.blocked.update({("users", key): None for key in keys})
            return False
        await hand_over(self.store, move, state.message_id)
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
            quiet_s = self._quiet_s(group[0].state)
            if quiet_s > 0:
                waits = Transient("the target asked to wait", retry_after_s=quiet_s)
                self._finish(group, [waits] * len(group))
                return
            try:
                outcomes = await self.target.deliver(deliveries, self._owner, self._log)
            except Exception as e:
                logger.exception("delivery failed", extra={"message_id": deliveries[0].message_id})
                outcomes = [e] * len(group)
        self._finish(group, outcomes)

    def _finish(self, group: list[Begun], outcomes: Sequence[Outcome]) -> None:
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

    async def _record(self, pairs: list[tuple[State, Settled]], calls: list[tuple[Delivery, Call]]) -> None:
        await record(self.store, pairs, calls)
        self.outcomes.update(settled.outcome or settled.status for _, settled in pairs)

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


def _by_resource(messages: list[Message]) -> dict[str, list[Message]]:
    groups: dict[str, list[Message]] = {}
    for m in messages:
        groups.setdefault(m.resource, []).append(m)
    return groups


def nothing_left(lane: Lane) -> bool:
    """Nothing in flight and nothing waiting."""
    return not (lane.in_flight or lane.finished or lane.blocked or lane.waiting or lane.cursor.page)
