"""The loop of one target, over the lanes that this relay has: claim, expand, compare, begin, deliver, settle."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from psycopg.errors import LockNotAvailable

from outbox.config import TargetSettings
from outbox.errors import LeaseLost
from outbox.relay import claim, reading
from outbox.relay import settle as outcome_rules
from outbox.relay.brake import Limits
from outbox.relay.braking import Brake
from outbox.relay.breaker import Breaker
from outbox.relay.claim import Cursor
from outbox.relay.connection import LOST
from outbox.relay.counts import Counts
from outbox.relay.expand import is_full
from outbox.relay.gate import Gate
from outbox.relay.intent import Batch, Begun, delivery_of, object_of, objects_of
from outbox.relay.outlook import Outlook
from outbox.relay.people import HandOver, Verdict, judge
from outbox.relay.people_rows import PeopleRows
from outbox.relay.record import hand_over, look_later, record, undecided
from outbox.relay.retry import Patience
from outbox.relay.rows import Message, Settled
from outbox.relay.schedule import (
    Deliver,
    Postpone,
    Settle,
    State,
    decide,
    doubt_at_most,
    in_order,
    is_access,
    parents_of,
)
from outbox.relay.sending import Finished, Sending
from outbox.relay.settle import Times
from outbox.relay.store import Store
from outbox.resources import company_of
from outbox.targets.delivery import Action, Call, Delivery, Key
from outbox.targets.platform import Platform

MAX_WAITING = 20_000  # keys in memory; the rest of a backlog stays in the table


@dataclass
class Lane:
    """The lanes of one target that this relay has, served together: alone it costs no more than one lane would.

    `claim` takes up what can be taken up now, `settle` records what has come back.
    """

    store: Store
    target: Platform
    gate: Gate
    settings: TargetSettings
    times: Times = field(default_factory=Times)
    patience: Patience = field(default_factory=Patience)
    limits: Limits = field(default_factory=Limits)
    breaker: Breaker = field(default_factory=Breaker)
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.in_flight: dict[tuple[str, Key], Begun] = {}
        self.cursor = Cursor(self.store)
        self.people = PeopleRows(self.store)
        self.brake = Brake(self.store, self.limits)
        self.waiting: OrderedDict[tuple[str, Key], None] = OrderedDict()  # keys to look at, in order
        self.blocked: dict[tuple[str, Key], None] = {}  # to look at again when something in flight is over
        self.outlook = Outlook(self.store, self.gate, self.breaker, self.woken)
        self.sending = Sending(self.store, self.target, self.settings.concurrency, self.woken, self.gate, self.outlook)

    # -- the steps ---------------------------------------------------------------------------------------------

    async def settle(self) -> bool:
        """Record what has come back."""
        finished, calls = self.sending.collect()
        if not finished:
            return False
        try:
            await self._record([(f.begun.state, self._outcome(f)) for f in finished], calls)
        except LeaseLost:
            await self.disown(finished, calls)
            raise
        except LOST:
            self.sending.put_back(finished, calls)
            raise
        for f in finished:
            del self.in_flight[(f.begun.state.resource, f.begun.state.key)]
        await self.outlook.settled((f.begun.state, f.outcome) for f in finished)
        for name in reversed(list(self.blocked)):
            self.waiting[name] = None
            self.waiting.move_to_end(name, last=False)
        self.blocked.clear()
        return True

    def _outcome(self, f: Finished) -> Settled:
        """An attempt while the platform is down counts for nothing; a look was not counted to begin with."""
        patience = replace(self.patience, give_up_s=float("inf")) if f.spared else self.patience
        b = f.begun
        settled = outcome_rules.after_call(b.state, b.delivery, f.outcome, self.times, patience, b.noted)
        spared = f.spared and settled.status == "pending" and f.begun.delivery.action is not Action.LOOK
        return replace(settled, uncounted=True) if spared else settled

    async def disown(self, finished: list[Finished], calls: list[tuple[Delivery, Call]]) -> None:
        """The lease was lost, and whoever has the lane now settles: what was sent meanwhile is in doubt for him."""
        called = {(d.resource, d.key) for d, _ in calls if d.action is not Action.LOOK}
        begun = [f.begun for f in finished]
        try:
            await self.store.doubt([b.delivery for b in begun if (b.state.resource, b.state.key) in called], calls)
        except LOST:
            self.sending.put_back(finished, calls)
            raise
        for b in begun:
            self.in_flight.pop((b.state.resource, b.state.key), None)

    async def let_go(self) -> None:
        """Hand over the lanes that are to be given away, each when nothing of it is in flight any more."""
        busy = {begun.state.lane for begun in self.in_flight.values()}
        await self.store.release(self.store.holding.leaving - busy)

    async def claim(self) -> bool:
        """Take up what is due, as far as there is room; False: nothing that can be taken up now."""
        if len(self.in_flight) >= self.window:
            return False
        moved, paging = False, self.cursor.page is not None
        # Of a backlog few at a time: what is fresh comes behind the keys in hand.
        few = len(self.waiting) < claim.LIMIT or not paging or self.outlook.probing
        if few and len(self.waiting) + len(self.blocked) < MAX_WAITING:
            moved = await self._sort_in(await self.cursor.claim()) or paging
        return await self._take_up() or moved

    @property
    def nothing_left(self) -> bool:
        """Nothing in flight and nothing waiting."""
        return not (self.in_flight or self.blocked or self.waiting or self.cursor.page)

    @property
    def window(self) -> int:
        """Keys begun at once: more than go out at once, so that no slot waits for the database; one, to probe."""
        if self.outlook.probing:
            return 1
        return max(4 * self.settings.concurrency, 2 * self.settings.batch_size)

    async def _sort_in(self, messages: list[Message]) -> bool:
        """Full keys wait for their turn; coarse messages are expanded at once. True: something was expanded."""
        if any(m.resource not in self.store.views for m in messages):
            await self.store.read_views()  # perhaps it was made, or made again, since
        unknown = [m for m in messages if m.resource not in self.store.views]
        if unknown:
            await reading.give_up(self.store, unknown, "there is no desired view for it (any more)")
        known = [m for m in messages if m.resource in self.store.views]
        coarse = [m for m in known if not is_full(m)]
        self.waiting.update({(m.resource, m.key): None for m in known if m.key is not None and is_full(m)})
        self.waiting.update(dict.fromkeys(await reading.expand_readable(self.store, coarse)))
        return bool(coarse)

    async def _take_up(self) -> bool:
        """Look at as many waiting keys as there is room for."""
        room = self.window - len(self.in_flight)
        keys: dict[str, list[Key]] = {}
        if self.outlook.probing:
            self._look_elsewhere()
        while room and self.waiting:
            name, _ = self.waiting.popitem(last=False)
            if name in self.in_flight:
                self.blocked[name] = None
            else:
                keys.setdefault(name[0], []).append(name[1])
                room -= 1
        states = [
            s for resource, wanted in keys.items() for s in await reading.compare_readable(self.store, resource, wanted)
        ]
        # the last call whose end nobody saw left at the latest one deadline before
        most_s = time.monotonic() - self.store.holding.abandoned_at + self.times.deadline_s
        return await self._act(in_order([doubt_at_most(s, most_s) for s in states]))

    def _look_elsewhere(self) -> None:
        """Whether the platform is back is tried with a key that has not failed, of another company if there is one: a
        few bad ones, or all that one company has, would keep it down.
        """
        failing = self.breaker.failing
        companies = {company_of(*name) for name in failing}
        first = min(self.waiting, key=lambda n: (company_of(*n) in companies, n in failing), default=None)
        if first is not None:
            self.waiting.move_to_end(first, last=False)

    async def _act(self, states: list[State]) -> bool:
        """Settle what needs no call, begin and send the rest."""
        settled: list[tuple[State, Settled]] = []
        batch = Batch()
        for begun in self.in_flight.values():
            batch.fly(begun)
        judged = [(s, await self._judge(s)) for s in states]
        stopped = await self.brake.stop(judged, batch.leaving)
        for state, verdict in judged:
            if batch.handed_over and (state.resource == "users" or is_access(state.resource)):
                self.waiting[(state.resource, state.key)] = None  # it was read before the hand-over
                continue
            match stopped.get((state.resource, state.key), verdict):
                case HandOver() as move:
                    batch.handed_over = await self._hand_over(state, move, batch.keys) or batch.handed_over
                case Deliver(action=action):
                    self._reserve(state, action, batch)
                case Postpone(after=name) if name in batch.keys:
                    self.blocked[(state.resource, state.key)] = None
                case Settle(drop=True) if self._lets_go_later(state, batch):
                    pass
                case (Settle() | Postpone()) as decision:
                    settled.append((state, outcome_rules.without_call(state, decision)))
        if settled:
            await self._record(settled, [])
        self.blocked |= {(b.state.resource, b.state.key): None for b in batch.put_back(self.settings.batch_size)}
        await self._begin(batch.begun)
        return batch.handed_over or bool(settled) or bool(batch.begun)

    async def _judge(self, state: State) -> Verdict:
        decision = decide(state, self.times.deadline_s)
        if not isinstance(decision, Deliver):
            return decision
        in_the_way = self.outlook.in_the_way(state)
        if in_the_way or state.resource != "users":
            return in_the_way or decision
        try:
            return await judge(self.people, state, decision.action)
        except reading.BROKEN_VIEW as e:  # of another user's row
            return Postpone(reading.VIEW_WAIT_S, f"the view of the users cannot be read: {reading.unreadable(e)}")

    def _reserve(self, state: State, action: Action, batch: Batch) -> None:
        """One call in flight per key and per remote object; who is in the way is waited for. So is a parent that is
        being removed: it takes its children with it, and nobody gets a token for a company that is gone.
        """
        delivery = delivery_of(state, action, self.settings)
        group = self.target.group(delivery)
        objects = objects_of(delivery)
        full = not batch.has_room(group, self.settings.batch_size)
        leaves = action is Action.REMOVE and any(p in batch.leaving for p in parents_of(state.resource, state.key))
        if full or leaves or batch.objects & objects:
            self.blocked[(state.resource, state.key)] = None
        else:
            batch.add(Begun(state, delivery, objects, group))

    def _lets_go_later(self, state: State, batch: Batch) -> bool:
        """Who lets go trusts another key to have the object: not two at once, who would trust each other."""
        name = object_of(state)
        if name not in batch.let_go:
            batch.let_go.add(name)
            return False
        self.waiting[(state.resource, state.key)] = None
        return True

    async def _hand_over(self, state: State, move: HandOver, busy: set[tuple[str, Key]]) -> bool:
        keys = {move.from_key, move.to_key}
        if any(("users", key) in busy for key in keys):
            self.blocked.update({("users", key): None for key in keys | {state.key}})
            return False
        await hand_over(self.store, move, state.message_id)
        if state.key not in keys:  # it was not his own: he is looked at again, now that it is done
            self.waiting[("users", state.key)] = None
        return True

    async def _begin(self, begun: list[Begun]) -> None:
        """Commit the intent, then let it go out. A look writes nothing, so it needs no intent."""
        writes = [b for b in begun if b.delivery.action is not Action.LOOK]
        if writes:
            try:
                noted = await self.store.begin([(b.delivery, b.state) for b in writes])
            except LockNotAvailable:
                free = await undecided(self.store, begun)
                if free == begun:
                    raise
                taken = [(b.state.resource, b.state.key) for b in begun if b.delivery not in [f.delivery for f in free]]
                look_later(self.waiting, self.woken, [*taken, *self.blocked])
                self.blocked.clear()
                await self._begin(free)
                return
            begun = [replace(b, noted=noted.get((b.state.resource, b.state.key))) for b in begun]
            rejected = [b for b in begun if b.noted is None and b.delivery.action is not Action.LOOK]
            if rejected:  # as above, what is blocked perhaps by one of these
                self.waiting.update({(b.state.resource, b.state.key): None for b in rejected} | self.blocked)
                self.blocked.clear()
            begun = [b for b in begun if b not in rejected]
        if begun and not self.in_flight:
            self.counts.came_at = time.monotonic()
        self.in_flight |= {(b.state.resource, b.state.key): b for b in begun}
        self.sending.start(begun, self.settings.batch_size)
        await asyncio.sleep(0)  # they leave now, and not behind this loop's next question to the database

    async def _record(self, pairs: list[tuple[State, Settled]], calls: list[tuple[Delivery, Call]]) -> None:
        look_later(self.waiting, self.woken, await record(self.store, pairs, calls))
        self.counts.settled_now(settled for _, settled in pairs)
        self.counts.called_now(calls)
