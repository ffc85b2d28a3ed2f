"""Every legal order of a short history of users, tried to the end on a model of the tables and of the cloud.

The rules are the relay's own (what to do: schedule and people; what is called: targets.users; what is recorded:
settle). The model is what they stand on: the statements of sql/relay in a few lines each, and a cloud with ids of its
own, unique e-mails, and access that hangs below users. A step is a commit of the application, a look at one key or at
two in one snapshot, or the end of a call: answered, or with its answer lost, or the relay killed.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from outbox.config import TargetSettings
from outbox.errors import CloudError, Unknown
from outbox.relay import settle as rules
from outbox.relay.intent import delivery_of, object_of, objects_of
from outbox.relay.people import HandOver, Verdict, judge
from outbox.relay.retry import Patience
from outbox.relay.rows import Rival, Settled, Successor
from outbox.relay.schedule import Deliver, Mirror, Postpone, Settle, State, decide, in_order, parents_of
from outbox.targets.answers import Answer
from outbox.targets.answers import Verdict as Says
from outbox.targets.delivery import Action, Delivered, Delivery, Key, Outcome
from outbox.targets.endpoints import IdentityEndpoints
from outbox.targets.pages import Item
from outbox.targets.users import Users

Name = tuple[str, Key]
T = TypeVar("T")
SETTINGS = TargetSettings("model")
TIMES, PATIENCE = rules.Times(), Patience()
LONG_AGO_S = 1e6  # a doubt whose call has landed, if it ever does
COMPANY, TENANT = "c1", "t1"
FATES = ("answered", "lost before", "lost after", "killed before", "killed after")


@dataclass(frozen=True)
class Person:
    """A row of the view. who: the person behind it, which no rule can see. ready: nothing is missing."""

    who: str
    email: str
    name: str
    ready: bool = True

    @property
    def document(self) -> str:
        names = {"first_name": f"First {self.name}", "last_name": f"Last {self.name}"}
        return json.dumps(names | {"email": self.email}, sort_keys=True)


View = dict[str, Person]


@dataclass(frozen=True)
class Flight:
    """A delivery on its way. who: for whom. noted: the intent, as begin noted it."""

    state: State
    delivery: Delivery
    who: str
    noted: str | None = None


@dataclass
class Model:
    """commits: the views that are still to come, one after the other. held: why. mails: how often each person was
    invited; lost: persons whose object was removed while they were in the view.
    """

    commits: tuple[View, ...]
    view: View = field(default_factory=dict)
    mirror: dict[Name, Mirror] = field(default_factory=dict)
    pending: set[Name] = field(default_factory=set)
    held: dict[Name, str] = field(default_factory=dict)
    flights: dict[Name, Flight] = field(default_factory=dict)
    users: dict[str, str] = field(default_factory=dict)  # id -> document
    access: set[str] = field(default_factory=set)  # ids of users who may open the company
    owners: dict[str, str] = field(default_factory=dict)  # id -> for whom it was made
    mails: Counter[str] = field(default_factory=Counter)
    lost: set[str] = field(default_factory=set)
    faults: int = 0

    def copy(self) -> Model:
        plain = {n: type(v)(v) for n, v in vars(self).items() if n not in ("commits", "faults")}
        return Model(commits=self.commits, faults=self.faults, **plain)

    def frozen(self) -> tuple[Any, ...]:
        """Equal for equal states; of the names of new objects only what they are."""
        return (
            len(self.commits), frozenset(self.mirror.items()), frozenset(self.pending), frozenset(self.held.items()),
            frozenset((n, repr(f.delivery), f.noted) for n, f in self.flights.items()), frozenset(self.users.items()),
            frozenset(self.access), frozenset(self.mails.items()), frozenset(self.lost), self.faults,
        )  # fmt: skip

    # -- the application -----------------------------------------------------------------------------------------

    def commit(self) -> None:
        """The next view; each key whose row is another gets its message, and so does the access below it."""
        before, self.view, self.commits = self.view, self.commits[0], self.commits[1:]
        for code in before.keys() | self.view.keys():
            if before.get(code) != self.view.get(code):
                self.pending.add(("users", (code,)))
            if (code in before) != (code in self.view):
                self.pending.add(("company_access", (code, COMPANY)))

    # -- the statements of sql/relay -----------------------------------------------------------------------------

    def compare(self, name: Name) -> State:
        resource, key = name
        row, mirror = self.view.get(key[0]), self.mirror.get(name)
        document = (row.document if resource == "users" else "{}") if row else None
        twins = (m for n, m in self.mirror.items() if n != name and n[0] == resource and m.in_doubt_s is None)
        return State(
            resource,
            key,
            ids=(1,),
            pending_ids=(1,),
            rows=1 if row else 0,
            document=document,
            missing=("last_name",) if row and resource == "users" and not row.ready else (),
            mirror=mirror,
            same=mirror is not None and mirror.document == document and not mirror.gone,
            parents=(self._remote_id(key[0]), TENANT) if resource == "company_access" else (),
            user_gone=resource == "company_access" and self._is_gone(key[0]),
            shared=mirror is not None and any(m.remote_id == mirror.remote_id for m in twins),
        )

    def _remote_id(self, code: str) -> str | None:
        mirror = self.mirror.get(("users", (code,)))
        return mirror.remote_id if mirror else None

    def _is_gone(self, code: str) -> bool:
        mirror = self.mirror.get(("users", (code,)))
        return mirror is not None and mirror.gone

    def begin(self, flight: Flight) -> None:
        """begin.sql; a look writes nothing."""
        delivery, name = flight.delivery, _name(flight.state)
        self.flights[name] = flight
        if delivery.action is Action.LOOK:
            return
        before = self.mirror.get(name) or Mirror(None, None)
        intent = str(delivery.action)
        if before.intent == "remove" and delivery.action is Action.UPDATE:  # outbox.noted_intent
            intent = "remove"
        self.flights[name] = replace(flight, noted=intent)
        self.mirror[name] = replace(
            before,
            in_doubt_s=LONG_AGO_S,
            intent=intent,
            remote_id=delivery.remote_id or before.remote_id,
            sending=tuple(sorted({*before.sending, *delivery.sending})),
        )

    def record(self, state: State, settled: Settled) -> None:
        """settle.sql, remove_children, enqueue_children, requeue_email, in the order of record()."""
        name = _name(state)
        if settled.mirror == "delete":
            self.mirror.pop(name, None)
        elif settled.mirror == "write":
            doubt_s = None if settled.in_doubt_s is None else LONG_AGO_S
            self.mirror[name] = Mirror(
                settled.remote_id,
                settled.held,
                settled.parents,
                doubt_s,
                settled.sending,
                None,
                settled.intent,
                gone=settled.gone,
            )
        if settled.status == "pending":
            self.pending.add(name)
        elif settled.status == "done":
            self.held.pop(name, None)
        else:
            self.held[name] = settled.error or ""
        for line in rules.removed_parents(state, settled):
            for child, mirror in list(self.mirror.items()):
                if child[0] == line["resource"] and line["remote_id"] in mirror.parents and mirror.in_doubt_s is None:
                    del self.mirror[child]
        for line in rules.children_to_look_at(state, settled):
            self._enqueue_child(line)
        for given_up in rules.emails_given_up(state, settled):
            same = (c for c, p in self.view.items() if p.email == given_up["email"] and (c,) != given_up["key"])
            self.pending |= {("users", (code,)) for code in same}

    def _enqueue_child(self, line: dict[str, Any]) -> None:
        name = ("company_access", (line["key"]["user_code"], COMPANY))
        if line["resource"] == "users":
            self.pending.add(("users", (line["key"]["user_code"],)))
        if line["resource"] == "company_access" and (name[1][0] in self.view or name in self.mirror):
            self.pending.add(name)

    def hand_over(self, move: HandOver) -> None:
        leaving = self.mirror.pop(("users", move.from_key), None)
        if leaving is None:
            return
        to = self.mirror.get(("users", move.to_key))
        self.mirror["users", move.to_key] = replace(leaving, sending=((to.sending if to else ()) + leaving.sending))
        for (resource, key), grant in list(self.mirror.items()):
            moved = (resource, (*move.to_key, *key[1:]))
            mine = resource == "company_access" and key[:1] == move.from_key and leaving.remote_id in grant.parents
            if mine and grant.in_doubt_s is None and moved not in self.mirror:
                self.mirror[moved] = self.mirror.pop((resource, key))
        for key in (move.from_key, move.to_key):
            self.pending.add(("users", key))
            for line in rules.children_of_key("users", key, 1):
                self._enqueue_child(line)

    def _is_pending(self, name: Name) -> bool:
        return name in self.pending or name in self.flights

    async def find_rivals(self, key: Key, email: str) -> list[Rival]:
        found = []
        for (resource, other), m in sorted(self.mirror.items()):
            if resource == "users" and other != key and email in (rules.email_of(m.document), *m.sending):
                row = self.view.get(other[0])
                found.append(
                    Rival(
                        other, m.remote_id, m.in_doubt_s is not None, row is not None, row.email if row else None,
                        row is not None and row.ready, self._is_pending(("users", other)),
                    )
                )  # fmt: skip
        return found

    async def find_successors(self, emails: Iterable[str]) -> list[Successor]:
        found, wanted = [], set(emails)
        for code, row in self.view.items():
            name = ("users", (code,))
            m = self.mirror.get(name)
            in_doubt = m is not None and m.in_doubt_s is not None
            has_object = m is not None and m.remote_id is not None
            if row.email in wanted and (not in_doubt or has_object or self._is_pending(name)):
                had = tuple(e for e in (*m.sending, rules.email_of(m.document)) if e) if m else ()
                if m is not None and m.document is not None:
                    another = _nothing_alike(m.document, row.document)
                else:
                    another = m is not None and row.email not in m.sending
                found.append((has_object, not row.ready, Successor((code,), in_doubt, has_object, had, another)))
        return [s for *_, s in sorted(found, key=lambda f: (*f[:2], f[2].key))]

    # -- the relay, as outbox/relay/lane.py ------------------------------------------------------------------------

    def look(self, names: Iterable[Name]) -> None:
        """All of them in one snapshot, then one after the other."""
        judged = [(s, self._judge(s)) for s in in_order([self.compare(n) for n in names])]
        self.pending -= set(names)  # what comes meanwhile is not settled with it
        objects = {o for f in self.flights.values() for o in objects_of(f.delivery)}
        begun, handed_over, let_go = dict(self.flights), False, set[str]()
        settled: list[tuple[State, Settled]] = []
        for state, verdict in judged:
            again = {_name(state)}
            if handed_over:  # all of it was read before
                self.pending |= again
                continue
            match verdict:
                case HandOver() as move:
                    if not any(("users", key) in begun for key in (move.from_key, move.to_key)):
                        self.hand_over(move)
                        handed_over = True
                    self.pending |= again
                case Deliver(action=action):
                    delivery = delivery_of(state, action, SETTINGS)
                    leaves = action is Action.REMOVE and any(
                        p in begun and begun[p].delivery.action is Action.REMOVE
                        for p in parents_of(state.resource, state.key)
                    )
                    if not leaves and not objects & objects_of(delivery):
                        objects |= objects_of(delivery)
                        begun[_name(state)] = Flight(state, delivery, self.who(state.key[0]))
                    else:
                        self.pending |= again
                case Settle(drop=True) if object_of(state) in let_go:
                    self.pending |= again
                case (Settle() | Postpone()) as decision:
                    let_go |= {object_of(state)} if decision.drop else set()
                    settled.append((state, rules.without_call(state, decision)))
        for state, line in settled:
            self.record(state, line)
        for name, flight in begun.items():
            if name not in self.flights:
                self.begin(flight)

    def _judge(self, state: State) -> Verdict:
        decision = decide(state, TIMES.deadline_s)
        if not isinstance(decision, Deliver) or state.resource != "users":
            return decision
        return _now(judge(self, state, decision.action))

    def finish(self, name: Name, fate: str) -> None:
        flight = self.flights.pop(name)
        cloud = Cloud(self, flight, fate)
        if fate == "killed before":
            self.pending.add(name)
            return
        outcome = _now(cloud.deliver())
        if fate == "killed after":
            self.pending.add(name)
            return
        settled = rules.after_call(flight.state, flight.delivery, outcome, TIMES, PATIENCE, flight.noted)
        self.record(flight.state, settled)

    def who(self, code: str) -> str:
        return self.view[code].who if code in self.view else "nobody"


class Cloud(Users):
    """The identity API over a model: also the errand that its one delivery runs."""

    def __init__(self, model: Model, flight: Flight, fate: str) -> None:
        super().__init__(ENDPOINTS, SETTINGS)
        self.model, self.flight, self.fate = model, flight, fate

    async def deliver(self, *_: Any) -> Outcome:  # type: ignore[override]
        delivery = self.flight.delivery
        try:
            if delivery.resource == "company_access":
                return await self._open(delivery)
            return await super().deliver(delivery, self, self._owner)  # type: ignore[arg-type]
        except CloudError as e:
            return e

    async def _open(self, delivery: Delivery) -> Delivered:
        """Idempotent, under the parents' ids."""
        remove = delivery.action is Action.REMOVE
        remote_id = delivery.remote_id if remove and delivery.remote_id else f"{TENANT}/{delivery.parents[0]}"
        user = remote_id.split("/")[1]
        self._lose("before")
        if not remove and user not in self.model.users:
            raise Unknown("there is no such user")
        (self.model.access.discard if remove else self.model.access.add)(user)
        self._lose("after")
        return Delivered(remote_id, http_status=200)

    async def _owner(self, resource: str, remote_id: str) -> Key | None:
        linked = (k for (r, k), m in sorted(self.model.mirror.items()) if r == resource and m.remote_id == remote_id)
        return next(linked, None)

    async def find(self, natural_key: str, errand: Any) -> list[Item]:
        return [Item(i, json.loads(d)) for i, d in self.model.users.items() if rules.email_of(d) == natural_key]

    async def call(self, method: str, path: str, body: Any = None, also: Any = ()) -> Answer:
        self._lose("before")
        answer = self._write(method, path.rsplit("/", 1)[1], body)
        self._lose("after")
        return answer

    def _write(self, method: str, id_: str, body: Any) -> Answer:
        model, users = self.model, self.model.users
        if method == "DELETE":
            if users.pop(id_, None) is None:
                return Answer(Says.NOT_FOUND, 404, "DELETE")
            model.access.discard(id_)
            model.lost |= {model.owners[id_]} & {p.who for p in model.view.values()}
            model.owners.pop(id_)
            return Answer(Says.DONE, 204, "DELETE")
        if method == "PUT" and id_ not in users:
            return Answer(Says.NOT_FOUND, 404, "PUT")
        if any(rules.email_of(d) == body["email"] for i, d in users.items() if i != id_):
            return Answer(Says.EXISTS, 409, method)
        if method == "POST":
            who = self.flight.who
            id_ = f"u{sum(model.mails.values()) + 1}"
            model.mails[who] += 1
            model.owners[id_] = who
        users[id_] = json.dumps({n: body[n] for n in ("email", "first_name", "last_name")}, sort_keys=True)
        return Answer(Says.DONE, 200, method, body={"id": id_})

    def _lose(self, when: str) -> None:
        if self.fate == f"lost {when}":
            raise Unknown("the answer was lost")


