"""What a register would do, counted before anybody is asked. Writes nothing, calls nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql
from psycopg.rows import namedtuple_row

from outbox import sqlfiles
from outbox.config import TargetSettings
from outbox.database import Connection
from outbox.desired_views import read_views
from outbox.register.estimate import Pace, Work, calls, seconds
from outbox.relay import compose
from outbox.relay.brake import GRANTS, REMOVALS, Limits, trips
from outbox.relay.compose import View
from outbox.resources import Parent
from outbox.targets.delivery import Key


@dataclass(frozen=True)
class Preview:
    """What a register of one resource would do now, in rows. held: left to a person, see `explain`.

    in_cloud: rows that the target holds now; calls: without those for tokens.
    """

    target: str
    resource: str
    creates: int
    updates: int
    removals: int
    not_ready: int
    held: int
    unchanged: int
    in_cloud: int = 0
    calls: int = 0

    @property
    def rows(self) -> int:
        return self.creates + self.updates + self.removals + self.not_ready + self.held + self.unchanged

    @property
    def invitations(self) -> int:
        """Each new user gets a mail."""
        return self.creates if self.resource == "users" else 0


@dataclass(frozen=True)
class Fates:
    """Of users or companies, by code: those that are left to a person, those that are removed, and whose object moves
    to which other code.
    """

    holds: list[str]
    leaves: list[str]
    moves: dict[str, str]


@dataclass(frozen=True)
class Excess:
    """More of something than goes without asking. what: "removals", "invitations", "grants" or "everything"."""

    target: str
    resource: str
    what: str
    number: int
    limit: int


@dataclass(frozen=True)
class Activation:
    """A target that this register makes active. waiting: changes of any row that are sent as well then."""

    target: str
    waiting: int


@dataclass(frozen=True)
class Forecast:
    """All that a register would do. seconds: roughly, at the rate known so far."""

    previews: tuple[Preview, ...]
    activations: tuple[Activation, ...]
    excesses: tuple[Excess, ...]
    calls: int
    seconds: float

    @property
    def removals(self) -> int:
        return sum(p.removals for p in self.previews)

    @property
    def invitations(self) -> int:
        return sum(p.invitations for p in self.previews)


def look_ahead(
    connection: Connection,
    targets: Sequence[str],
    resources: Sequence[str],
    key: Key,
    settings: Mapping[str, TargetSettings],
    limits: Limits,
) -> Forecast:
    """Reads only."""
    previews = [p for t in targets for p in preview(connection, t, resources, key, settings[t].batch_size)]
    chosen = sorted({p.target for p in previews})
    return Forecast(
        tuple(previews),
        tuple(activations(connection, chosen)),
        tuple(excesses(previews, limits)),
        sum(p.calls for p in previews),
        max((_seconds(connection, t, previews, settings[t]) for t in chosen), default=0.0),
    )


def preview(
    connection: Connection,
    target: str,
    resources: Sequence[str] = (),
    key: Key = (),
    batch_size: int = TargetSettings.batch_size,
) -> list[Preview]:
    """Counts for each resource that has a view (no resources: all of them). Writes nothing, calls nothing.

    key: a key or the beginning of one; () is every row.
    """
    views = read_views(connection, target)
    fates: dict[str, Fates] = {}
    found = []
    for name, view in views.items():
        wanted = name in resources or not resources
        if wanted or not view.resource.parents:  # whom a person decides about decides about what hangs below
            seen, fates[name] = _preview(connection, views, view, key if wanted else (), batch_size, fates)
            found += [seen] if wanted else []
    return found


def _preview(
    connection: Connection,
    views: dict[str, View],
    view: View,
    key: Key,
    batch_size: int,
    fates: Mapping[str, Fates],
) -> tuple[Preview, Fates]:
    columns = view.resource.key[: len(key)]
    query = sql.SQL(sqlfiles.read("register/preview.sql")).format(
        **compose.common(view, "d"),
        refined=_refined(view, fates),
        has_parents=_all(_has_parent(view, p, views.get(p.resource), fates) for p in view.resource.parents),
        parents_stay=_all(_stays(view, p, views.get(p.resource)) for p in view.resource.parents),
        batch_size=sql.Literal(batch_size),
        view_match=compose.match_view(view, columns, exactly=False),
        key_match=sql.SQL("m.key[:{}] = %(key)s").format(len(key)) if key else sql.SQL("true"),
    )
    parameters = {"key": list(key), **{f"p{i}": [value] for i, value in enumerate(key)}}
    with connection.cursor(row_factory=namedtuple_row) as cursor:
        row: Any = cursor.execute(query, parameters).fetchone()
    name = view.resource.name
    work = Work(name, row.creates, row.updates, row.alone, row.in_doubt, row.batches, row.pairs, row.unnumbered)
    counts = (row.creates, row.updates, row.removals, row.not_ready, row.held, row.unchanged, row.in_cloud)
    return Preview(view.target, name, *counts, calls(work)), Fates(row.holds, row.leaves, row.moves)


def _refined(view: View, fates: Mapping[str, Fates]) -> sql.Composable:
    """A user is more than his row: his e-mail may be somebody else's. With his account his access moves."""
    if view.resource.name != "users":
        moves = fates["users"].moves if view.resource.key[0] == "user_code" and "users" in fates else {}
        return sql.SQL(sqlfiles.read("register/preview_others.sql")).format(moves=sql.Literal(json.dumps(moves)))
    return sql.SQL(sqlfiles.read("register/preview_users.sql")).format(**compose.common(view, "d"))


