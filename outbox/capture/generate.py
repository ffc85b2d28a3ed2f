"""From what a table must write to the objects that write it: a trigger function per source table, its triggers, and
the functions that follow chains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from outbox.capture.catalogue import Member, Relation, pinned_for
from outbox.capture.chains import Chain, safe_name
from outbox.capture.describe import header
from outbox.capture.sqltext import fill, literal
from outbox.capture.statements import MANY, Statements
from outbox.capture.writes import Write
from outbox.pinned import PINNED

# Row security must not look like deletion: an error in place of an empty read.
_NO_ROW_SECURITY = {"row_security": "off"}


@dataclass(frozen=True)
class SqlFunction:
    """A function in schema outbox: what the catalogue should hold, and the statement that sees to it."""

    name: str
    arguments: str
    body: str
    settings: tuple[str, ...]
    sql: str
    purpose: str
    header: str = ""

    @property
    def signature(self) -> str:
        return f"outbox.{self.name}({self.arguments})"

    @property
    def statements(self) -> tuple[str, ...]:
        """All that makes it: the function itself, whom it is for, what it is for."""
        return (
            f"{self.header}\n{self.sql}".lstrip(),
            fill("revoke", signature=self.signature),
            fill("comment", signature=self.signature, text=literal(self.purpose)),
        )


@dataclass(frozen=True)
class SqlTrigger:
    """A trigger with its transition tables, and the statement that creates or replaces it."""

    name: str
    event: str
    old_rows: str | None
    new_rows: str | None
    sql: str


def capture_name(table: Relation) -> str:
    """capture_<schema>_<table>; a name that needed quotes or is too long ends in a hash."""
    return safe_name(f"capture_{table.schema}_{table.name}", table.sql)


def capture_function(name: str, writes: list[Write], chains: dict[Chain, str], *, parted: bool) -> SqlFunction:
    """The trigger function of a source table. chains: the name of the function that follows each. parted: its rows may
    move from one partition to another.
    """
    statements = Statements(writes[0].table, writes, chains)
    body = fill(
        "trigger_body",
        unless_changed="" if parted else statements.unless_changed(),
        update=statements.update(),
        rows=statements.insert_or_delete(),
        many=str(MANY),
        moved=fill("moved", many=str(MANY)) if parted else "",
        everything=statements.everything("TG_OP"),
        drift=statements.everything("'DRIFT'"),
    )
    purpose = f"Writes to outbox.message what a changed row of {writes[0].table.dotted} may mean for the desired views"
    named = {name for w in writes for name in w.wording.named}
    if not writes[0].table.key:
        # The rows come as text, those columns too that are compared or decide whether there is a message.
        named |= {name for w in writes for name in (*w.wording.columns, *(c.name for c in w.watched))}
    settings = pinned_for(c for c in writes[0].table.columns if c.name in named)
    return _function("trigger_function", name, "", body, purpose, settings, header(writes, chains))


def follow_function(name: str, chain: Chain) -> SqlFunction:
    """The function that leads from values of a changed row to values of the first key column."""
    body = fill(
        "follow_body",
        anchor=f"t{len(chain.steps)}.{chain.anchor}",
        as_text=chain.as_text,
        columns=", ".join(f"{s.sql} {s.type}{_collate(s.collation)}" for s in chain.start),
        joins="\n".join(_join(n, step.table, step.on) for n, step in enumerate(chain.steps, start=1)),
    )
    purpose = (
        f"Leads from values of a changed row, by the joins of the views, to {chain.steps[-1].name}.{chain.anchor_name}"
    )
    return _function("follow_function", name, "starts jsonb", body, purpose, PINNED | _NO_ROW_SECURITY)


def triggers(member: Member, prefix: str, function: str) -> Iterator[SqlTrigger]:
    """The triggers that a table gets. prefix: of their names; `outbox`, or longer where a table has two sets."""
    for event, old, new in (
        ("INSERT", None, "changed_rows"),
        ("UPDATE", "old_rows", "new_rows"),
        ("DELETE", "changed_rows", None),
        ("TRUNCATE", None, None),
    ):
        name = f"{prefix}_{event.lower()}"
        rows = " ".join(f"{image} TABLE AS {alias}" for image, alias in (("OLD", old), ("NEW", new)) if alias)
        referencing = f"REFERENCING {rows}" if rows else ""
        sql = fill("trigger", name=name, event=event, table=member.sql, referencing=referencing, function=function)
        yield SqlTrigger(name, event, old, new, sql)


def _function(
    file: str, name: str, arguments: str, body: str, purpose: str, settings: dict[str, str], comment: str = ""
) -> SqlFunction:
    body = f"\n{body}\n"
    quote = next(q for q in ("$outbox$", "$outbox_capture$", "$outbox_body$") if q not in body)
    sql = fill(file, name=name, settings=_clauses(settings), body=quote + body + quote)
    return SqlFunction(name, arguments, body, tuple(f"{n}={v}" for n, v in settings.items()), sql, purpose, comment)


def _clauses(settings: dict[str, str]) -> str:
    quoted = '"{}"'
    lists = {"search_path": "'pg_catalog', 'pg_temp'"}  # as pg_get_functiondef shows it
    return "\n".join(
        f"SET {name if name.islower() else quoted.format(name)} TO {lists.get(name, literal(value))}"
        for name, value in settings.items()
    )


def _join(number: int, table: str, on: Iterable[tuple[str, str, int | None, str]]) -> str:
    conditions = [
        f"t{number}.{column} {equals} {'s' if at is None else f't{at + 1}'}.{other}" for column, equals, at, other in on
    ]
    return f"JOIN {table} AS t{number} ON {' AND '.join(conditions)}"


def _collate(collation: str | None) -> str:
    return f" COLLATE {collation}" if collation else ""
