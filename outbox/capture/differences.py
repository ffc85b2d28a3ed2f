"""Where the database is not as it should be: what `install` mends and `check` reports."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from outbox.capture.generate import SqlFunction
from outbox.capture.present import FIRES, InstalledFunction, Present
from outbox.capture.sqltext import fill
from outbox.capture.wanted import ViewName, Wanted, is_whole, remembered_function


@dataclass(frozen=True)
class Difference:
    """One thing, in words, and the statements that mend it. table: on which they need a lock.

    unseen: changes of these resources may have gone uncaptured, so they are to be rechecked. harmless: it only costs.
    """

    what: str
    evidence: str
    statements: tuple[str, ...]
    table: str | None = None
    unseen: frozenset[ViewName] = field(default_factory=frozenset)
    harmless: bool = False


def function_differences(wanted: Wanted, present: Present) -> Iterator[Difference]:
    """Missing, outdated and altered functions."""
    remembered = present.remembered("function")
    for function in wanted.functions.values():
        found = present.functions.get(function.name)
        statements = (*function.statements, *_rights(function, present))
        unseen = wanted.written_by(function.name)
        if found is None:
            was_there = function.name in remembered
            yield Difference(
                f"function {function.signature}", "is missing", statements, unseen=unseen if was_there else frozenset()
            )
        elif evidence := _altered(function, found):
            if remembered.get(function.name) == remembered_function(found).hash and is_whole(found):
                yield Difference(f"function {function.signature}", _OUTDATED, statements)
            else:
                yield Difference(f"function {function.signature}", evidence, statements, unseen=unseen)


def _rights(function: SqlFunction, present: Present) -> Iterator[str]:
    """All functions have one owner, with whose rights they run; only the relay follows chains."""
    if present.relay and function.name.startswith("follow_"):
        yield fill("grant", signature=function.signature, role=present.relay)
    if present.owner:
        yield fill("owner", signature=function.signature, owner=present.owner)


_OUTDATED = "does what the views or the program needed at the last install"


def _altered(function: SqlFunction, found: InstalledFunction) -> str | None:
    if found.body != function.body:
        return "was altered since the install"
    if not found.definer:
        return "is no longer SECURITY DEFINER, so that it runs with the rights of the application"
    if sorted(found.settings) != sorted(function.settings):
        return f"has other settings: {', '.join(found.settings) or 'none'}"
    if found.public:
        return "may be executed by PUBLIC"
    return None


def trigger_differences(wanted: Wanted, present: Present) -> Iterator[Difference]:
    """Missing, altered and disabled triggers, and those that nothing needs any more."""
    names = {(t.relation, t.name): t for t in present.triggers}
    for trigger, sql in wanted.triggers.items():
        unseen = wanted.written_by(trigger.function)
        what = f"trigger {trigger.name} on {trigger.table}"
        if trigger not in present.triggers:
            evidence = "is another one" if (trigger.relation, trigger.name) in names else "is missing"
            yield Difference(what, evidence, (sql,), trigger.table, unseen)
        elif present.triggers[trigger] not in FIRES:
            enable = fill("enable_trigger", table=trigger.table, name=trigger.name)
            yield Difference(what, "is disabled", (enable,), trigger.table, unseen)
    needed = {(t.relation, t.name) for t in wanted.triggers}
    for trigger in present.triggers:
        if (trigger.relation, trigger.name) not in needed:
            drop = fill("drop_trigger", table=trigger.table, name=trigger.name)
            yield Difference(
                f"trigger {trigger.name} on {trigger.table}", "is not needed", (drop,), trigger.table, harmless=True
            )
