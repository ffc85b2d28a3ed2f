"""Who a user is, in every order in which it can be found out: what must hold wherever a short history may end."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from outbox.relay import people
from outbox.relay.people import People, Verdict
from outbox.relay.schedule import Deliver, Mirror, Postpone, State
from outbox.targets.delivery import Action
from tests.people_model import COMPANY, TENANT, Flight, Model, Person, View, explore

Plant = Callable[[pytest.MonkeyPatch], None]

CODES = ("a", "b", "c")
EMAILS = ("a@x", "b@x", "c@x")
START: View = {"a": Person("Ann", "a@x", "Ann"), "b": Person("Bob", "b@x", "Bob")}
NEW = Person("Cor", "c@x", "Cor")
SAMPLE = 36  # of two changes every so many histories; all of them with --soak


def in_the_cloud(view: View, *commits: View, faults: int = 0) -> Model:
    """All of a view is there already, and may open the company."""
    model = Model(commits, dict(view), faults=faults)
    for code, person in view.items():
        id_ = f"old-{code}"
        model.users[id_], model.owners[id_] = person.document, person.who
        model.access.add(id_)
        model.mirror["users", (code,)] = Mirror(id_, person.document)
        model.mirror["company_access", (code, COMPANY)] = Mirror(f"{TENANT}/{id_}", "{}", (id_, TENANT))
    return model


def changes(view: View) -> Iterator[View]:
    """What one transaction of the application may make of the users."""
    free = [c for c in CODES if c not in view]
    for code, person in view.items():
        others = {c: p for c, p in view.items() if c != code}
        yield others
        yield from ({**others, to: person} for to in free)
        yield from ({**others, code: replace(person, email=e)} for e in EMAILS if e != person.email)
        yield {**others, code: replace(person, name=person.name + "2")}
        yield {**others, code: replace(person, ready=not person.ready)}
        if NEW.who not in {p.who for p in view.values()}:
            yield {**others, code: NEW}  # the code goes to somebody else
    if NEW.who not in {p.who for p in view.values()}:
        yield from ({**view, c: replace(NEW, email=e)} for c in free[:1] for e in EMAILS)
    if len(view) > 1:
        (one, ann), (other, bob), *rest = view.items()
        yield {**dict(rest), one: replace(ann, email=bob.email), other: replace(bob, email=ann.email)}
    if free:
        yield dict(zip(CODES[1:], (view[c] for c in sorted(view)), strict=False))  # all are renumbered


def histories(length: int) -> Iterator[tuple[View, ...]]:
    so_far: list[tuple[View, ...]] = [(START,)]
    for _ in range(length):
        so_far = [(*h, after) for h in so_far for after in changes(h[-1]) if after != h[-1]]
    return iter(so_far)


def wrong(history: tuple[View, ...], faults: int) -> list[str]:
    """What is not as it must be, in any end of any order."""
    ends, lively = explore(in_the_cloud(*history, faults=faults))
    found = [] if lively and ends else ["it never comes to an end"]
    for end in ends:
        found += _wrong_end(end, history)
    return sorted(set(found))


def _wrong_end(end: Model, history: tuple[View, ...]) -> Iterator[str]:
    view = history[-1]
    if end.pending or end.flights or end.commits:
        yield f"stuck: {end.pending or end.flights}"
    here = [{p.who for p in v.values()} for v in history]
    came = {
        who: sum(who in now and who not in then for then, now in itertools.pairwise(here)) for who in set().union(*here)
    }
    known = {who for who in came if _can_be_followed(who, history)}
    for who in known & end.mails.keys():
        if end.mails[who] > came[who]:
            yield f"{who} was invited {end.mails[who]} times"
    for who in known & end.lost & set[str].intersection(*here):
        yield f"{who} was removed and is still there"
    linked = {code: m.remote_id for (r, (code, *_)), m in end.mirror.items() if r == "users"}
    if sorted(map(str, linked.values())) != sorted(end.users):
        yield f"the mirror has {linked}, the cloud {sorted(end.users)}"
    held = {key[0] for _, key in end.held}
    if held and not _is_unclear(history):
        yield f"held: {sorted(end.held.values())}"
    for code in (view.keys() | linked.keys()) - held:
        person, id_ = view.get(code), linked.get(code)
        if person is None or (person.ready and id_ is None):
            yield f"{code}: {person} in the view, {id_} in the cloud"
        elif person.ready and end.users.get(str(id_)) != person.document:
            yield f"{code} is {end.users.get(str(id_))}"
        elif id_ is not None and id_ not in end.access:
            yield f"{code} has no access"
    for id_ in end.access - {linked[c] for c in linked if c in view or c in held}:
        yield f"{id_} may open what he should not"


def _is_unclear(history: tuple[View, ...]) -> bool:
    """May a person have to decide? Where two have one e-mail, two exchange theirs, or a code became somebody else's."""
    for view in history:
        emails = [p.email for p in view.values()]
        if len(set(emails)) < len(emails):
            return True
    for then, now in itertools.combinations(history, 2):
        for code in then.keys() & now.keys():
            was, is_ = then[code], now[code]
            if was.email != is_.email and any(
                now[o].email == was.email or then[o].email == is_.email for o in then.keys() & now.keys() - {code}
            ):
                return True
            if was.who != is_.who or (was.email != is_.email and was.name != is_.name):
                return True
    return False


