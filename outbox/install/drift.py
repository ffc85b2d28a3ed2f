"""What changed since the install, found from the catalogue alone: no view is parsed and no source table locked, so the
relay can ask every minute. A rename, a new partition or a disabled trigger raises no error in capture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from outbox.capture.catalogue import pin_settings, read_catalogue
from outbox.capture.present import FIRES, Present, read_present
from outbox.capture.wanted import (
    ViewName,
    is_whole,
    lasting,
    remembered_function,
    remembered_trigger,
    rests_on,
    view_name,
)
from outbox.database import Connection

Facts = dict[str, Any]


def drifted(connection: Connection) -> dict[ViewName, str]:
    """Target and resource of what may be captured wrongly, each with one reason; empty: all is as installed."""
    with connection.transaction():
        pin_settings(connection)
        present = read_present(connection)
        if present.remembered("off"):  # on purpose: capture_on() rechecks everything
            return {}
        views = {m.name: m.facts for m in rests_on(connection, read_catalogue(connection))}
    found: dict[ViewName, str] = {}
    for name, (_, known) in _kind(present, "view").items():
        reasons = differences_of(known, views[name]) if name in views else [f"the view {name} is gone"]
        if reasons:
            found[view_name(name)] = reasons[0]
    for function, reason in _altered(present).items():
        for name, (_, tables) in _kind(present, "capture").items():
            if any(t["function"] == function for t in tables.values()):
                found.setdefault(view_name(name), reason)
    return found


def differences_of(known: Facts, current: Facts) -> list[str]:
    """In words, what a view rests on and what changed of it.

    In a restored database the stored definitions and the numbers of columns say nothing until the next install.
    """
    restored = known["home"] != current["home"]
    # of two versions of the server each shows a view in its own words
    other = "" if known["home"].split()[-1:] == current["home"].split()[-1:] else ", or this server shows it otherwise"
    if restored:
        known, current = lasting(known), lasting(current)
    found = []
    kind = "texts" if "texts" in current else "trees"
    found += [
        f"the view {name} is another one than at install{other}"
        for name, digest in known.get(kind, {}).items()
        if current.get(kind, {}).get(name, digest if restored else None) != digest
    ]
    found += [
        f"the {word} {name} is another one than at install"
        for word in ("function", "type", "expression")
        for name, digest in known.get(f"{word}s", {}).items()
        if current[f"{word}s"].get(name, digest) != digest
    ]
    for name, table in known["tables"].items():
        if name not in current["tables"]:
            found.append(f"the table {name} has another name, or is read no more")
            continue
        found += [f"{m} is now {what}" for m, what in current["tables"][name].get("unseen", {}).items()]
        if not restored:
            found += _table_differences(name, table, current["tables"][name])
    if not found and _without_texts(known) != _without_texts(current):
        found.append("what the view rests on is not as at install")
    return found


def _without_texts(facts: Facts) -> Facts:
    return {name: value for name, value in facts.items() if name != "texts"}


def _table_differences(name: str, known: Facts, current: Facts) -> Iterator[str]:
    columns = {number: rest for number, *rest in current["columns"]}
    for number, column, type_, not_null in known["columns"]:
        if number not in columns:
            yield f"column {column} of {name} is read no more"
            continue
        now, now_type, now_not_null = columns[number]
        if now != column:
            yield f"column {column} of {name} is now called {now}"
        if now_type != type_:
            yield f"column {column} of {name} was {type_} and is {now_type}"
        if not_null and not now_not_null:
            yield f"column {column} of {name} may now be null"
    for member in sorted(set(current["members"]) - set(known["members"])):
        yield f"{member} became a part of {name}, or {name} of it"
    for member in sorted(set(known["members"]) - set(current["members"])):
        yield f"{member} is no part of {name} any more"
    if known["key"] != current["key"]:
        yield f"the primary key of {name} is another one"


def _altered(present: Present) -> dict[str, str]:
    """Function -> what is wrong with it or with a trigger that calls it."""
    found = {}
    triggers = {(t := remembered_trigger(trigger)).name: (t.hash, on) for trigger, on in present.triggers.items()}
    for name, (hash_, facts) in _kind(present, "trigger").items():
        if name not in triggers or triggers[name][0] != hash_:
            found[facts["function"]] = f"the trigger {name} is missing or altered"
        elif triggers[name][1] not in FIRES:
            found[facts["function"]] = f"the trigger {name} is disabled"
    for name, (hash_, _) in _kind(present, "function").items():
        function = present.functions.get(name)
        if function is None or remembered_function(function).hash != hash_ or not is_whole(function):
            found[name] = f"the function outbox.{name} is missing or altered"
    return found


def _kind(present: Present, kind: str) -> dict[str, tuple[str, Facts]]:
    return {name: row for (k, name), row in present.manifest.items() if k == kind}
