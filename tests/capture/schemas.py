"""Random source tables: four tables p, q, r, s with columns a, b, c, d, and for each a view that may be written to.

The values of one schema are of one kind (text, numbers, ...) and few, so that joins meet; some of them are equal and
look different. Tables are plain, without a key, partitioned, inherited, refer to each other; names may be such as need
care.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random


@dataclass(frozen=True)
class Kind:
    """Types of the columns a, b, c and d, literals of their values, and what has to exist first.

    blurred: some values are equal and look different, so that a view that groups may show one or the other.
    """

    types: tuple[str, ...]
    values: tuple[str, ...]
    first: str = ""
    blurred: bool = False

    @property
    def typed(self) -> tuple[str, ...]:
        """Literals that know their type."""
        return tuple(f"{v}::{self.types[0]}" for v in self.values)


CASE_BLIND = (
    """
CREATE TYPE {schema}.citext;
CREATE FUNCTION {schema}.citextin(cstring) RETURNS {schema}.citext LANGUAGE internal STRICT IMMUTABLE AS 'textin';
CREATE FUNCTION {schema}.citextout({schema}.citext) RETURNS cstring LANGUAGE internal STRICT IMMUTABLE AS 'textout';
CREATE FUNCTION {schema}.citextrecv(internal) RETURNS {schema}.citext LANGUAGE internal STRICT STABLE AS 'textrecv';
CREATE TYPE {schema}.citext (INPUT = {schema}.citextin, OUTPUT = {schema}.citextout, RECEIVE = {schema}.citextrecv,
                             LIKE = text, CATEGORY = 'S', COLLATABLE = true);
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
    "char": Kind(("char(4)", "char(6)", "char(4)", "text"), ("'x'", "'y  '", "'y'"), blurred=True),
    "integer": Kind(("integer", "bigint", "smallint", "integer"), ("1", "2", "30")),
    "numeric": Kind(("numeric", "numeric(6, 2)", "integer", "numeric"), ("1", "1.0", "2"), blurred=True),
    "uuid": Kind(("uuid",) * 4, tuple(f"'{n * 32}'" for n in "aB1")),
    "date": Kind(("date",) * 4, ("'2026-03-01'", "'2026-01-03'", "'1999-12-31'")),
    "enum": Kind(("{schema}.colour",) * 4, ("'red'", "'Green'", "'b lue'"),
                 "CREATE TYPE {schema}.colour AS ENUM ('red', 'Green', 'b lue');"),
    "boolean": Kind(("boolean",) * 4, ("true", "false")),
    "domain": Kind(("{schema}.code", "text", "{schema}.code", "varchar(9)"), ("'x'", "'y'", "'z'"),
                   "CREATE DOMAIN {schema}.code AS varchar(8) CHECK (value <> '');"),
    "citext": Kind(("{schema}.citext",) * 4, ("'x'", "'X'", "'y'"), CASE_BLIND, blurred=True),
    "citext domain": Kind(("{schema}.ci", "{schema}.citext", "{schema}.ci", "{schema}.citext"), ("'x'", "'X'", "'y'"),
                          CASE_BLIND + "CREATE DOMAIN {schema}.ci AS {schema}.citext;", blurred=True),
}  # fmt: skip
"""What every server has. The collation of the next needs ICU."""

NOCASE = (
    "CREATE COLLATION {schema}.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    " CREATE DOMAIN {schema}.ci AS text COLLATE {schema}.nocase;"
)
ICU_KINDS = {
    "nocase text": Kind(("text COLLATE {schema}.nocase",) * 4, ("'x'", "'X'", "'y'"), NOCASE, blurred=True),
    "nocase varchar": Kind(("varchar(9) COLLATE {schema}.nocase",) * 4, ("'x'", "'X'", "'y'"), NOCASE, blurred=True),
    "nocase domain": Kind(
        ("{schema}.ci", "{schema}.ci", "text", "varchar(9)"), ("'x'", "'X'", "'y'"), NOCASE, blurred=True
    ),
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

SHAPES = ("plain", "no key", "partitioned", "inherited", "generated", "referring")


@dataclass(frozen=True)
class Schema:
    """Four tables. keys: the columns of their primary keys. references: what a foreign key of a table says."""

    kind: Kind
    names: dict[str, str]
    shape: str
    keys: dict[str, str]
    references: dict[str, str]

    def name(self, plain: str) -> str:
        return self.names.get(plain, plain)

    @property
    def schema(self) -> str:
        return self.name("src")

    def table(self, plain: str) -> str:
        return f"{self.schema}.{self.name(plain)}"

    def through(self, plain: str) -> str:
        return f"{self.schema}.through_{plain}"

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
        columns = ", ".join(map(self.name, "abcd"))
        views = (f"CREATE VIEW {self.through(t)} AS SELECT {columns} FROM {self.table(t)};" for t in self.keys)
        return f"CREATE SCHEMA {self.schema};\n{first}\n" + "\n".join([*map(self._create, self.keys), *views])

    def _create(self, table: str) -> str:
        columns = [f"{self.name(c)} {t}" for c, t in zip("abcd", self.kind.types, strict=True)]
        if self.shape == "generated" and table in "qs":
            columns[3] += f" GENERATED ALWAYS AS ({self.name('b')}) STORED"
            columns[3] = columns[3].replace(self.kind.types[3], self.kind.types[1], 1)
        if self.shape == "generated" and table in "pr":
            columns = ["n bigint GENERATED ALWAYS AS IDENTITY", "gone text", *columns]
        if self.keys[table]:
            columns.append(f"PRIMARY KEY ({', '.join(map(self.name, self.keys[table]))})")
        if table in self.references:
            columns.append(self.references[table])
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
    if shape == "referring":
        keys |= {"p": "a", "q": "a", "r": random.choice(("b", ""))}
    types = tuple(t.replace("{schema}", names.get("src", "src")) for t in kind.types)
    made = Schema(replace(kind, types=types), names, shape, keys, {})
    return replace(made, references=_draw_references(random, made)) if shape == "referring" else made


def _draw_references(random: Random, schema: Schema) -> dict[str, str]:
    """A chain of cascades from p to q to r, which may end by setting null, and another one from p to s."""

    def action(table: str) -> str:
        return "CASCADE" if table == "q" else random.choice(("CASCADE", "SET NULL"))

    return {
        table: f"FOREIGN KEY ({schema.name(column)}) REFERENCES {schema.table(parent)}"
        f" ON DELETE {action(table)} ON UPDATE {action(table)}"
        for table, column, parent in (("q", "a", "p"), ("r", "a", "q"), ("s", "c", "p"))
    }
