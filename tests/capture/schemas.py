"""Random source tables and random statements on them: four tables p, q, r, s with columns a, b, c, d.

The values of one schema are of one kind (text, numbers, ...) and few, so that joins meet; some of them are equal and
look different. Tables are plain, without a key, partitioned, inherited; names may be such as need care.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Kind:
    """Types of the columns a, b, c and d, literals of their values, and what has to exist first."""

    types: tuple[str, ...]
    values: tuple[str, ...]
    first: str = ""

    @property
    def typed(self) -> tuple[str, ...]:
        """Literals that know their type."""
        return tuple(f"{v}::{self.types[0]}" for v in self.values)


CASE_BLIND = (
    """
CREATE TYPE {schema}.citext;
CREATE FUNCTION {schema}.citextin(cstring) RETURNS {schema}.citext LANGUAGE internal STRICT IMMUTABLE AS 'textin';
CREATE FUNCTION {schema}.citextout({schema}.citext) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'textout';
CREATE TYPE {schema}.citext (INPUT = {schema}.citextin, OUTPUT = {schema}.citextout, LIKE = text, CATEGORY = 'S',
                             COLLATABLE = true);
CREATE CAST ({schema}.citext AS text) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (text AS {schema}.citext) WITHOUT FUNCTION AS ASSIGNMENT;
"""
    + "".join(
        f"""
CREATE FUNCTION {{schema}}.citext_{name}({{schema}}.citext, {{schema}}.citext) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN pg_catalog.lower($1::text) {sign} pg_catalog.lower($2::text);
CREATE OPERATOR {{schema}}.{sign} (LEFTARG = {{schema}}.citext, RIGHTARG = {{schema}}.citext,
    FUNCTION = {{schema}}.citext_{name}{more});"""
        for name, sign, more in (
            ("lt", "<", ""),
            ("le", "<=", ""),
            ("eq", "=", ", COMMUTATOR = OPERATOR({schema}.=), MERGES"),
            ("ge", ">=", ""),
            ("gt", ">", ""),
            ("ne", "<>", ", COMMUTATOR = OPERATOR({schema}.<>), NEGATOR = OPERATOR({schema}.=)"),
        )
    )
    + """
CREATE FUNCTION {schema}.citext_cmp({schema}.citext, {schema}.citext) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN pg_catalog.bttextcmp(pg_catalog.lower($1::text), pg_catalog.lower($2::text));
CREATE OPERATOR CLASS {schema}.citext_ops DEFAULT FOR TYPE {schema}.citext USING btree AS
    OPERATOR 1 {schema}.<, OPERATOR 2 {schema}.<=, OPERATOR 3 {schema}.=, OPERATOR 4 {schema}.>=,
    OPERATOR 5 {schema}.>, FUNCTION 1 {schema}.citext_cmp({schema}.citext, {schema}.citext);
"""
)
"""As the extension's type, which not every server has: 'A' = 'a'. Needs a superuser."""

KINDS = {
    "text": Kind(("text", "text", "text", "text"), ("'x'", "'y'", "'z'")),
    "varchar": Kind(("varchar(10)", "text", "varchar", "varchar(5)"), ("'x'", "'y'", "'Z'")),
    "char": Kind(("char(4)", "char(6)", "char(4)", "text"), ("'x'", "'y  '", "'y'")),
    "integer": Kind(("integer", "bigint", "smallint", "integer"), ("1", "2", "30")),
    "numeric": Kind(("numeric", "numeric(6, 2)", "integer", "numeric"), ("1", "1.0", "2")),
    "uuid": Kind(("uuid",) * 4, tuple(f"'{n * 32}'" for n in "aB1")),
    "date": Kind(("date",) * 4, ("'2026-03-01'", "'2026-01-03'", "'1999-12-31'")),
    "enum": Kind(("{schema}.colour",) * 4, ("'red'", "'Green'", "'b lue'"),
                 "CREATE TYPE {schema}.colour AS ENUM ('red', 'Green', 'b lue');"),
    "boolean": Kind(("boolean",) * 4, ("true", "false")),
    "domain": Kind(("{schema}.code", "text", "{schema}.code", "varchar(9)"), ("'x'", "'y'", "'z'"),
                   "CREATE DOMAIN {schema}.code AS varchar(8) CHECK (value <> '');"),
    "citext": Kind(("{schema}.citext",) * 4, ("'x'", "'X'", "'y'"), CASE_BLIND),
    "citext domain": Kind(("{schema}.ci", "{schema}.citext", "{schema}.ci", "{schema}.citext"), ("'x'", "'X'", "'y'"),
                          CASE_BLIND + "CREATE DOMAIN {schema}.ci AS {schema}.citext;"),
}  # fmt: skip
"""What every server has. The collation of the next needs ICU."""

