"""Why a key is not in a view: each condition of each branch, asked of the database for this key. Reads only.

A branch is put together table by table, the ones that the key names first. A condition is asked with all that was true
before it, so "no" means: of the rows that are left, none fulfils it. What depends on a row that is not there is not
asked: nobody could say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from sqlglot import exp

from outbox.capture.catalogue import pin_settings, read_catalogue, with_definitions
from outbox.capture.levels import NotUnderstood
from outbox.capture.membership import Condition, Part, Source, read_parts
from outbox.database import pin
from outbox.relay.compose import View

TIMEOUT_S = 5
_AROUND = (exp.Where, exp.Not, exp.And, type(None))  # where a comparison needs no parentheses


@dataclass(frozen=True)
class Checked:
    """holds: None, it cannot be said. table, column, value: the condition asks for such a row, else sql says it."""

    sql: str
    holds: bool | None
    table: str | None = None
    column: str | None = None
    value: str | None = None


@dataclass(frozen=True)
class Branch:
    """unexamined: what else may take the row away."""

    tables: tuple[str, ...]
    conditions: tuple[Checked, ...]
    unexamined: tuple[str, ...] = ()

    @property
    def failing(self) -> list[Checked]:
        return [c for c in self.conditions if c.holds is False]

    @property
    def distance(self) -> int:
        """How far the key is from being in the view by this branch."""
        return sum(c.holds is not True for c in self.conditions)


@dataclass(frozen=True)
class Absence:
    """why_not: the reason that the view is not examined, and then there are no branches."""

    branches: tuple[Branch, ...] = ()
    why_not: str | None = None

    @property
    def nearest(self) -> Branch | None:
        return min(self.branches, key=lambda b: b.distance, default=None)


def examine(connection: psycopg.Connection[Any], view: View, key: Sequence[str]) -> Absence:
    """Why the view has no row of this key. Wants a connection in no transaction."""
    try:
        with connection.transaction():
            pin(connection, {"transaction_read_only": "on", "statement_timeout": f"{TIMEOUT_S}s"})
            pin_settings(connection)
            catalogue = with_definitions(connection, read_catalogue(connection))
            relation = catalogue.named(view.target, view.resource.name)
            if relation is None:
                return Absence(why_not="it is gone")
            types = [view.types[k] for k in view.resource.key]
            parts = read_parts(catalogue, relation, view.resource.key)
            return Absence(tuple(_Asker(connection, p, key, types).branch() for p in parts))
    except NotUnderstood as e:
        return Absence(why_not=str(e))
    except psycopg.errors.QueryCanceled:
        return Absence(why_not=f"a condition took longer than {TIMEOUT_S} s")
    except psycopg.Error as e:  # of a value that is none of the column's type, or of SQL that we wrote anew and wrongly
        return Absence(why_not=" ".join((e.diag.message_primary or type(e).__name__).split()))


@dataclass
class _Asker:
    connection: psycopg.Connection[Any]
    part: Part
    key: Sequence[str]
    types: Sequence[str]
    bound: list[Source] = field(default_factory=list)
    held: list[tuple[frozenset[str], exp.Expr]] = field(default_factory=list)
    lost: set[str] = field(default_factory=set)
    answers: dict[int, bool | None] = field(default_factory=dict)

    def branch(self) -> Branch:
        self._ask_ready()
        wanted = self._wanted()
        left = [s for s in self.part.sources if s.outer is None or s.alias in wanted]
        while left:
            source = min(left, key=self._order)
            left.remove(source)
            self.bound.append(source)
            self._ask_ready(source)
        conditions = [self._checked(i, c) for i, c in enumerate(self.part.conditions)]
        tables = tuple(dict.fromkeys(s.name for s in self.part.sources))
        return Branch(tables, tuple(conditions), self.part.unexamined)

    def _wanted(self) -> set[str]:
        """A LEFT JOIN matters only where a condition, or another one that matters, looks at what it brought."""
        wanted = {alias for c in self.part.conditions for alias in c.needs}
        for source in reversed(self.part.sources):
            if source.alias in wanted:
                wanted |= source.leans_on
        return wanted

    def _order(self, source: Source) -> tuple[int, int]:
        """First what the key names, then what hangs on what is there already; what is joined from the left last."""
        there = {s.alias for s in self.bound} | {source.alias}
        mine = [c for c in self.part.conditions if source.alias in c.needs and c.needs <= there and c.ties]
        rank = 3 if source.outer is not None else min((0 if c.key is not None else 1 for c in mine), default=2)
        return rank, self.part.sources.index(source)

    def _ask_ready(self, added: Source | None = None) -> None:
        there = {s.alias for s in self.bound}
        if added and added.leans_on & self.lost:
            self.lost.add(added.alias)
        ready = [i for i, c in enumerate(self.part.conditions) if i not in self.answers and c.needs <= there]
        ready.sort(key=lambda i: (self.part.conditions[i].key is None, not self.part.conditions[i].ties))
        ties = [i for i in ready if self.part.conditions[i].ties]
        for i in ties:
            self.answers[i] = self._ask(self.part.conditions[i])
            if added and self.part.conditions[i].key is not None and not self.answers[i]:
                self.lost.add(added.alias)  # the key names a row that is not there
        answers = [self.answers[i] for i in ties]
        if added and added.outer is None and answers and (None in answers or True not in answers):
            self.lost.add(added.alias)
        for i in ready:
            if i not in ties:
                self.answers[i] = self._ask(self.part.conditions[i])

    def _ask(self, condition: Condition) -> bool | None:
        if condition.needs & self.lost:
            return None
        node = self._filled(condition)
        query = exp.select("1").where(*(n for needs, n in self.held if not needs & self.lost), node)
        for source in [s for s in self.bound if s.alias not in self.lost]:
            if source.outer is not None:
                query = query.join(source.item.copy(), on=source.outer.copy(), join_type="LEFT")
            elif query.args.get("from_"):
                query = query.join(source.item.copy(), join_type="CROSS")
            else:
                query = query.from_(source.item.copy())
        asked = exp.select(exp.Exists(this=query))
        if self.part.queries is not None:
            asked.set("with_", self.part.queries.copy())
        row = self.connection.execute(asked.sql(dialect="postgres").encode()).fetchone()
        holds = bool(row and row[0])
        if holds:
            self.held.append((condition.needs, node))
        return holds

    def _filled(self, condition: Condition) -> exp.Expr:
        """With the value of the key in it, natively typed so that an index serves."""
        node = condition.node.copy()
        if condition.key is None:
            return node
        value = exp.Cast(this=exp.Literal.string(self.key[condition.key]), to=_type(self.types[condition.key]))
        return exp.EQ(this=exp.paren(node), expression=value)

    def _checked(self, number: int, condition: Condition) -> Checked:
        holds = self.answers.get(number)
        if condition.key is None:
            return Checked(self._shown(condition.node), holds)
        value = self.key[condition.key]
        text = f"{self._shown(condition.node)} = '{value}'"
        if condition.column is None or len(condition.needs) != 1:
            return Checked(text, holds)
        return Checked(text, holds, self.part.source(next(iter(condition.needs))).name, condition.column, value)

    def _shown(self, node: exp.Expr) -> str:
        """As a person reads it: tables by their names where these are clear, no casts of constants to text."""
        names = [s.name.rpartition(".")[2] for s in self.part.sources]
        called = {s.alias: n if names.count(n) == 1 else s.alias for s, n in zip(self.part.sources, names, strict=True)}

        def plain(n: exp.Expr) -> exp.Expr:
            if isinstance(n, exp.Column) and n.table in called:
                return exp.column(n.name, called[n.table])
            if isinstance(n, exp.Cast) and n.is_type("text") and isinstance(n.this, (exp.Literal, exp.Column)):
                return n.this
            if isinstance(n, exp.Paren) and isinstance(n.this, exp.Predicate) and isinstance(n.parent, _AROUND):
                return n.this
            return n

        shown = before = ""
        while not shown or shown != before:  # what was replaced is not looked into
            node = node.copy().transform(plain)
            shown, before = node.sql(dialect="postgres"), shown
        return shown


def _type(name: str) -> exp.DataType:
    return exp.DataType.build(name, dialect="postgres", udt=True)
