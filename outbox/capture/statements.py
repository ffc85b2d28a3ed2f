"""The INSERT statements in a trigger function: which rows of its transition tables become which messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from outbox.capture.catalogue import Relation
from outbox.capture.chains import Chain
from outbox.capture.sqltext import fill, json_object, literal, resource_list, spread
from outbox.capture.writes import Cell, Wording, Write

# Messages of one statement that name keys: the next one is "everything". Each costs the writer some 5 us, and twice as
# much in sending as a row costs that is looked at for nothing.
MANY = 10_000

_NO_VIA = "NULL::jsonb"
_NOTHING = "NULL;  -- no view reads a column of it"


@dataclass(frozen=True)
class Group:
    """Writes that differ in target and resource only."""

    wording: Wording
    about: tuple[tuple[str, str], ...]
    watched: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """What stands in FROM. column: how one of its columns is written; unique: no two rows say the same; text: its
    columns are text already.
    """

    sql: str
    changed: str = ""
    column: str = "r.{0}"
    unique: bool = False
    text: bool = False


class Statements:
    """Of one table. chains: the name of the function that follows each."""

    def __init__(self, table: Relation, writes: list[Write], chains: dict[Chain, str]) -> None:
        self._table = table
        self._writes = writes
        self._chains = chains
        self._columns = {c.name: c for c in table.columns}
        self._source = literal(table.dotted)

    def update(self) -> str:
        """Both images of the rows in which a column changed that the view uses."""
        groups = [g for g in _grouped(self._writes, by_columns=True) if g.watched]
        return _insert_some([self._select(g, self._images(g)) for g in groups])

    def unless_changed(self) -> str:
        """Leave, where no row changed in a column that a view uses. Each image has the primary key in it: without one,
        all pairs of rows may have to be compared. Not for a table with partitions, where rows may move unseen.
        """
        watched = {c.name for w in self._writes for c in w.watched}
        if not self._table.key or not watched:
            return ""
        watched |= {c.name for c, _ in self._table.key}
        columns = [c.sql for c in self._table.columns if c.name in watched]
        changed = fill("changed", old=_row("o", columns), new=_row("n", columns)).replace("\n", "\n      ")
        return fill("unless_changed", changed=changed)

    def insert_or_delete(self) -> str:
        """One statement for both, whose triggers give their transition table the same name."""
        groups = _grouped(self._writes, by_columns=False)
        return _insert_some(
            [self._select(g, Rows("changed_rows AS r", unique=self._is_key(g.wording))) for g in groups]
        )

    def everything(self, operation: str) -> str:
        """One message for every row of all that reads the table. operation: as SQL."""
        about = tuple(dict.fromkeys((w.target, w.resource) for w in self._writes))
        return fill("insert", selects=self._one_message(Group(Wording(), about), operation))

    # -- rows

    def _images(self, group: Group) -> Rows:
        needed = [self._columns[c].sql for c in group.wording.columns]
        watched = [self._columns[c].sql for c in group.watched]
        if not self._table.key:
            return Rows(_without_key(needed, watched), text=True)
        pairs = fill("pairs", same_key=" AND ".join(f"n.{c.sql} {op} o.{c.sql}" for c, op in self._table.key))
        changed = fill("changed", old=_row("o", watched), new=_row("n", watched))
        if self._is_key(group.wording):
            return Rows(pairs, changed, column="coalesce(n.{0}, o.{0})", unique=True)
        if not needed:
            return Rows(pairs, changed)
        images = [f"({', '.join(f'{alias}.{c}' for c in needed)})" for alias in "on"]
        both = fill("both_images", pairs=pairs, images=", ".join(images), columns=", ".join(needed))
        return Rows(both, changed)

    def _is_key(self, wording: Wording) -> bool:
        """Does it take just the primary key, in types of which equal values look alike? Then no row comes twice."""
        key = [c for c, _ in self._table.key]
        return bool(key) and {c.name for c in key} == set(wording.columns) and all(c.type.one_text for c in key)

    # -- one SELECT

    def _select(self, group: Group, rows: Rows) -> str:
        wording = group.wording
        conditions = [rows.changed] if rows.changed else []
        if not rows.unique:  # then it is the primary key; any other NOT NULL may be dropped, or not be VALID
            conditions += [f"{self._in(rows, name)} IS NOT NULL" for name in wording.named]
        for name, values in wording.only:
            family = "text" if rows.text else self._columns[name].type.family
            constants = (_constant(family, value) for value in values)
            conditions.append(f"{self._in(rows, name)} IN ({spread(constants)})")
        where = "WHERE " + "\n  AND ".join(c.replace("\n", "\n      ") for c in conditions) if conditions else ""
        if not wording.named:
            return self._one_message(group, "TG_OP", fill("if_any", rows=rows.sql, where=where))
        columns = [self._as_text(rows, name) for name in wording.named]
        return fill(
            "some_keys",
            values=self._values(group, "TG_OP"),
            columns=("" if rows.unique else "DISTINCT ") + spread(columns, ",\n       "),
            rows=rows.sql,
            where=where,
            resources=f"CROSS JOIN {resource_list(group.about)}" if len(group.about) > 1 else "",
        )

    def _one_message(self, group: Group, operation: str, where: str = "") -> str:
        """It takes nothing from the changed row."""
        resources = f"FROM {resource_list(group.about)}" if len(group.about) > 1 else ""
        return fill("one_message", values=self._values(group, operation), resources=resources, where=where)

    def _in(self, rows: Rows, name: str) -> str:
        return rows.column.format(self._columns[name].sql)

    def _as_text(self, rows: Rows, name: str) -> str:
        column, plain = self._in(rows, name), f"r.{self._columns[name].sql}"
        cast = self._columns[name].as_text
        cast = cast.removeprefix("::text") if rows.text else cast
        return f"{column}{cast}" + ("" if column == plain else f" AS {self._columns[name].sql}")

    # -- what a message says

    def _values(self, group: Group, operation: str) -> str:
        """Target and resource are constants, or columns of a list of several."""
        about = [literal(w) for w in group.about[0]] if len(group.about) == 1 else ["m.target", "m.resource"]
        what = ", ".join([*about, self._key(group.wording)])
        via = self._via(group.wording)
        between = ", " if via == _NO_VIA else ",\n       "
        return between.join([what, via, f"{operation}, {self._source}"])

    def _key(self, wording: Wording) -> str:
        if wording.coarse:
            return "'{}'::text[]"
        return f"ARRAY[{', '.join(map(self._cell, wording.prefix))}]" if wording.prefix else "NULL::text[]"

    def _via(self, wording: Wording) -> str:
        if wording.prefix or wording.coarse:
            return _NO_VIA
        known = f"'key', {json_object((name, self._cell(cell)) for name, cell in wording.known)}"
        if not wording.chain:
            return f"jsonb_build_object({known})"
        follow = f"'follow', {literal(self._chains[wording.chain])}"
        start = f"'start', {json_object((s.name, f'r.{s.sql}') for s in wording.chain.start)}"
        return "jsonb_build_object(" + f",\n{' ' * 26}".join([follow, start, known]) + ")"

    def _cell(self, cell: Cell) -> str:
        return f"r.{self._columns[cell.column].sql}" if cell.column else literal(cell.text or "")


def _constant(family: str, value: str) -> str:
    """With its type: a bare one would take that of the column, and fail the application when the column is retyped."""
    return value if family in ("int", "bool") else f"{literal(value)}::{family}"


def _grouped(writes: Iterable[Write], *, by_columns: bool) -> list[Group]:
    """For an UPDATE it matters which columns a view uses; an INSERT or DELETE is one of the whole row."""
    groups: dict[tuple[Wording, tuple[str, ...]], list[tuple[str, str]]] = {}
    for w in writes:
        watched = tuple(c.name for c in w.watched) if by_columns else ()
        groups.setdefault((w.wording, watched), []).append((w.target, w.resource))
    return [Group(wording, tuple(about), watched) for (wording, watched), about in groups.items()]


def _insert_some(selects: list[str]) -> str:
    """What is above the limit is left to a message for everything, see trigger_body."""
    return fill("insert", selects="\nUNION ALL\n".join(selects) + f"\nLIMIT {MANY}") if selects else _NOTHING


def _row(alias: str, columns: list[str]) -> str:
    return "ROW(" + spread((f"{alias}.{c}" for c in columns), ",\n    ") + ")"


def _without_key(needed: list[str], watched: list[str]) -> str:
    """As text, since EXCEPT goes by the type's own equality, and json has none."""
    columns = "".join(f"r.{c}::text, " for c in needed)
    name = "image"
    while name in needed:
        name += "_"
    return fill("images_without_key", columns=columns, image=f"{_row('r', watched)}::text", name=name)