NOCASE = (
    "CREATE COLLATION {schema}.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    " CREATE DOMAIN {schema}.ci AS text COLLATE {schema}.nocase;"
)
ICU_KINDS = {
    "nocase text": Kind(("text COLLATE {schema}.nocase",) * 4, ("'x'", "'X'", "'y'"), NOCASE),
    "nocase varchar": Kind(("varchar(9) COLLATE {schema}.nocase",) * 4, ("'x'", "'X'", "'y'"), NOCASE),
    "nocase domain": Kind(("{schema}.ci", "{schema}.ci", "text", "varchar(9)"), ("'x'", "'X'", "'y'"), NOCASE),
}

NAMES = {
    "plain": {},
    "quoted": {
        "src": '"Bron Data"',
        "p": '"Kosten Plaatsen"',
        "q": '"select"',
        "r": '"Überzicht"',
        "s": '"a""b"',
        "a": '"Bedrijf"',
        "b": '"order"',
        "c": '"naam é"',
        "d": '"d:e"',
    },
    "ours": {
        "p": "changed_rows",
        "q": "message",
        "r": "old_rows",
        "s": "r",
        "a": "image",
        "b": "start",
        "c": "starts",
        "d": "target",
    },
}
"""Names that stand for ours: such as need quotes, and such as capture itself uses."""

SHAPES = ("plain", "no key", "partitioned", "inherited", "generated")


@dataclass(frozen=True)
class Schema:
    """Four tables. keys: the columns of their primary keys. written: what statements may name, with its own table."""

    kind: Kind
    names: dict[str, str]
    shape: str
    keys: dict[str, str]

    def name(self, plain: str) -> str:
        return self.names.get(plain, plain)

    @property
    def schema(self) -> str:
        return self.name("src")

    def table(self, plain: str) -> str:
        return f"{self.schema}.{self.name(plain)}"

    @property
    def written(self) -> list[str]:
        """Tables that statements name, some of them parts of others."""
        parts = {"partitioned": ["p1", "q1"], "inherited": ["p1", "q1"]}
        return [*self.keys, *parts.get(self.shape, [])]

    def writable(self, table: str) -> str:
        """Columns that a statement may set."""
        return "abc" if self.shape == "generated" and table[0] in "qs" else "abcd"

    def ddl(self) -> str:
        first = self.kind.first.replace("{schema}", self.schema)
        return f"CREATE SCHEMA {self.schema};\n{first}\n" + "\n".join(map(self._create, self.keys))

    def _create(self, table: str) -> str:
        columns = [f"{self.name(c)} {t}" for c, t in zip("abcd", self.kind.types, strict=True)]
        if self.shape == "generated" and table in "qs":
            columns[3] += f" GENERATED ALWAYS AS ({self.name('b')}) STORED"
            columns[3] = columns[3].replace(self.kind.types[3], self.kind.types[1], 1)
        if self.shape == "generated" and table in "pr":
            columns = ["n bigint GENERATED ALWAYS AS IDENTITY", "gone text", *columns]
        if self.keys[table]:
            columns.append(f"PRIMARY KEY ({', '.join(map(self.name, self.keys[table]))})")
        made = f"CREATE TABLE {self.table(table)} ({', '.join(columns)})"
        text = made.replace("{schema}", self.schema)
        if self.shape == "generated" and table in "pr":
            return f"{text}; ALTER TABLE {self.table(table)} DROP COLUMN gone;"
        if self.shape == "partitioned" and table in "pq":
            parts = f"{self.table(table + '1')} PARTITION OF {self.table(table)}"
            return (
                f"{text} PARTITION BY HASH ({self.name('a')});"
                f" CREATE TABLE {parts} FOR VALUES WITH (MODULUS 2, REMAINDER 0);"
                f" CREATE TABLE {parts.replace('1', '2')} FOR VALUES WITH (MODULUS 2, REMAINDER 1);"
            )
        if self.shape == "inherited" and table in "pq":
            return f"{text}; CREATE TABLE {self.table(table + '1')} () INHERITS ({self.table(table)});"
        return f"{text};"

    def drop(self) -> str:
        return f"DROP SCHEMA IF EXISTS {self.schema} CASCADE"


