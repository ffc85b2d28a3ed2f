"""Random writes on the tables of a schema. All of it follows from the draws of `random`."""

from __future__ import annotations

from random import Random

from tests.capture.schemas import Schema

PLAIN = {"insert": 6.0, "upsert": 2, "update": 5, "delete": 2, "merge": 1, "move": 1}
STATEMENTS = PLAIN | {"copy": 1.5, "truncate": 0.2, "savepoint": 1, "block": 0.5}
"""How often each; some fail by a duplicate key or a missing parent, which is as good as any other."""


class StatementMaker:
    def __init__(self, random: Random, schema: Schema) -> None:
        self.random = random
        self.schema = schema

    def statement(self) -> str:
        """`copy` is a COPY FROM STDIN and, after `;` and a line break, its lines. `savepoint` wants a transaction."""
        kind = self._pick(STATEMENTS)
        if kind == "savepoint":
            end = self.random.choice(("ROLLBACK TO", "ROLLBACK TO", "RELEASE"))
            return f"SAVEPOINT tried; {self._plain()}; {end} SAVEPOINT tried; {self._plain()}"
        if kind == "block":
            return f"DO $do$ BEGIN {self._plain()}; END $do$"
        if kind == "truncate":
            cascade = " CASCADE" if self.schema.references else ""
            return f"TRUNCATE {self.schema.table(self._table())}{cascade}"
        if kind == "copy":
            return self._copy(self._table())
        return self._plain()

    def _plain(self) -> str:
        kind, table = self._pick(PLAIN), self._table()
        return str(getattr(self, f"_{kind}")(table))

    def _pick(self, weights: dict[str, float]) -> str:
        return self.random.choices(list(weights), list(weights.values()))[0]

    # -- parts

    def _table(self) -> str:
        """Those that others refer to more often: without their rows the others stay empty."""
        parents = ["p", "p", "q"] if self.schema.references else []
        return self.random.choice(self.schema.written + parents)

    def _target(self, table: str) -> str:
        """The table, or a view through which it is written."""
        through = table in self.schema.keys and self.random.random() < 0.15
        return self.schema.through(table) if through else self.schema.table(table)

    def _name(self, columns: str) -> str:
        return ", ".join(map(self.schema.name, columns))

    def _value(self) -> str:
        return self.random.choice((*self.schema.kind.values * 3, "NULL"))

    def _where(self, alias: str = "") -> str:
        return f"{alias}{self._name(self.random.choice('abcd'))} = {self.random.choice(self.schema.kind.values)}"

    def _rows(self, columns: str) -> list[list[str]]:
        return [[self._value() for _ in columns] for _ in range(self.random.choice((1, 1, 2, 3)))]

    # -- statements

    def _insert(self, table: str) -> str:
        columns = self.schema.writable(table)
        rows = ", ".join(f"({', '.join(row)})" for row in self._rows(columns))
        text = f"INSERT INTO {self._target(table)} AS was ({self._name(columns)}) VALUES {rows}"
        return text + self.random.choice(("", " ON CONFLICT DO NOTHING"))

    def _upsert(self, table: str) -> str:
        text, key = self._insert(table).removesuffix(" ON CONFLICT DO NOTHING"), self.schema.keys[table[0]]
        if not key or (self.schema.shape == "inherited" and table not in self.schema.keys):
            return text
        changed = self.schema.name(self.random.choice([c for c in self.schema.writable(table) if c not in key]))
        where = f" WHERE {self._where('was.')}" if self.random.random() < 0.3 else ""
        value = self.random.choice((f"excluded.{changed}", self._value()))
        return f"{text} ON CONFLICT ({self._name(key)}) DO UPDATE SET {changed} = {value}{where}"

    def _copy(self, table: str) -> str:
        columns = self.schema.writable(table)
        lines = (
            "\t".join(r"\N" if value == "NULL" else value.strip("'") for value in row) for row in self._rows(columns)
        )
        return f"COPY {self.schema.table(table)} ({self._name(columns)}) FROM STDIN;\n" + "\n".join(lines)

    def _update(self, table: str) -> str:
        column, other = map(self._name, self.random.sample(self.schema.writable(table), 2))
        text, where = f"UPDATE {self._target(table)} AS was SET {column} =", self._where("was.")
        if self.random.random() < 0.15:
            again = self.schema.table(self._table())
            return f"{text} other.{other} FROM {again} AS other WHERE {where} AND other.{column} = was.{other}"
        return f"{text} {self.random.choice((self._value(), f'was.{other}'))} WHERE {where}"

    def _delete(self, table: str) -> str:
        return f"DELETE FROM {self._target(table)} WHERE {self._where()}"

    def _move(self, table: str) -> str:
        columns = self.schema.writable(table)
        into = self.random.choice([t for t in self.schema.written if self.schema.writable(t) == columns])
        return (
            f"WITH gone AS (DELETE FROM {self._target(table)} WHERE {self._where()} RETURNING {self._name(columns)})"
            f" INSERT INTO {self._target(into)} ({self._name(columns)}) SELECT * FROM gone"
        )

    def _merge(self, table: str) -> str:
        columns, types = self.schema.writable(table), self.schema.kind.types
        n = [self.schema.name(c) for c in columns]
        values = ", ".join(
            f"{self.random.choice(self.schema.kind.values)}::{types['abcd'.index(c)].split(' COLLATE')[0]}"
            for c in columns
        )
        key = map(self.schema.name, self.schema.keys[table[0]] or "a")
        actions = [
            f" WHEN MATCHED AND t.{n[2]} = {self.schema.kind.values[0]} THEN DELETE",
            f" WHEN MATCHED THEN UPDATE SET {self.random.choice(n)} = {self._value()}",
            f" WHEN NOT MATCHED THEN INSERT ({', '.join(n)}) VALUES ({', '.join(f'n.{c}' for c in n)})",
        ]
        first = self.random.choice((0, 1))
        return (
            f"MERGE INTO {self.schema.table(table)} AS t USING (VALUES ({values})) AS n ({', '.join(n)})"
            f" ON {' AND '.join(f't.{k} = n.{k}' for k in key)}"
            f"{''.join(actions[first : self.random.choice((2, 3))])}"
        )
