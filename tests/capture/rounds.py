"""One random round: a schema, a view, concurrent transactions, and a relay of a few lines that looks at what is named.

All of it is drawn beforehand (Script), then played (Round). The relay's mirror must in the end be the view. It
follows, matches and reads at any time in between, so that a key that is named too early, or not at all, leaves an old
document in the mirror.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

import psycopg

from outbox import install
from outbox.errors import ViewRefused
from tests.capture import covering
from tests.capture.covering import Connection, Key, Named, Snapshot
from tests.capture.grammar import ONE_OF_SEVERAL, ViewMaker
from tests.capture.schemas import Kind, Schema, draw_schema
from tests.capture.statements import StatementMaker

TARGET, RESOURCE = "visma_net", "cost_centres"
WRITERS = 3
# A type that does not fit, a collation that is not clear: not a view that anybody has.
NO_VIEW = (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError, ViewRefused)
# One that joins everything with everything takes too long; one with a recursion over citext cannot be planned, and with
# some outer joins PostgreSQL loses its way ("no relation entry for relid").
UNREADABLE = (psycopg.errors.QueryCanceled, psycopg.errors.FeatureNotSupported, psycopg.errors.InternalError_)
# Of statements: a duplicate, twice the same row by ON CONFLICT, 1.0 copied into an integer, another writer's lock.
FAILS = (
    psycopg.errors.IntegrityError,
    psycopg.errors.CardinalityViolation,
    psycopg.errors.InvalidTextRepresentation,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.SerializationFailure,
)


@dataclass(frozen=True)
class Step:
    """what: begin, run, end (by a writer), expand, look (by the relay). number: of the writer, or a seed."""

    what: str
    number: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.number}: {self.text}"


@dataclass(frozen=True)
class Script:
    """used: the kinds of SQL in the view. first: what is in the tables before it starts."""

    schema: Schema
    views: tuple[str, ...]
    used: frozenset[str]
    first: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def blurred(self) -> bool:
        """May the view show other values, equal to those of before, when none of its columns changed?"""
        return self.schema.kind.blurred and not self.used.isdisjoint(ONE_OF_SEVERAL)

    def __str__(self) -> str:
        return ";\n".join([self.schema.ddl(), *self.views, *self.first, *map(str, self.steps)])


def draw_script(random: Random, kinds: dict[str, Kind], wanted: str | None = None, transactions: int = 8) -> Script:
    schema = draw_schema(random, kinds)
    maker = ViewMaker(random, schema, wanted)
    views = maker.view()
    statements = StatementMaker(random, schema)
    first = [statements.statement() for _ in range(random.choice((5, 15)))]
    steps = _draw_steps(random, statements, transactions)
    return Script(schema, tuple(views), frozenset(maker.used), tuple(first), tuple(steps))


def _draw_steps(random: Random, statements: StatementMaker, transactions: int) -> list[Step]:
    """Transactions of up to three statements, as many at once as there are writers, and the relay between them."""
    steps: list[Step] = []
    left: dict[int, int] = {}
    begun = 0
    while begun < transactions or left:
        number = random.randrange(WRITERS) if begun < transactions else random.choice(sorted(left))
        if number not in left:
            begun += 1
            left[number] = random.choice((1, 1, 2, 3))
            steps.append(Step("begin", number, random.choice(("READ COMMITTED", "READ COMMITTED", "REPEATABLE READ"))))
        text = statements.statement()
        steps.append(Step("run", number, text))
        left[number] -= 1
        if not left[number] or text.startswith("TRUNCATE"):  # which keeps readers out
            del left[number]
            steps.append(Step("end", number, random.choice(("COMMIT", "COMMIT", "COMMIT", "COMMIT", "ROLLBACK"))))
        for _ in range(random.choice((0, 0, 1, 2))):
            steps.append(Step(random.choice(("expand", "look")), random.randrange(1000)))
    return steps


class Exactness(NamedTuple):
    """Of transactions: how many, keys in the view before or after, those whose rows changed, those that were named."""

    transactions: int = 0
    keys: int = 0
    changed: int = 0
    named: int = 0

    def __add__(self, other: Exactness) -> Exactness:  # type: ignore[override]
        return Exactness(*(a + b for a, b in zip(self, other, strict=True)))

    def __str__(self) -> str:
        needless = self.named - self.changed
        share = needless / max(self.keys, 1)
        return f"{self.transactions:>12} {self.keys:>7} {self.changed:>8} {needless:>11} {share:>12.0%}"


def run(connection: Connection, text: str) -> None:
    """A statement that fails is undone alone, as by an application with a savepoint."""
    try:
        with connection.transaction(), connection.cursor() as cursor:
            if not text.startswith("COPY"):
                cursor.execute(text.encode())
                return
            command, _, lines = text.partition(";\n")
            with cursor.copy(command.encode()) as copy:
                copy.write(lines)
    except FAILS:
        pass


@dataclass
class Round:
    """writers: connections beside the one that installs and looks. figures, exactness (by kind of SQL in the view): of
    all rounds together. view: after the last transaction that ended; ended: messages of these.
    """

    connection: Connection
    writers: list[Connection]
    figures: Counter[str] = field(default_factory=Counter)
    exactness: dict[str, Exactness] | None = None
    view: Snapshot = field(default_factory=dict)
    mirror: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    to_look_at: set[Key] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    ended: set[int] = field(default_factory=set)

    def play(self, script: Script) -> None:
        """Fails where the mirror ends otherwise than the view. A view that the server does not take is left alone."""
        try:
            self._install(script)
        except (*NO_VIEW, psycopg.errors.QueryCanceled) as e:  # the latter on a busy machine
            self.figures[f"no view: {type(e).__name__}"] += 1
            return
        try:
            self._play(script)
        except UNREADABLE as e:
            self.figures[f"unreadable: {type(e).__name__}"] += 1
        finally:
            for writer in self.writers:
                writer.rollback()

    def _play(self, script: Script) -> None:
        for text in script.first:
            run(self.connection, text)
        self.connection.execute("DELETE FROM outbox.message")
        self.view = self._view()
        self.mirror = dict(self.view)
        for step in script.steps:
            self._step(step, script)
        self._catch_up(script)

    def _install(self, script: Script) -> None:
        for text in ("DROP SCHEMA IF EXISTS visma_net CASCADE; CREATE SCHEMA visma_net", script.schema.drop()):
            self.connection.execute(text.encode())
        for text in (script.schema.ddl(), *script.views):
            self.connection.execute(text.encode())
        plan = install.plan(self.connection)
        install.apply(self.connection, plan)
        self.figures["views"] += 1
        if any(" rechecks every row " in n for n in plan.notes):
            self.figures["views in which a table names every row"] += 1

    def _step(self, step: Step, script: Script) -> None:
        if step.what == "expand":
            self._expand_some(Random(step.number))
        elif step.what == "look":
            self._look_at_some(Random(step.number))
        elif step.what == "begin":
            self.writers[step.number].execute(f"BEGIN ISOLATION LEVEL {step.text}".encode())
        elif step.what == "run":
            run(self.writers[step.number], step.text)
        else:
            self._end(self.writers[step.number], step.text, script)

    # -- the application

    def _end(self, writer: Connection, how: str, script: Script) -> None:
        """What it changed it named, if that were expanded at once; later messages might hide what is missing."""
        before = self.view
        writer.execute(how.encode())
        after = self.view = self._view()
        changed = covering.changed_keys(before, after)
        found = self._messages(self.ended)
        self.ended |= {id_ for id_, _ in found}
        named = [n for _, each in found for n in each]
        missed = covering.uncovered(changed, named)
        assert not missed or script.blurred, f"{missed} changed unseen by {how} of that transaction"
        if self.exactness is not None:
            keys = [k for k in before.keys() | after.keys() if None not in k]
            count = sum(any(n.covers(k) for n in named) for k in keys)
            for kind in ("all", *script.used):
                self.exactness[kind] += Exactness(1, len(keys), len(changed), count)

    # -- the relay

    def _expand_some(self, random: Random) -> None:
        found = [m for m in self._messages(self.taken) if random.random() < 0.6]
        keys = self._view().keys() | self.mirror.keys() | self.to_look_at
        for id_, named in found:
            self.taken.add(id_)
            self.to_look_at |= {k for k in keys if None not in k and any(n.covers(k) for n in named)}
            self.to_look_at |= {k for n in named if (k := n.full_key(2))}

    def _look_at_some(self, random: Random) -> None:
        self._look_at({k for k in sorted(self.to_look_at, key=str) if random.random() < 0.6})

    def _look_at(self, keys: set[Key]) -> None:
        view = self._view()
        for key in keys:
            self.mirror.pop(key, None)
            if key in view:
                self.mirror[key] = view[key]
        self.to_look_at -= keys

    def _catch_up(self, script: Script) -> None:
        found = self._messages(self.taken)
        keys = self._view().keys() | self.mirror.keys() | self.to_look_at
        named = [n for _, each in found for n in each]
        self._look_at({k for k in keys if k in self.to_look_at or any(n.covers(k) for n in named)})
        mirror, view = (covering.blurred(s) if script.blurred else s for s in (self.mirror, self._view()))
        wrong = covering.changed_keys(mirror, view)
        assert not wrong, f"{wrong} changed unseen"
        drift = self.connection.execute("SELECT count(*) FROM outbox.message WHERE operation = 'DRIFT'").fetchone()
        assert drift == (0,), "a capture function failed"

    def _view(self) -> Snapshot:
        return covering.read_view(self.connection, TARGET, RESOURCE)

    def _messages(self, without: set[int]) -> list[tuple[int, list[Named]]]:
        return covering.messages(self.connection, TARGET, RESOURCE, without)
