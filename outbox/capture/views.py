"""Which desired views there are, and whether each can be kept live: its columns, its functions, its sources.

What is refused is refused with one sentence (ViewRefused): nothing is installed then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from outbox.capture.catalogue import Catalogue, Column, Connection, Function, Relation, read_functions
from outbox.capture.dependencies import definitions, mentioned_relations, used_columns
from outbox.capture.levels import NotUnderstood
from outbox.capture.parsed import parse
from outbox.capture.stability import why_unstable
from outbox.errors import NotPermitted, ViewRefused
from outbox.resources import RESOURCES

_KEY_TYPES = {"text", "varchar", "bpchar", "name", "citext", "int2", "int4", "int8", "numeric", "uuid", "date", "bool"}

_TABLES_ONLY = "read ordinary tables only"

_KINDS = {
    "m": "a materialized view",
    "f": "a foreign table",
    "S": "a sequence",
}

_FUNCTION = re.compile(r":(?:funcid|aggfnoid|winfnoid) (\d+)")
_OPERATOR = re.compile(r":opno (\d+)")
_OPERATORS = re.compile(r":opnos \(o ([\d ]+)\)")
_CONVERTED = re.compile(r":resulttype (\d+)")
_SYSTEM_COLUMN = re.compile(r"\{VAR :varno -?\d+ :varattno -\d")
# regproc and the like: what they show is another name when somebody renames the object.
_NAMES = re.compile(r":(?:vartype|resulttype) (?:24|220[2-6]|3734|3769|4089|4096|4191) ")
_MOMENTS = {"now", "today", "tomorrow", "yesterday"}


def check_views(connection: Connection, catalogue: Catalogue) -> None:
    """Raises ViewRefused or NotPermitted for the first view that cannot be kept live."""
    for view in catalogue.desired():
        check_view(connection, catalogue, view)
        _check_rights(catalogue, view)


def check_view(connection: Connection, catalogue: Catalogue, view: Relation) -> None:
    """Raises ViewRefused. Whoever asks: what is needed to install it is another question."""
    if view.kind != "v":
        raise ViewRefused(
            f"{view.dotted} is {_KINDS.get(view.kind, 'a table')}, and a desired view must be a view",
            "a plain view always says what should be now: create it with CREATE VIEW",
        )
    if view.invoker:
        raise ViewRefused(
            f"the view {view.dotted} is security_invoker, so that what it shows depends on who asks",
            f"ALTER VIEW {view.sql} RESET (security_invoker)",
        )
    _check_columns(view)
    for definition in definitions(catalogue, view):
        _check_definition(connection, catalogue, view, definition)
    _check_sources(catalogue, view)


# -- columns


def _check_columns(view: Relation) -> None:
    resource = RESOURCES[view.name]
    for name in (*resource.key, *resource.columns):
        if view.column(name) is None:
            kind = "key column" if name in resource.key else "column"
            raise ViewRefused(f"the view {view.dotted} has no {kind} {name}", _contract(view))
    optional = ("missing", "withdrawn") if resource.withdrawable else ("missing",)
    for column in view.columns:
        if column.name not in (*resource.key, *resource.columns, *optional):
            raise ViewRefused(
                f"the view {view.dotted} has a column {column.name}, which no {view.name} of a target has",
                _contract(view),
            )
    for name, type_ in (("missing", "text[]"), ("withdrawn", "boolean")):
        found = view.column(name)
        if found and found.declared != type_:
            raise ViewRefused(f"column {name} of the view {view.dotted} is {found.declared}, and must be {type_}")
    for name in resource.key:
        _check_key_type(view, view.column(name))
    for name in ("start_date", "end_date"):
        _check_date_type(view, view.column(name))


def _check_key_type(view: Relation, column: Column | None) -> None:
    if column and column.base.rpartition(".")[2] not in _KEY_TYPES and column.category != "e":
        raise ViewRefused(
            f"key column {column.name} of the view {view.dotted} is {column.declared}, "
            "and a key must be text, a whole number, numeric, uuid, date, boolean or an enum",
            "cast it in the view",
        )


def _check_date_type(view: Relation, column: Column | None) -> None:
    """The ERP's dates have no time zone (P), so a moment in one would have to become the day of some place."""
    if column and column.base.rpartition(".")[2] == "timestamptz":
        raise ViewRefused(
            f"column {column.name} of the view {view.dotted} is {column.declared}, and a date has no time zone",
            "make it a date in the view, e.g. (at AT TIME ZONE 'Europe/Amsterdam')::date",
        )


def _contract(view: Relation) -> str:
    resource = RESOURCES[view.name]
    return f"its columns are {', '.join((*resource.key, *resource.columns))}, and missing if it likes"


# -- sources


