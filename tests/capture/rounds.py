"""One random round: a schema, a view, concurrent transactions, and a relay of a few lines that looks at what is named.

The relay's mirror must in the end be the view. It follows, matches and reads at any time in between, so that a key
that is named too early, or not at all, leaves an old document in the mirror.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import psycopg

from outbox import install
from outbox.errors import ViewRefused
from tests.capture import covering
from tests.capture.covering import Connection, Key, Named, Snapshot
from tests.capture.grammar import ViewMaker
from tests.capture.schemas import Kind, Schema, draw_schema, statement

TARGET, RESOURCE = "visma_net", "cost_centres"
# A type that does not fit, a collation that is not clear: not a view that anybody has.
NO_VIEW = (psycopg.ProgrammingError, psycopg.DataError, psycopg.NotSupportedError)


@dataclass
class Round:
    """writers: connections beside the one that installs and looks."""

    connection: Connection
    writers: list[Connection]
    random: Random
    figures: Counter[str] = field(default_factory=Counter)
    log: list[str] = field(default_factory=list)
    mirror: dict[Key, tuple[str, ...]] = field(default_factory=dict)
    to_look_at: set[Key] = field(default_factory=set)
    taken: set[int] = field(default_factory=set)
    measuring: bool = False
    measured: set[int] = field(default_factory=set)

    def play(self, kinds: dict[str, Kind], transactions: int = 8, wanted: str | None = None) -> bool:
        """Answers False where the draws did not make a view."""
        schema = draw_schema(self.random, kinds)
        maker = ViewMaker(self.random, schema, wanted)
        if not self._install(schema, maker.view()):
            return False
        self._count_views(maker)
        for _ in range(25):
            self._run(self.connection, statement(schema, self.random))
        self.connection.execute("DELETE FROM outbox.message")
        self.mirror = self._view()
        self._write(schema, transactions)
        self._catch_up()
        return True

    def _install(self, schema: Schema, views: list[str]) -> bool:
        self._ddl("DROP SCHEMA IF EXISTS visma_net CASCADE; " + schema.drop())
        self._ddl(schema.ddl())
        self._ddl("CREATE SCHEMA visma_net")
        try:
            for view in views:
                self._ddl(view)
            self.plan = install.plan(self.connection)
        except (*NO_VIEW, ViewRefused) as e:
            self.figures[f"no view: {type(e).__name__}"] += 1
            return False
        install.apply(self.connection, self.plan)
        return True

    def _ddl(self, text: str) -> None:
        self.log.append(text)
        self.connection.execute(text.encode())

    def _count_views(self, maker: ViewMaker) -> None:
        self.used = sorted(maker.used)
        self.figures["views"] += 1
        self.figures["views in which a table names every row"] += any(
            " rechecks every row " in n for n in self.plan.notes
        )

    # -- the application

    def _write(self, schema: Schema, transactions: int) -> None:
        """Transactions of up to three statements, as many at once as there are writers."""
        left = dict.fromkeys(range(len(self.writers)), 0)
        begun = 0
        while begun < transactions or any(left.values()):
            number = self.random.choice(list(left))
            writer = self.writers[number]
            if not left[number]:
                if begun == transactions:
                    left.pop(number)
                    continue
                begun += 1
                level = self.random.choice(("READ COMMITTED", "READ COMMITTED", "REPEATABLE READ"))
                writer.execute(f"BEGIN ISOLATION LEVEL {level}".encode())
                left[number] = self.random.choice((1, 1, 2, 3))
            text = statement(schema, self.random)
            self.log.append(f"{number}: {text}")
            alive = self._run(writer, text) and not text.startswith("TRUNCATE")  # which keeps readers out
            left[number] = left[number] - 1 if alive else 0
            if not left[number]:
                self._end(writer, number)
            self._relay()

    def _run(self, connection: Connection, text: str) -> bool:
        """A statement that fails is undone alone, as by an application with a savepoint. False: start again."""
        try:
            with connection.transaction():
                connection.execute(text.encode())
        except psycopg.errors.SerializationFailure:
            return False
        except (psycopg.errors.IntegrityError, psycopg.errors.LockNotAvailable) as e:
            self.log.append(f"   fails: {type(e).__name__}")
        return True

    def _end(self, writer: Connection, number: int) -> None:
        end = self.random.choice(("COMMIT", "COMMIT", "COMMIT", "COMMIT", "ROLLBACK"))
        self.log.append(f"{number}: {end}")
        before = self._view() if self.measuring else {}
        writer.execute(end.encode())
        if self.measuring:
            self._measure(before, self._view())

    def _measure(self, before: Snapshot, after: Snapshot) -> None:
        """How much of what is named was for nothing, if it were expanded at once."""
        changed = covering.changed_keys(before, after)
        found = self._messages(self.measured)
        self.measured |= {id_ for id_, _, _ in found}
        named = [n for _, _, each in found for n in each]
        count = sum(any(n.covers(k) for n in named) for k in before.keys() | after.keys() if None not in k)
        self.figures["changed"] += len(changed)
        self.figures["named"] += count
        for kind in self.used:
            self.figures[f"changed: {kind}"] += len(changed)
            self.figures[f"named: {kind}"] += count

    # -- the relay

    def _relay(self) -> None:
        """Perhaps a step or two."""
        for _ in range(self.random.choice((0, 0, 1, 2))):
            self.random.choice((self._expand_some, self._look_at_some))()

    def _expand_some(self) -> None:
        found = [m for m in self._messages(self.taken) if self.random.random() < 0.6]
        keys = self._view().keys() | self.mirror.keys() | self.to_look_at
        for id_, _, named in found:
            self.taken.add(id_)
            self.to_look_at |= {k for k in keys if None not in k and any(n.covers(k) for n in named)}
            self.to_look_at |= {k for n in named if (k := n.full_key(2))}

    def _look_at_some(self) -> None:
        some = {k for k in sorted(self.to_look_at) if self.random.random() < 0.6}
        self._look_at(some)

    def _look_at(self, keys: set[Key]) -> None:
        view = self._view()
        for key in keys:
            self.mirror.pop(key, None)
            if key in view:
                self.mirror[key] = view[key]
        self.to_look_at -= keys

    def _catch_up(self) -> None:
        found = self._messages(self.taken)
        keys = self._view().keys() | self.mirror.keys() | self.to_look_at
        named = [n for _, _, each in found for n in each]
        self._look_at({k for k in keys if k in self.to_look_at or any(n.covers(k) for n in named)})
        view = {k: v for k, v in self._view().items() if None not in k}
        mirror = {k: v for k, v in self.mirror.items() if None not in k}
        wrong = {k for k in view.keys() | mirror.keys() if view.get(k) != mirror.get(k)}
        assert not wrong, f"{wrong} changed unseen"
        drift = self.connection.execute("SELECT count(*) FROM outbox.message WHERE operation = 'DRIFT'").fetchone()
        assert drift == (0,), "a capture function failed"

    def _view(self) -> Snapshot:
        return covering.read_view(self.connection, TARGET, RESOURCE)

    def _messages(self, without: set[int]) -> list[tuple[int, Any, list[Named]]]:
        return covering.messages(self.connection, TARGET, RESOURCE, without)