def _all(conditions: Iterable[sql.Composable]) -> sql.Composable:
    return sql.SQL(" AND ").join([sql.SQL("true"), *conditions])


def _has_parent(view: View, parent: Parent, parents: View | None, fates: Mapping[str, Fates]) -> sql.Composable:
    """Is the parent of row d in the cloud, or about to be?"""
    if parents is None:
        return sql.SQL("false")
    fate = fates[parent.resource]
    return sql.SQL(sqlfiles.read("register/has_parent.sql")).format(
        **compose.common(parents, "d"),
        parent_key=compose.parent_key(view, parent, "d"),
        holds=sql.Literal(fate.holds),
        leaves=sql.Literal([*fate.leaves, *sorted(fate.moves.keys() - fate.moves.values())]),
    )


def _stays(view: View, parent: Parent, parents: View | None) -> sql.Composable:
    """Is the parent of row d in its view? Where it is not, its removal takes the row along."""
    if parents is None:
        return sql.SQL("false")
    return sql.SQL(sqlfiles.read("register/parent_stays.sql")).format(
        **compose.common(parents, "d"), parent_key=compose.parent_key(view, parent, "d")
    )


def activations(connection: Connection, targets: Sequence[str]) -> list[Activation]:
    """Of these targets those that are not active yet."""
    found = []
    for target in targets:
        row = connection.execute(sqlfiles.read("register/count_waiting.sql"), {"target": target}).fetchone()
        if row and not row[0]:
            found.append(Activation(target, row[1]))
    return found


def _seconds(connection: Connection, target: str, previews: Sequence[Preview], settings: TargetSettings) -> float:
    """Of one target; they work beside each other."""
    row = connection.execute(sqlfiles.read("register/known_rate.sql"), {"target": target}).fetchone()
    number = sum(p.calls for p in previews if p.target == target)
    return seconds(number, settings.concurrency, Pace(*row) if row else Pace())


def excesses(previews: Sequence[Preview], limits: Limits) -> list[Excess]:
    """What a person has to agree to: what would trip a brake, were it not confirmed."""
    return [excess for p in previews for excess in _excesses(p, limits)]


def _excesses(p: Preview, limits: Limits) -> list[Excess]:
    found = []
    if p.resource in REMOVALS and trips(p.resource, "remove", p.removals, p.in_cloud, limits):
        limit = limits.most(p.resource, "remove", p.in_cloud)
        if p.removals > limit:
            found.append(Excess(p.target, p.resource, "removals", p.removals, limit))
        else:
            found.append(Excess(p.target, p.resource, "everything", p.removals, p.in_cloud - 1))
    if p.resource == "users" or p.resource in GRANTS:
        limit = limits.most(p.resource, "create", p.in_cloud)
        if p.creates > limit:
            what = "invitations" if p.resource == "users" else "grants"
            found.append(Excess(p.target, p.resource, what, p.creates, limit))
    return found