def _check_sources(catalogue: Catalogue, view: Relation) -> None:
    for oid in used_columns(catalogue, view):
        relation = catalogue.relations[oid]
        if relation.schema == "outbox":
            raise _unseen(view, relation, "a table of the outbox itself")
        if relation.kind not in "rp":
            raise _unseen(view, relation, f"{_KINDS.get(relation.kind, 'not a table')}, whose changes no trigger sees")
        for member in catalogue.family[oid]:
            if member.unseen:
                part = "" if member.oid == oid else f"of which {member.dotted} is "
                raise _unseen(view, relation, f"{part}{member.unseen}")


def _unseen(view: Relation, relation: Relation, why: str) -> ViewRefused:
    return ViewRefused(f"the view {view.dotted} reads {relation.dotted}, {why}", _TABLES_ONLY)


def _check_rights(catalogue: Catalogue, view: Relation) -> None:
    for oid in used_columns(catalogue, view):
        table = catalogue.relations[oid]
        if not table.may_select:
            raise NotPermitted(
                f"the database role may not read {table.dotted}, along which {view.dotted} is followed",
                f"GRANT SELECT ON {table.sql} TO the role, or install as its owner",
            )
        for member in catalogue.family[oid]:
            if not member.may_trigger:
                raise NotPermitted(
                    f"the database role may not create triggers on {member.dotted}, which the view {view.dotted} reads",
                    f"GRANT TRIGGER ON {member.sql} TO the role, or install as its owner",
                )


# -- what the definition calls


def _check_definition(connection: Connection, catalogue: Catalogue, view: Relation, definition: Relation) -> None:
    where = f"the view {view.dotted}" + ("" if definition is view else f" (by way of {definition.dotted})")
    # a system catalogue is pinned, so that pg_depend does not tell
    if definition.system or not set(mentioned_relations(definition)) <= catalogue.relations.keys():
        raise ViewRefused(f"{where} reads a system catalogue, on which no trigger can stand", _TABLES_ONLY)
    if "{SQLVALUEFUNCTION " in definition.tree:
        raise ViewRefused(f"{where} uses {_value_function(definition)}, which no trigger sees change", _TIME)
    if "{NEXTVALUEEXPR " in definition.tree:
        raise ViewRefused(f"{where} takes the next value of a sequence", _TIME)
    if ":tablesample {" in definition.tree:
        raise ViewRefused(f"{where} has a TABLESAMPLE, which reads other rows each time", _TIME)
    if "{ROWMARKCLAUSE " in definition.tree:
        raise ViewRefused(f"{where} locks the rows that it shows", "leave out FOR UPDATE or FOR SHARE")
    if _SYSTEM_COLUMN.search(definition.tree):
        raise ViewRefused(f"{where} uses a system column, which changes unseen", "use columns of your own")
    if _NAMES.search(definition.tree):
        raise ViewRefused(
            f"{where} shows names of the server's own objects (regclass), which change unseen", _TABLES_ONLY
        )
    if moment := _moment(definition):
        raise ViewRefused(f"{where} reads the time from the text '{moment}'", _TIME)
    for function in functions_of(connection, catalogue, definition):
        if function.equals:  # neither USING nor IN shows it
            raise ViewRefused(f"{where} uses an = in place of PostgreSQL's", f"call {function.sql} by its name")
        if why := why_unstable(function):
            raise ViewRefused(f"{where} {why}", _TIME)


_TIME = "a row must follow from the rows of tables alone: keep what changes with time or session in a column"


def functions_of(connection: Connection, catalogue: Catalogue, definition: Relation) -> list[Function]:
    """All functions that the definition calls. Those that are built in stand in the stored query only."""
    tree = definition.tree
    operators = {int(o) for o in _OPERATOR.findall(tree)}
    operators |= {int(o) for found in _OPERATORS.findall(tree) for o in found.split()}
    functions = {int(f) for f in _FUNCTION.findall(tree)}
    known = catalogue.dependencies.get(definition.oid)
    types = {int(t) for t in _CONVERTED.findall(tree)} if "{COERCEVIAIO " in tree else set()
    return read_functions(connection, functions | (known.functions if known else set()), operators, types)


def _value_function(definition: Relation) -> str:
    found = re.search(r"(?i)\b(current_\w+|localtime(?:stamp)?|session_user|system_user|user)\b", definition.definition)
    return found[1].lower() if found else "the time or the user"


def _moment(definition: Relation) -> str | None:
    """'now' and the like are no functions: they become the time when they are cast."""
    try:
        tree = parse(definition)
    except NotUnderstood:
        return None
    for literal in tree.find_all(exp.Literal):
        if literal.is_string and literal.name.strip().lower() in _MOMENTS and any(map(_is_time, _casts(literal))):
            return literal.name
    return None


def _casts(literal: exp.Expr) -> Iterator[exp.Cast]:
    """The casts right around a literal, from the inside."""
    node = literal.parent
    while isinstance(node, (exp.Cast, exp.Paren)):
        if isinstance(node, exp.Cast):
            yield node
        node = node.parent


def _is_time(cast: exp.Cast) -> bool:
    return cast.is_type(*exp.DataType.TEMPORAL_TYPES)
