"""From what a table must write to the SQL that writes it: one trigger function per source table, its triggers, and
the functions that follow chains. The SQL is in sql/capture; this fills it in."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from outbox import describe, sqlfiles
from outbox.capture import Cell, Wording, Write
from outbox.catalogue import PINNED, Member, Relation
from outbox.chains import Chain, safe_name

_LINE = 80
_PLACEHOLDER = re.compile(r"(?m)^(?P<indent> *)@(?P<line>\w+)$|@(?P<word>\w+)")


@dataclass(frozen=True)
class SqlFunction:
    """A function in schema outbox: what the catalogue should hold, and the statement that sees to it."""

    name: str
    arguments: str
    body: str
    sql: str
    comment: str = ""

    @property
    def signature(self) -> str:
        return f"outbox.{self.name}({self.arguments})"


def fill(file: str, **values: str) -> str:
    """sql/capture/<file>.sql with its @words filled in; where a line is one word only, what stands for it is indented.

    A line of which nothing is left goes.
    """

    template = sqlfiles.read(f"capture/{file}.sql").rstrip("\n")

    def put(match: re.Match[str]) -> str:
        if match["line"]:
            return textwrap.indent(values[match["line"]], match["indent"])
        line = template[template.rfind("\n", 0, match.start()) + 1 :]
        indent = " " * (len(line) - len(line.lstrip()))
        return values[match["word"]].replace("\n", f"\n{indent}")

    return re.sub(r"\n(?: *\n)+", "\n", _PLACEHOLDER.sub(put, template)).rstrip()


def literal(text: str) -> str:
    """A string constant on one line."""
    quoted = text.replace("'", "''")
    if "\n" in text or "\r" in text:
        return "E'" + quoted.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") + "'"
    return f"'{quoted}'"


def capture_name(table: Relation) -> str:
    """capture_<schema>_<table>; a name that needed quotes or is too long ends in a hash."""
    return safe_name(f"capture_{table.schema}_{table.name}", table.sql)


def settings() -> str:
    """SET clauses in the words in which the catalogue keeps them."""
    lists = {"search_path": "'pg_catalog', 'pg_temp'"}
    return "\n".join(f"SET {_setting(n)} TO {lists.get(n, literal(v))}" for n, v in PINNED.items())


def _setting(name: str) -> str:
    return name if name.islower() else f'"{name}"'


def follow_function(name: str, chain: Chain) -> SqlFunction:
    """The function that leads from values of a changed row to values of the first key column."""
    last = len(chain.steps)
    body = fill(
        "follow_body",
        anchor=f"t{last}.{chain.anchor}",
        columns=", ".join(f"{s.sql} {s.type}{_collate(s.collation)}" for s in chain.start),
        joins="\n".join(_join(n, step.table, step.on) for n, step in enumerate(chain.steps, start=1)),
    )
    return _function("follow_function", name, "starts jsonb", body)


def _join(number: int, table: str, on: Iterable[tuple[str, int | None, str]]) -> str:
    conditions = [f"t{number}.{column} = {'s' if at is None else f't{at + 1}'}.{other}" for column, at, other in on]
    return f"JOIN {table} AS t{number} ON {' AND '.join(conditions)}"


def _collate(collation: str | None) -> str:
    return f" COLLATE {collation}" if collation else ""


def _function(file: str, name: str, arguments: str, body: str) -> SqlFunction:
    body = f"\n{body}\n"
    quote = next(q for q in ("$outbox$", "$outbox_capture$", "$outbox_c4pture$") if q not in body)
    return SqlFunction(name, arguments, body, fill(file, name=name, settings=settings(), body=quote + body + quote))


def capture_function(name: str, writes: list[Write], chains: dict[Chain, str]) -> SqlFunction:
    """The trigger function of a source table. chains: the name of the function that follows each."""
    function = _function("trigger_function", name, "", _Body(writes[0].table, writes, chains).text())
    return replace(function, comment=describe.header(writes, chains))


@dataclass(frozen=True)
class _Group:
    """Writes that differ in target and resource only."""

    wording: Wording
    about: tuple[tuple[str, str], ...]
    watched: tuple[str, ...]


class _Body:
    """The body of a trigger function."""

    def __init__(self, table: Relation, writes: list[Write], chains: dict[Chain, str]) -> None:
        self._table = table
        self._writes = writes
        self._chains = chains
        self._columns = {c.name: c for c in table.columns}
        self._source = literal(table.dotted)

    def text(self) -> str:
        about = tuple(sorted({(w.target, w.resource) for w in self._writes}))
        by_columns = _grouped(self._writes, by_columns=True)
        return fill(
            "trigger_body",
            update=_insert([self._update(g) for g in by_columns if g.watched]),
            rows=_insert([self._insert_or_delete(g) for g in _grouped(self._writes, by_columns=False)]),
            truncate=_insert([self._one_message(Wording(), about, "TG_OP")]),
            drift=_insert([self._one_message(Wording(), about, "'DRIFT'")]),
        )

    def _insert_or_delete(self, group: _Group) -> str:
        """The triggers of both give their transition table the same name."""
        return self._select(group, "changed_rows AS r", unique=self._is_key(group.wording), stored=True)

    def _update(self, group: _Group) -> str:
        """Both images of the rows in which a column that the view uses changed."""
        needed = [self._columns[c].sql for c in group.wording.columns]
        row = [self._columns[c].sql for c in group.watched]
        if not self._table.key:
            return self._select(group, _without_key(needed, row), text=True)
        pairs = fill("pairs", same_key=" AND ".join(f"n.{c.sql} {op} o.{c.sql}" for c, op in self._table.key))
        changed = fill("changed", old=_row("o", row), new=_row("n", row))
        if self._is_key(group.wording):
            return self._select(group, pairs, changed, column="coalesce(n.{0}, o.{0})", unique=True)
        if not needed:
            return self._select(group, pairs, changed)
        old, new = (", ".join(f"{alias}.{c}" for c in needed) for alias in "on")
        images = fill("both_images", pairs=pairs, old=old, new=new, columns=", ".join(needed))
        return self._select(group, images, changed)

    def _is_key(self, wording: Wording) -> bool:
        """Does it take just the primary key, in types of which equal values look alike? Then no row comes twice."""
        key = [c for c, _ in self._table.key]
        return bool(key) and {c.name for c in key} == set(wording.columns) and all(c.type.one_text for c in key)

    def _select(
        self,
        group: _Group,
        rows: str,
        changed: str = "",
        *,
        column: str = "r.{0}",
        unique: bool = False,
        stored: bool = False,
        text: bool = False,
    ) -> str:
        """column: how a column of `rows` is written; stored: they are rows of the table itself; text: all are text."""
        wording = group.wording
        conditions = [changed] if changed else []
        for name in wording.named:
            if not (stored and self._columns[name].not_null):
                conditions.append(f"{column.format(self._columns[name].sql)} IS NOT NULL")
        for name, values in wording.only:
            conditions.append(f"{column.format(self._columns[name].sql)} IN ({', '.join(map(literal, values))})")
        where = (
            "WHERE " + "\n  AND ".join(textwrap.indent(c, "      ").lstrip() for c in conditions) if conditions else ""
        )
        if not wording.named:
            return self._one_message(wording, group.about, "TG_OP", where=fill("if_any", rows=rows, where=where))
        columns = [self._as_text(column, self._columns[c].sql, text) for c in wording.named]
        return fill(
            "some_keys",
            **_about(group.about, "CROSS JOIN "),
            key=self._key(wording),
            via=self._via(wording),
            source=self._source,
            columns=("" if unique else "DISTINCT ") + ", ".join(columns),
            rows=rows,
            where=where,
        )

    def _as_text(self, column: str, name: str, text: bool) -> str:
        expression = column.format(name)
        if text:
            return expression
        return f"{expression}::text" + ("" if expression == f"r.{name}" else f" AS {name}")

    def _one_message(
        self, wording: Wording, about: tuple[tuple[str, str], ...], operation: str, where: str = ""
    ) -> str:
        """A message that takes nothing from the changed row."""
        return fill(
            "one_message",
            **_about(about, "FROM "),
            key=self._key(wording),
            via=self._via(wording),
            operation=operation,
            source=self._source,
            where=where,
        )

    # -- what a message says

    def _cell(self, cell: Cell) -> str:
        return f"r.{self._columns[cell.column].sql}" if cell.column else literal(cell.text or "")

    def _key(self, wording: Wording) -> str:
        if wording.coarse:
            return "'{}'::text[]"
        return f"ARRAY[{', '.join(map(self._cell, wording.prefix))}]" if wording.prefix else "NULL::text[]"

    def _via(self, wording: Wording) -> str:
        if wording.prefix or wording.coarse:
            return "NULL::jsonb"
        known = f"'key', {_object([(name, self._cell(cell)) for name, cell in wording.known])}"
        if not wording.chain:
            return f"jsonb_build_object({known})"
        follow = f"'follow', {literal(self._chains[wording.chain])}"
        start = f"'start', {_object([(s.name, f'r.{s.sql}') for s in wording.chain.start])}"
        return f"jsonb_build_object(\n    {follow},\n    {start},\n    {known})"


def _grouped(writes: Iterable[Write], *, by_columns: bool) -> list[_Group]:
    """Together what differs in target and resource only; for an UPDATE it matters which columns a view uses."""
    groups: dict[tuple[Wording, tuple[str, ...]], list[tuple[str, str]]] = {}
    for w in writes:
        watched = tuple(c.name for c in w.watched) if by_columns else ()
        groups.setdefault((w.wording, watched), []).append((w.target, w.resource))
    return [_Group(wording, tuple(about), watched) for (wording, watched), about in groups.items()]


def _insert(selects: list[str]) -> str:
    return (
        fill("insert", selects="\nUNION ALL\n".join(selects)) if selects else "NULL;  -- no view reads a column of it"
    )


def _about(about: tuple[tuple[str, str], ...], before: str) -> dict[str, str]:
    """Target and resource in a SELECT: as constants, or as columns of a list of several."""
    if len(about) == 1:
        return {"about": ", ".join(map(literal, about[0])), "resources": ""}
    return {"about": "m.target, m.resource", "resources": f"{before}{_list(about)}"}


def _list(about: tuple[tuple[str, str], ...]) -> str:
    rows = [f"({literal(target)}, {literal(resource)})" for target, resource in about]
    return f"(VALUES {_wrapped(rows)}) AS m (target, resource)"


def _wrapped(items: list[str]) -> str:
    """On one line, or each on its own."""
    line = ", ".join(items)
    if len(line) <= _LINE:
        return line
    return "\n    " + ",\n    ".join(items) + "\n"


def _object(pairs: list[tuple[str, str]]) -> str:
    """A JSON object of text values."""
    inner = ", ".join(f"{literal(name)}, {value}" for name, value in pairs)
    return f"jsonb_build_object({inner})" if pairs else "'{}'::jsonb"


def _row(alias: str, columns: list[str]) -> str:
    return f"ROW({', '.join(f'{alias}.{c}' for c in columns)})"


def _without_key(needed: list[str], row: list[str]) -> str:
    """As text, since EXCEPT goes by the type's own equality, and json has none."""
    return fill(
        "images_without_key",
        columns="".join(f"r.{c}::text, " for c in needed),
        image=f"{_row('r', row)}::text",
    )


def resource_list(about: Iterable[tuple[str, str]]) -> str:
    """A FROM clause with targets and resources."""
    return f"FROM {_list(tuple(about))}"


@dataclass(frozen=True)
class SqlTrigger:
    name: str
    event: str
    old_rows: str | None
    new_rows: str | None
    sql: str


def triggers(member: Member, prefix: str, function: str) -> Iterator[SqlTrigger]:
    """The triggers that a table gets. prefix: of their names; `outbox`, or longer where a table has two sets."""
    for event, old, new in (
        ("INSERT", None, "changed_rows"),
        ("UPDATE", "old_rows", "new_rows"),
        ("DELETE", "changed_rows", None),
        ("TRUNCATE", None, None),
    ):
        name = f"{prefix}_{event.lower()}"
        rows = " ".join([f"OLD TABLE AS {old}"] * bool(old) + [f"NEW TABLE AS {new}"] * bool(new))
        sql = fill(
            "trigger",
            name=name,
            event=event,
            table=member.sql,
            referencing=f"REFERENCING {rows}" if rows else "",
            function=function,
        )
        yield SqlTrigger(name, event, old, new, sql)
