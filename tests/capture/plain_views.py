"""Random desired views over four small tables, and random statements on these. All of it follows from the seed."""

from __future__ import annotations

from random import Random

TABLES = {"p": "a", "q": "a", "r": "ab", "s": ""}
"""Name -> columns of the primary key. Each has columns a, b, c, d: text with few values, so that joins meet."""

VALUES = ("x", "y", "z")

SCHEMA = "CREATE SCHEMA src;\n" + "\n".join(
    f"CREATE TABLE src.{name} (a text, b text, c text, d text"
    + (f", PRIMARY KEY ({', '.join(key)})" if key else "")
    + ");"
    for name, key in TABLES.items()
)


class ViewMaker:
    """`columns` of a FROM item are written alias.column; all are text."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.aliases = 0

    def view(self) -> str:
        """A definition for visma_net.cost_centres."""
        query = self.query(4, self.random.choice((0, 0, 0, 1, 1, 2)))
        return (
            "SELECT v.c1 AS company_code, v.c2 AS cost_centre_code, v.c3 AS description, (v.c4 = 'x') AS active"
            f" FROM ({query}) AS v (c1, c2, c3, c4)"
        )

    def alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"

    def query(self, width: int, depth: int, outer: tuple[str, ...] = ()) -> str:
        """A query with `width` text columns; outer: columns of queries around it that it may use."""
        if depth and self.random.random() < 0.25:
            operation = self.random.choice(("UNION", "UNION ALL", "UNION", "EXCEPT", "INTERSECT", "EXCEPT ALL"))
            return f"({self.query(width, depth - 1, outer)}) {operation} ({self.query(width, depth - 1, outer)})"
        return self.select(width, depth, outer)

    def select(self, width: int, depth: int, outer: tuple[str, ...]) -> str:
        source, columns = self.source(depth, outer)
        shape = self.random.choices(
            ("plain", "distinct", "distinct on", "group", "window", "limit", "total", "with"),
            (12, 2, 2, 3, 2, 1, 0.5, 2 if depth else 0),
        )[0]
        where = self.where(columns, depth, outer)
        chosen = [self.column(columns, depth) for _ in range(width)]
        if shape == "distinct":
            return f"SELECT DISTINCT {', '.join(chosen)} FROM {source}{where}"
        if shape == "distinct on":
            on = self.random.sample(columns, k=min(len(columns), self.random.choice((1, 2))))
            chosen = [self.random.choice([*on, *columns]) for _ in range(width)]
            order = ", ".join([*on, *columns])
            return f"SELECT DISTINCT ON ({', '.join(on)}) {', '.join(chosen)} FROM {source}{where} ORDER BY {order}"
        if shape == "group":
            keys = self.random.sample(columns, k=min(len(columns), self.random.choice((1, 2, 3))))
            chosen = [
                self.random.choice(keys) if self.random.random() < 0.7 else f"max({self.random.choice(columns)})"
                for _ in range(width)
            ]
            having = f" HAVING count(*) > {self.random.choice((1, 2))}" if self.random.random() < 0.3 else ""
            return f"SELECT {', '.join(chosen)} FROM {source}{where} GROUP BY {', '.join(keys)}{having}"
        if shape == "window":
            by, order = self.random.choice(columns), ", ".join(columns)
            ranked = f"min({self.random.choice(columns)}) OVER (PARTITION BY {by} ORDER BY {order})"
            chosen = [*chosen[:-1], ranked] if width > 1 else [by]
            chosen[0] = by if self.random.random() < 0.7 else chosen[0]
            return f"SELECT {', '.join(chosen)} FROM {source}{where}"
        if shape == "limit":
            return f"SELECT {', '.join(chosen)} FROM {source}{where} ORDER BY {', '.join(columns)} LIMIT 2"
        if shape == "total":
            return f"SELECT {', '.join(f'max({c})' for c in chosen)} FROM {source}{where}"
        if shape == "with":
            name = self.alias()
            inner = self.query(2, depth - 1)
            extra = self.random.choice(columns)
            exists = self.random.choice(("EXISTS", "NOT EXISTS"))
            return (
                f"WITH {name} (w1, w2) AS ({inner}) SELECT {', '.join(chosen)} FROM {source}{where or ' WHERE true'}"
                f" AND {exists} (SELECT FROM {name} WHERE {name}.w1 = {extra})"
            )
        return f"SELECT {', '.join(chosen)} FROM {source}{where}"

    def source(self, depth: int, outer: tuple[str, ...]) -> tuple[str, list[str]]:
        """A FROM clause with its columns."""
        text, columns = self.item(depth)
        outer_joins = self.random.random() < 0.4
        for _ in range(self.random.choices((0, 1, 2), (1, 3, 5) if outer_joins else (3, 4, 2))[0]):
            weights = (2, 6, 2, 2, 2, 0, 0) if outer_joins else (6, 4, 1, 1, 0.5, 1, 0.5)
            kind = self.random.choices(
                ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LATERAL", ","), weights
            )[0]
            if kind == "LATERAL":
                alias = self.alias()
                inner = self.select(2, max(depth - 2, 0), (*columns, *outer))
                text = (
                    f"{text} {self.random.choice(('JOIN', 'LEFT JOIN'))} LATERAL ({inner}) AS {alias} (l1, l2) ON true"
                )
                columns = [*columns, f"{alias}.l1", f"{alias}.l2"]
                continue
            right, more = self.item(depth)
            if depth and self.random.random() < 0.2:
                right, more = self.nested(depth - 1)
            if kind in ("CROSS JOIN", ","):
                text = f"{text} {kind} {right}" if kind != "," else f"{text}, {right}"
                if kind == ",":
                    return text, [*columns, *more]
            else:
                same = self.random.choice(more)
                on = " AND ".join(
                    f"{self.random.choice(columns)} = {self.random.choice((same, self.random.choice(more)))}"
                    for _ in range(self.random.choices((1, 2), (2, 1))[0])
                )
                if kind != "FULL JOIN" and self.random.random() < 0.2:
                    on += f" AND {self.condition([*columns, *more], 0, ())}"
                text = f"{text} {kind} {right} ON {on}"
            columns = [*columns, *more]
        return text, columns

    def nested(self, depth: int) -> tuple[str, list[str]]:
        """A join in parentheses."""
        (left, columns), (right, more) = self.item(depth), self.item(depth)
        kind = self.random.choice(("JOIN", "LEFT JOIN", "FULL JOIN"))
        on = f"{self.random.choice(columns)} = {self.random.choice(more)}"
        return f"({left} {kind} {right} ON {on})", [*columns, *more]

    def item(self, depth: int) -> tuple[str, list[str]]:
        alias = self.alias()
        if depth and self.random.random() < 0.25:
            return f"({self.query(3, depth - 1)}) AS {alias} (s1, s2, s3)", [f"{alias}.s{n}" for n in (1, 2, 3)]
        name = self.random.choice(list(TABLES))
        return f"src.{name} AS {alias}", [f"{alias}.{c}" for c in "abcd"]

    def column(self, columns: list[str], depth: int) -> str:
        """What a SELECT shows: mostly a column, so that keys can be followed."""
        one, other = self.random.choice(columns), self.random.choice(columns)
        return self.random.choices(
            (
                one,
                f"coalesce({one}, {other})",
                f"CASE WHEN {self.condition(columns, 0, ())} THEN {one} END",
                "'x'::text",
                f"(SELECT max(u.b) FROM src.{self.random.choice(list(TABLES))} AS u WHERE u.c = {one})",
                f"CASE WHEN EXISTS (SELECT FROM src.q AS e WHERE e.d = {one}) THEN {other} END",
            ),
            (16, 1, 1, 0.5, 0.5, 0.5),
        )[0]

    def where(self, columns: list[str], depth: int, outer: tuple[str, ...]) -> str:
        conditions = [
            self.condition(columns, depth, outer) for _ in range(self.random.choices((0, 1, 2), (3, 3, 1))[0])
        ]
        if outer and self.random.random() < 0.8:
            conditions.append(f"{self.random.choice(columns)} = {self.random.choice(outer)}")
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def condition(self, columns: list[str], depth: int, outer: tuple[str, ...]) -> str:
        one, other = self.random.choice(columns), self.random.choice(columns)
        simple = [
            f"{one} = {other}",
            f"{one} = '{self.random.choice(VALUES)}'",
            f"{one} IN ('x', 'y')",
            f"{one} <> {other}",
            f"{one} IS NULL",
            f"{one} IS NOT NULL",
            f"({one} = {other} OR {one} = 'z')",
            f"NOT ({one} = {other})",
            f"{one} IS DISTINCT FROM {other}",
        ]
        if not depth or self.random.random() < 0.6:
            return self.random.choice(simple)
        sub = self.alias()
        table = f"src.{self.random.choice(list(TABLES))} AS {sub}"
        again = f"{sub}.{self.random.choice('abcd')}"
        return self.random.choice(
            [
                f"EXISTS ({self.select(1, depth - 1, tuple(columns))})",
                f"NOT EXISTS ({self.select(1, depth - 1, tuple(columns))})",
                f"{one} IN (SELECT {sub}.a FROM {table} WHERE {again} = {other})",
                f"{one} IN ({self.query(1, depth - 1, tuple(columns))})",
                f"{one} NOT IN (SELECT {again} FROM {table})",
                f"({one} = 'x' OR {one} IN (SELECT {again} FROM {table}))",
                f"({one}, {other}) IN (SELECT {sub}.a, {again} FROM {table})",
                f"{one} = (SELECT max({again}) FROM {table} WHERE {sub}.b = {other})",
            ]
        )


def statement(random: Random) -> str:
    """A random write; some fail by a duplicate key, which is as good as any other."""
    table = random.choice(list(TABLES))

    def value() -> str:
        return random.choice((*(f"'{v}'" for v in VALUES * 3), "NULL"))

    where = f"{random.choice('abcd')} = {random.choice([repr(v) for v in VALUES])}"
    kind = random.choices(("insert", "update", "delete", "truncate", "merge"), (6, 5, 2, 0.2, 1))[0]
    if kind == "insert":
        rows = ", ".join(f"({value()}, {value()}, {value()}, {value()})" for _ in range(random.choice((1, 1, 2, 3))))
        return f"INSERT INTO src.{table} VALUES {rows}" + (" ON CONFLICT DO NOTHING" if TABLES[table] else "")
    if kind == "update":
        column, other = random.sample("abcd", 2)
        changes = f"{column} = {random.choice((value(), other))}"
        return f"UPDATE src.{table} SET {changes} WHERE {where}"
    if kind == "delete":
        return f"DELETE FROM src.{table} WHERE {where}"
    if kind == "truncate":
        return f"TRUNCATE src.{table}"
    key = TABLES[table] or "a"
    on = " AND ".join(f"t.{k} = n.{k}" for k in key)
    return (
        f"MERGE INTO src.{table} AS t USING (VALUES ({value()}, {value()}, {value()}, {value()})) AS n (a, b, c, d)"
        f" ON {on} WHEN MATCHED AND t.c = 'x' THEN DELETE WHEN MATCHED THEN UPDATE SET d = n.d, c = n.c"
        " WHEN NOT MATCHED AND n.a IS NOT NULL AND n.b IS NOT NULL THEN INSERT VALUES (n.a, n.b, n.c, n.d)"
    )