def _can_be_followed(who: str, history: tuple[View, ...]) -> bool:
    """Whose code and e-mail both became others, perhaps before anybody looked, is somebody else for all we know."""
    at = [(code, p.email) for view in history for code, p in view.items() if p.who == who]
    return all(one[0] == other[0] or one[1] == other[1] for one, other in itertools.combinations(at, 2))


def found(every: list[tuple[View, ...]], faults: int) -> dict[str, list[str]]:
    return {str(h[1:]): w for h in every if (w := wrong(h, faults))}


@pytest.mark.parametrize("faults", [0, 1])
def test_one_change_in_every_order(faults: int) -> None:
    """With at most one answer lost, or one relay killed, at any moment."""
    assert found(list(histories(1)), faults) == {}


def test_two_changes_in_every_order() -> None:
    """The second one at any moment: before anybody looked, between two looks, while calls are under way."""
    assert found(list(histories(2))[::SAMPLE], faults=0) == {}


@pytest.mark.soak
@pytest.mark.parametrize("part", range(SAMPLE))
@pytest.mark.parametrize("faults", [0, 1])
def test_all_of_two_changes_in_every_order(part: int, faults: int) -> None:
    assert found(list(histories(2))[part::SAMPLE], faults) == {}


# -- the model finds what the rules are there for

RENAMED: View = {"c": START["a"], "b": START["b"]}
CAME = {**START, "c": NEW}
CHANGED = {**START, "c": replace(NEW, email="d@x")}


def _no_hand_over(patch: pytest.MonkeyPatch) -> None:
    async def leave(store: People, state: State) -> Verdict:
        return Deliver(Action.REMOVE)

    patch.setattr(people, "_leaving", leave)


def _forget_who_shares(patch: pytest.MonkeyPatch) -> None:
    compare = Model.compare
    patch.setattr(Model, "compare", lambda self, name: replace(compare(self, name), shared=False))


def _forget_what_was_sent(patch: pytest.MonkeyPatch) -> None:
    begin = Model.begin
    patch.setattr(Model, "begin", lambda self, f: begin(self, replace(f, delivery=replace(f.delivery, sending=()))))


def _trust_a_doubt(patch: pytest.MonkeyPatch) -> None:
    """A relay that was killed left nothing behind but a message."""
    begin = Model.begin

    def forgetful(self: Model, flight: Flight) -> None:
        before = dict(self.mirror)
        begin(self, flight)
        self.mirror = before

    patch.setattr(Model, "begin", forgetful)


def _forget_a_removal(patch: pytest.MonkeyPatch) -> None:
    """An update that is begun after a removal whose answer was lost is all that is known."""
    begin = Model.begin

    def forgetful(self: Model, flight: Flight) -> None:
        begin(self, flight)
        name, action = (flight.state.resource, flight.state.key), flight.delivery.action
        if action is Action.UPDATE:
            self.mirror[name] = replace(self.mirror[name], intent=str(action))
            self.flights[name] = replace(self.flights[name], noted=str(action))

    patch.setattr(Model, "begin", forgetful)


@pytest.mark.parametrize(
    ("plant", "history", "faults"),
    [
        (_no_hand_over, (START, RENAMED), 0),
        (_forget_who_shares, (START, RENAMED), 1),
        (_forget_what_was_sent, (START, CAME, CHANGED), 1),
        (_trust_a_doubt, (START, CAME, CHANGED), 1),
        (_forget_a_removal, (START, {"b": START["b"]}, START), 2),
    ],
)
def test_a_rule_that_is_left_out_is_missed(
    monkeypatch: pytest.MonkeyPatch, plant: Plant, history: tuple[View, ...], faults: int
) -> None:
    """Each rule alone: without it some order of one short history ends wrong."""
    assert wrong(history, faults) == []
    plant(monkeypatch)
    assert wrong(history, faults) != []


def test_who_is_back_in_the_view_since_he_was_read_is_not_removed() -> None:
    """His row was gone when it was read, and who has his e-mail was asked a moment later: then he had it again."""
    model = in_the_cloud(START)
    state = State("users", ("a",), ids=(1,), pending_ids=(1,), mirror=model.mirror["users", ("a",)])
    assert isinstance(asyncio.run(people.judge(model, state, Action.REMOVE)), Postpone)
