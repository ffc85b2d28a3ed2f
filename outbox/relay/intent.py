"""Pure: what is about to be sent for a key, and what no other call may touch meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from outbox.config import TargetSettings
from outbox.relay.schedule import State
from outbox.targets.delivery import Action, Delivery, Key
from outbox.targets.keys import known_remote_id, natural_keys

_FROM_JSON = json.JSONDecoder(parse_float=Decimal).decode


@dataclass(frozen=True)
class Begun:
    """A delivery on its way: objects are what no other delivery may touch meanwhile. noted: the intent, as begin noted
    it.
    """

    state: State
    delivery: Delivery
    objects: frozenset[str]
    group: tuple[str, ...] | None
    noted: str | None = None


@dataclass
class Batch:
    """What one look takes up, beside what is in flight: keys and objects that are busy, keys that are being removed,
    how many values of each group are in flight and how many are added, objects that were let go.
    """

    keys: set[tuple[str, Key]] = field(default_factory=set)
    objects: set[str] = field(default_factory=set)
    leaving: set[tuple[str, Key]] = field(default_factory=set)
    flying: Counter[tuple[str, ...]] = field(default_factory=Counter)
    groups: Counter[tuple[str, ...]] = field(default_factory=Counter)
    begun: list[Begun] = field(default_factory=list)
    let_go: set[str] = field(default_factory=set)
    handed_over: bool = False

    def add(self, begun: Begun) -> None:
        self.begun.append(begun)
        self.occupy(begun)
        if begun.group is not None:
            self.groups[begun.group] += 1

    def fly(self, begun: Begun) -> None:
        """It is in flight already."""
        self.occupy(begun)
        if begun.group is not None:
            self.flying[begun.group] += 1

    def has_room(self, group: tuple[str, ...] | None, size: int) -> bool:
        """Of values that go out together: two calls full, since the second is begun while the first is in flight."""
        return group is None or self.groups[group] + self.flying[group] < 2 * size

    def put_back(self, size: int) -> list[Begun]:
        """Takes out what would be a small call behind another one: it waits, and more may join it."""
        small = {g: n % size for g, n in self.groups.items() if n > size or self.flying[g]}
        kept, back = [], []
        for begun in reversed(self.begun):
            if begun.group is not None and small.get(begun.group):
                small[begun.group] -= 1
                back.append(begun)
            else:
                kept.append(begun)
        self.begun = kept[::-1]
        return back

    def occupy(self, begun: Begun) -> None:
        name = (begun.state.resource, begun.state.key)
        self.keys.add(name)
        self.objects |= begun.objects
        if begun.delivery.action is Action.REMOVE:
            self.leaving.add(name)


def delivery_of(state: State, action: Action, settings: TargetSettings) -> Delivery:
    """What the target is handed: whole documents, and all names that the object may have there."""
    mirror = state.mirror
    document = _loads(state.document) if state.rows else None
    parents = tuple(p or "" for p in state.parents)
    remote_id = mirror.remote_id if mirror else None
    if action is not Action.REMOVE:
        remote_id = known_remote_id(state.resource, state.key, parents) or remote_id
    sending = set(mirror.sending) if mirror else set()
    if document is not None and action is not Action.LOOK:
        sending |= set(natural_keys(state.resource, state.key, document, settings))
    return Delivery(
        resource=state.resource,
        key=state.key,
        action=action,
        message_id=state.message_id,
        document=document,
        acknowledged=_loads(mirror.document) if mirror else None,
        remote_id=remote_id,
        parents=parents,
        etag=mirror.etag if mirror else None,
        sending=tuple(sorted(sending)),
        in_doubt=mirror is not None and mirror.in_doubt_s is not None,
    )


def object_of(state: State) -> str:
    """The object in the cloud that a key has, as objects_of names it."""
    return f"{state.resource} {state.mirror.remote_id if state.mirror else None}".lower()


def objects_of(delivery: Delivery) -> frozenset[str]:
    """The remote id and every natural key: one call in flight for each of them."""
    names = (delivery.remote_id, *delivery.sending)
    return frozenset(f"{delivery.resource} {name}".lower() for name in names if name)


def _loads(document: str | None) -> dict[str, Any] | None:
    return _FROM_JSON(document) if document is not None else None
