"""Random desired views over the tables of a schema. All of it follows from the draws of `random`."""

from __future__ import annotations

from random import Random

from tests.capture.schemas import Schema

SHAPES = {
    "plain": 12.0,
    "DISTINCT": 2,
    "DISTINCT ON": 2,
    "GROUP BY": 3,
    "window": 2,
    "LIMIT": 0.7,
    "total": 0.5,
    "WITH": 2,
    "WITH RECURSIVE": 0.5,
    "set-returning": 0.7,
}
"""What a SELECT is like, and how often."""

ITEMS = {"table": 10.0, "subquery": 2, "view": 1.5, "USING": 1.5, "NATURAL": 0.7, "VALUES": 0.7, "function": 0.5}
"""What stands in FROM."""


SET_OPERATIONS = {"UNION": 2.0, "UNION ALL": 1, "EXCEPT": 1, "INTERSECT": 1, "EXCEPT ALL": 1, "INTERSECT ALL": 0.5}


ONE_OF_SEVERAL = {*SHAPES, *SET_OPERATIONS, "scalar subquery"} - {"plain", "WITH", "set-returning", "UNION ALL"}
"""What shows one of several values that are equal, no matter which."""


class ViewMaker:
    """`columns` of a FROM item are written alias.column. used: which kinds of SQL the last view has."""

    def __init__(self, random: Random, schema: Schema, wanted: str | None = None) -> None:
        self.random = random
        self.schema = schema
        self.wanted = wanted
        self.aliases = 0
        self.views: list[str] = []
        self.used: set[str] = set()

    def view(self) -> list[str]:
        """Statements that make visma_net.cost_centres, and perhaps views that it reads."""
        for n in range(self.random.choice((0, 0, 1, 3))):  # each may read the ones before
            query = self.query(3, self.random.choice((0, 1)))
            name = f"{self.schema.schema}.view_{n}"
            self.views.append(f"CREATE VIEW {name} (s1, s2, s3) AS {query}")
        query = self.query(4, self.random.choice((0, 0, 0, 1, 1, 2)))
        first = self.schema.kind.typed[0]
        last = (
            "CREATE VIEW visma_net.cost_centres AS"
            f" SELECT v.c1 AS company_code, v.c2 AS cost_centre_code, v.c3 AS description, (v.c4 = {first}) AS active"
            f" FROM ({query}) AS v (c1, c2, c3, c4)"
        )
        return [*self.views, last]

    def pick(self, weights: dict[str, float]) -> str:
        """By weight; what is wanted comes oftener."""
        given = {k: w * (8 if k == self.wanted else 1) for k, w in weights.items()}
        found = self.random.choices(list(given), list(given.values()))[0]
        self.used.add(found)
        return found

    def alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"

    def a_table(self) -> str:
        return self.schema.table(self.random.choice(self.schema.written if self.random.random() < 0.2 else "pqrs"))

    def of(self, alias: str) -> str:
        """A column of a table."""
        return f"{alias}.{self.schema.name(self.random.choice('abcd'))}"

    def literal(self) -> str:
        return self.random.choice(self.schema.kind.typed)

    def least(self, column: str) -> str:
        """An aggregate that every type has."""
        first = f"(array_agg({column} ORDER BY {column}))[1]"
        some = f"(array_agg({column} ORDER BY {column}) FILTER (WHERE {column} IS NOT NULL))[1]"
        return self.random.choice((first, first, some, f"mode() WITHIN GROUP (ORDER BY {column})"))

    # -- queries

    def query(self, width: int, depth: int, outer: tuple[str, ...] = ()) -> str:
        """A query with `width` columns; outer: columns of queries around it that it may use."""
        if depth and self.random.random() < (0.6 if self.wanted in ("UNION", "EXCEPT", "INTERSECT") else 0.25):
            operation = self.pick(SET_OPERATIONS)
            return f"({self.query(width, depth - 1, outer)}) {operation} ({self.query(width, depth - 1, outer)})"
        return self.select(width, depth, outer)

    def select(self, width: int, depth: int, outer: tuple[str, ...]) -> str:
        source, columns = self.source(depth, outer)
        where = self.where(columns, depth, outer)
        shape = self.pick({k: w for k, w in SHAPES.items() if depth or not k.startswith("WITH")})
        chosen = [self.column(columns) for _ in range(width)]
        rest = f"FROM {source}{where}"
        if shape == "DISTINCT":
            return f"SELECT DISTINCT {', '.join(chosen)} {rest}"
        if shape == "DISTINCT ON":
            on = self.some(columns, 2)
            chosen = [self.random.choice([*on, *columns]) for _ in range(width)]
            return f"SELECT DISTINCT ON ({', '.join(on)}) {', '.join(chosen)} {rest} ORDER BY {', '.join(on + columns)}"
        if shape == "GROUP BY":
            return self.grouped(columns, width, rest)
        if shape == "window":
            by, order = self.random.choice(columns), ", ".join(columns)
            ranked = f"first_value({self.random.choice(columns)}) OVER (PARTITION BY {by} ORDER BY {order})"
            chosen = [*chosen[:-1], ranked] if width > 1 else [by]
            chosen[0] = by if self.random.random() < 0.7 else chosen[0]
        if shape == "LIMIT":
            limit = self.random.choice(("LIMIT 2", "OFFSET 1", "FETCH FIRST ROW WITH TIES"))
            return f"SELECT {', '.join(chosen)} {rest} ORDER BY {', '.join(columns)} {limit}"
        if shape == "total":
            return f"SELECT {', '.join(self.least(c) for c in chosen)} {rest}"
        if shape == "set-returning":
            chosen[-1] = f"unnest(ARRAY[{chosen[-1]}, {self.literal()}])"
        if shape.startswith("WITH"):
            return self.with_query(shape, columns, chosen, depth, rest if where else f"{rest} WHERE true")
        return f"SELECT {', '.join(chosen)} {rest}"

    def some(self, columns: list[str], most: int) -> list[str]:
        return self.random.sample(columns, k=min(len(columns), self.random.randint(1, most)))

    def grouped(self, columns: list[str], width: int, rest: str) -> str:
        by = self.some(columns, 3)
        chosen = [
            self.random.choice(by) if self.random.random() < 0.7 else self.least(self.random.choice(columns))
            for _ in range(width)
        ]
        having = f" HAVING count(*) > {self.random.choice((1, 2))}" if self.random.random() < 0.3 else ""
        ways = ("{}", "ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())")
        sets = self.random.choices(ways, (8, 1, 1, 1))[0].format(", ".join(by))
        return f"SELECT {', '.join(chosen)} {rest} GROUP BY {sets}{having}"

    def with_query(self, shape: str, columns: list[str], chosen: list[str], depth: int, rest: str) -> str:
        """Used in a condition, whose column it correlates with."""
        name, extra = self.alias(), self.random.choice(columns)
        inner, how = self.query(2, depth - 1), self.random.choice(("", "MATERIALIZED", "NOT MATERIALIZED"))
        if shape == "WITH RECURSIVE":
            more, again = self.alias(), self.alias()
            inner = (
                f"({inner}) UNION SELECT {self.of(more)}, {again}.w2 FROM {self.a_table()} AS {more}"
                f" JOIN {name} AS {again} ON {self.of(more)} = {again}.w1"
            )
            how = ""
        exists = self.random.choice(("EXISTS", "NOT EXISTS"))
        return (
            f"{shape} {name} (w1, w2) AS {how} ({inner}) SELECT {', '.join(chosen)} {rest}"
            f" AND {exists} (SELECT FROM {name} WHERE {name}.w1 = {extra})"
        )

    # -- FROM

    def source(self, depth: int, outer: tuple[str, ...]) -> tuple[str, list[str]]:
        """A FROM clause with its columns."""
        text, columns = self.item(depth)
        outer_joins = self.random.random() < 0.4
        for _ in range(self.random.choices((0, 1, 2), (1, 3, 5) if outer_joins else (3, 4, 2))[0]):
            weights = (2, 6, 2, 2, 2, 0.1, 0.1) if outer_joins else (6, 4, 1, 1, 0.5, 1, 0.5)
            kinds = ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN", "LATERAL", "comma")
            kind = self.pick(dict(zip(kinds, weights, strict=True)))
            if kind == "LATERAL":
                text, more = self.lateral(text, columns, depth, outer)
                columns = [*columns, *more]
                continue
            right, more = self.nested(depth - 1) if depth and self.random.random() < 0.2 else self.item(depth)
            if kind == "comma":
                return f"{text}, {right}", [*columns, *more]
            on = "" if kind == "CROSS JOIN" else f" ON {self.on(kind, columns, more)}"
            text, columns = f"{text} {kind} {right}{on}", [*columns, *more]
        return text, columns

    def lateral(self, text: str, columns: list[str], depth: int, outer: tuple[str, ...]) -> tuple[str, list[str]]:
        alias, kind = self.alias(), self.random.choice(("JOIN", "LEFT JOIN"))
        if self.random.random() < 0.2:
            array = f"unnest(ARRAY[{self.random.choice(columns)}, {self.random.choice(columns)}])"
            return f"{text} {kind} LATERAL {array} AS {alias} (l1) ON true", [f"{alias}.l1"]
        inner = self.select(2, max(depth - 2, 0), (*columns, *outer))
        return f"{text} {kind} LATERAL ({inner}) AS {alias} (l1, l2) ON true", [f"{alias}.l1", f"{alias}.l2"]

    def on(self, kind: str, columns: list[str], more: list[str]) -> str:
        same = self.random.choice(more)
        found = [
            f"{self.random.choice(columns)} = {self.random.choice((same, self.random.choice(more)))}"
            for _ in range(self.random.choices((1, 2), (2, 1))[0])
        ]
        if kind != "FULL JOIN" and self.random.random() < 0.2:
            found.append(self.condition([*columns, *more], 0, ()))
        return " AND ".join(found)

    def nested(self, depth: int) -> tuple[str, list[str]]:
        """A join in parentheses."""
        (left, columns), (right, more) = self.item(depth), self.item(depth)
        kind = self.random.choice(("JOIN", "LEFT JOIN", "FULL JOIN"))
        on = f"{self.random.choice(columns)} = {self.random.choice(more)}"
        return f"({left} {kind} {right} ON {on})", [*columns, *more]

    def item(self, depth: int) -> tuple[str, list[str]]:
        alias = self.alias()
        allowed = {"subquery": bool(depth), "view": bool(self.views)}
        kind = self.pick({k: w for k, w in ITEMS.items() if allowed.get(k, True)})
        three = [f"{alias}.s{n}" for n in (1, 2, 3)]
        if kind == "subquery":
            return f"({self.query(3, depth - 1)}) AS {alias} (s1, s2, s3)", three
        if kind == "view":
            number = self.random.choice((len(self.views) - 1, self.random.randrange(len(self.views))))
            return f"{self.schema.schema}.view_{number} AS {alias}", three
        if kind == "USING":
            return self.using(alias)
        if kind == "NATURAL":
            return self.natural(alias)
        if kind == "VALUES":
            rows = ", ".join(f"({self.literal()}, {self.literal()})" for _ in range(self.random.choice((1, 2))))
            return f"(VALUES {rows}) AS {alias} (s1, s2)", three[:2]
        if kind == "function":
            return f"unnest(ARRAY[{self.literal()}, {self.literal()}]) AS {alias} (s1)", three[:1]
        return f"{self.a_table()} AS {alias}", [f"{alias}.{self.schema.name(c)}" for c in "abcd"]

    def using(self, alias: str) -> tuple[str, list[str]]:
        """Two tables with columns of the same names; what is merged comes first."""
        kind = self.random.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        merged = ", ".join(self.schema.name(c) for c in self.random.choice(("a", "b", "ab", "dc")))
        count = 8 - len(merged.split(", "))
        columns = [f"u{n}" for n in range(count)]
        text = (
            f"({self.a_table()} AS {self.alias()} {kind} {self.a_table()} AS {self.alias()} USING ({merged}))"
            f" AS {alias} ({', '.join(columns)})"
        )
        return text, [f"{alias}.{c}" for c in columns]

    def natural(self, alias: str) -> tuple[str, list[str]]:
        """Of two tables, with one or two columns that have the same name there."""
        kind, names = self.random.choice(("", "LEFT ", "RIGHT ", "FULL ")), self.random.choice(("mrs", "mrk"))
        columns = [f"u{n}" for n in range(len({*"mlk", *names}))]
        text = f"({self.renamed('mlk')} NATURAL {kind}JOIN {self.renamed(names)}) AS {alias} ({', '.join(columns)})"
        return text, [f"{alias}.{c}" for c in columns]

    def renamed(self, names: str) -> str:
        chosen = ", ".join(f"{self.schema.name(self.random.choice('abcd'))} AS {name}" for name in names)
        return f"(SELECT {chosen} FROM {self.a_table()}) AS {self.alias()}"

    # -- columns and conditions

    def column(self, columns: list[str]) -> str:
        """What a SELECT shows: mostly a column, so that keys can be followed."""
        one, other = self.random.choice(columns), self.random.choice(columns)
        kinds = {"column": 16.0, "coalesce": 1, "CASE": 1, "constant": 0.5, "scalar subquery": 0.5, "EXISTS": 0.5}
        kind, sub = self.pick(kinds), self.alias()
        return {
            "column": one,
            "coalesce": f"coalesce({one}, {other})",
            "CASE": f"CASE WHEN {self.condition(columns, 0, ())} THEN {one} END",
            "constant": self.literal(),
            "scalar subquery": f"(SELECT {self.least(self.of(sub))} FROM {self.a_table()} AS {sub}"
            f" WHERE {self.of(sub)} = {one})",
            "EXISTS": f"CASE WHEN EXISTS (SELECT FROM {self.a_table()} AS {sub} WHERE {self.of(sub)} = {one})"
            f" THEN {other} END",
        }[kind]

    def where(self, columns: list[str], depth: int, outer: tuple[str, ...]) -> str:
        conditions = [
            self.condition(columns, depth, outer) for _ in range(self.random.choices((0, 1, 2), (3, 3, 1))[0])
        ]
        if outer and self.random.random() < 0.8:
            conditions.append(f"{self.random.choice(columns)} = {self.random.choice(outer)}")
        if outer and self.random.random() < 0.2:
            conditions.append(f"{self.random.choice(outer)} = {self.literal()}")
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def condition(self, columns: list[str], depth: int, outer: tuple[str, ...]) -> str:
        one, other = self.random.choice(columns), self.random.choice(columns)
        if not depth or self.random.random() < 0.6:
            first, second = self.literal(), self.literal()
            simple = [
                f"{one} = {other}",
                f"{one} = {first}",
                f"{one} IN ({first}, {second})",
                f"{one} <> {other}",
                f"{one} IS NULL",
                f"{one} IS NOT NULL",
                f"NOT ({one} IS NOT NULL)",
                f"({one} = {other} OR {one} = {first})",
                f"NOT ({one} = {other})",
                f"{one} IS DISTINCT FROM {other}",
                f"{one} IS NOT DISTINCT FROM {other}",
                f"({one} = {other}) IS TRUE",
                f"({one} = {first}) IS NOT FALSE",
                f"({one}, {other}) = ({first}, {second})",
                f"({one}, {other}) IS NOT NULL",
                f"{one} = ANY (ARRAY[{other}, {first}])",
                f"coalesce({one}, {other}) = {first}",
                f"CASE WHEN {one} = {other} THEN {other} = {first} ELSE {one} = {second} END",
            ]
            return self.random.choice(simple)
        return self.with_subquery(one, other, columns, depth)

    def with_subquery(self, one: str, other: str, columns: list[str], depth: int) -> str:
        sub = self.alias()
        table, again = f"{self.a_table()} AS {sub}", self.of(sub)
        kinds = dict.fromkeys(("EXISTS", "NOT EXISTS", "IN", "NOT IN", "scalar subquery"), 1.0)
        kind = self.pick(kinds)
        if kind in ("EXISTS", "NOT EXISTS"):
            return f"{kind} ({self.select(1, depth - 1, tuple(columns))})"
        if kind == "NOT IN":
            return self.random.choice(
                (
                    f"{one} NOT IN (SELECT {again} FROM {table})",
                    f"{one} NOT IN (SELECT {again} FROM {table} WHERE {self.of(sub)} = {other})",
                    f"{one} NOT IN (SELECT {again} FROM {table} WHERE {again} IS NOT NULL)",
                )
            )
        if kind == "scalar subquery":
            return f"{one} = (SELECT {self.least(again)} FROM {table} WHERE {self.of(sub)} = {other})"
        return self.random.choice(
            (
                f"{one} IN (SELECT {self.of(sub)} FROM {table} WHERE {again} = {other})",
                f"{one} IN ({self.query(1, depth - 1, tuple(columns))})",
                f"({one} = {self.literal()} OR {one} IN (SELECT {again} FROM {table}))",
                f"{one} = ALL (SELECT {again} FROM {table} WHERE {self.of(sub)} = {other})",
                f"({one}, {other}) IN (SELECT {self.of(sub)}, {again} FROM {table})",
                f"{one} = ANY (SELECT {again} FROM {table} WHERE {self.of(sub)} = {other})",
                f"EXISTS (SELECT count(*) FROM {table} WHERE {again} = {one})",
                f"EXISTS (SELECT FROM {table} WHERE {again} = {one} HAVING count(*) > 1)",
                f"EXISTS (SELECT FROM {table} WHERE {again} = {one} OFFSET 1)",
                f"NOT EXISTS (SELECT {other} EXCEPT SELECT {self.of(sub)} FROM {table} WHERE {again} = {one})",
            )
        )