def draw_schema(random: Random, kinds: dict[str, Kind]) -> Schema:
    """Mostly with keys and plain names."""
    kind = kinds[random.choice(sorted(kinds))]
    shape = random.choice(SHAPES)
    names = NAMES[random.choice(("plain", "plain", "quoted", "ours"))]
    keys = {t: random.choice(("a", "ab", "b", "")) for t in "pqrs"}
    if shape == "no key":
        keys = dict.fromkeys("pqrs", "")
    if shape == "partitioned":
        keys |= {t: random.choice(("a", "ab", "")) for t in "pq"}
        kind = kind if "COLLATE" not in kind.types[0] and "citext" not in kind.first else kinds["text"]
    schema = names.get("src", "src")
    types = tuple(t.replace("{schema}", schema) for t in kind.types)
    return Schema(Kind(types, kind.values, kind.first), names, shape, keys)


def statement(schema: Schema, random: Random) -> str:
    """A random write; some fail by a duplicate key, which is as good as any other."""
    table = random.choice(schema.written)
    name, columns = schema.table(table), schema.writable(table)

    def value() -> str:
        return random.choice((*schema.kind.values * 3, "NULL"))

    where = f"{schema.name(random.choice('abcd'))} = {random.choice(schema.kind.values)}"
    listed = ", ".join(map(schema.name, columns))
    kind = random.choices(("insert", "update", "delete", "truncate", "merge", "move"), (6, 5, 2, 0.2, 1, 1))[0]
    if kind == "insert":
        rows = ", ".join(
            f"({', '.join(value() for _ in columns)})" for _ in range(random.choice((1, 1, 2, 3)))
        )  # fmt: skip
        return f"INSERT INTO {name} ({listed}) VALUES {rows}" + random.choice(("", " ON CONFLICT DO NOTHING"))
    if kind == "update":
        column, other = random.sample(columns, 2)
        changes = f"{schema.name(column)} = {random.choice((value(), schema.name(other)))}"
        return f"UPDATE {name} SET {changes} WHERE {where}"
    if kind == "delete":
        return f"DELETE FROM {name} WHERE {where}"
    if kind == "truncate":
        return f"TRUNCATE {name}"
    if kind == "move":
        into = random.choice([t for t in schema.written if schema.writable(t) == columns])
        return (
            f"WITH gone AS (DELETE FROM {name} WHERE {where} RETURNING {listed})"
            f" INSERT INTO {schema.table(into)} ({listed}) SELECT * FROM gone"
        )
    return _merge(schema, table, random)


def _merge(schema: Schema, table: str, random: Random) -> str:
    columns = schema.writable(table)
    n = [schema.name(c) for c in columns]
    key = schema.keys[table[0]] or "a"
    types = schema.kind.types
    values = ", ".join(
        f"{random.choice(schema.kind.values)}::{types['abcd'.index(c)].split(' COLLATE')[0]}" for c in columns
    )
    on = " AND ".join(f"t.{schema.name(k)} = n.{schema.name(k)}" for k in key)
    return (
        f"MERGE INTO {schema.table(table)} AS t USING (VALUES ({values})) AS n ({', '.join(n)})"
        f" ON {on} WHEN MATCHED AND t.{n[2]} = {schema.kind.values[0]} THEN DELETE"
        f" WHEN MATCHED THEN UPDATE SET {n[2]} = n.{n[2]}"
        f" WHEN NOT MATCHED THEN INSERT ({', '.join(n)}) VALUES ({', '.join(f'n.{c}' for c in n)})"
    )