ENDPOINTS = IdentityEndpoints(scopes=())


def _now(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine answers that waits for nothing."""
    try:
        work.send(None)
    except StopIteration as e:
        answer: T = e.value
        return answer
    raise AssertionError("it waits")


def _nothing_alike(held: str, wanted: str) -> bool:
    before, now = json.loads(held), json.loads(wanted)
    return all(before[c] != now[c] for c in ("email", "first_name", "last_name"))


def _name(state: State) -> Name:
    return (state.resource, state.key)


def steps(model: Model, pairs: bool = True) -> Iterator[Model]:
    """What may happen next."""
    if model.commits:
        after = model.copy()
        after.commit()
        yield after
    names = sorted(n for n in model.pending if n not in model.flights)
    looks: list[tuple[Name, ...]] = [(n,) for n in names]
    looks += [(a, b) for a in names for b in names if pairs and a < b]
    for look in looks:
        after = model.copy()
        after.look(look)
        yield after
    for name in sorted(model.flights):
        for fate in FATES if model.faults else FATES[:1]:
            after = model.copy()
            after.finish(name, fate)
            after.faults -= fate != "answered"
            yield after


def explore(first: Model, most: int = 200_000) -> tuple[list[Model], bool]:
    """(all states in which it may end, whether from every state one of them can be reached)."""
    seen: dict[Any, int] = {first.frozen(): 0}
    models, before, ends = [first], [set[int]()], []
    number = 0
    while number < len(models):
        model = models[number]
        moved = False
        for after in steps(model):
            frozen = after.frozen()
            if frozen not in seen:
                assert len(models) < most, "too many orders"
                seen[frozen] = len(models)
                models.append(after)
                before.append(set())
            if seen[frozen] != number:
                before[seen[frozen]].add(number)
                moved = True
        if not moved:
            ends.append(number)
        number += 1
    reached, todo = set(ends), list(ends)
    while todo:
        for earlier in before[todo.pop()] - reached:
            reached.add(earlier)
            todo.append(earlier)
    return [models[e] for e in ends], len(reached) == len(models)
