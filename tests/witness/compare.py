"""Does the sandbox hold what the desired views say? Asked of the two ends, once writers stop and the queue is drained:
a row finds its object by the natural key (e-mail, external id), whatever the mirror believes.

Only of a key that need not be equal (not ready and so frozen, held, dead) the mirror tells which object it has: that
object and nothing else is left out, so that an object which nobody asks for is found, and one that is missing, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from outbox.config import TargetSettings
from outbox.database import Connection
from outbox.relay.schedule import parent_key
from outbox.resources import RESOURCES, TARGETS
from outbox.targets.delivery import Document, Key
from tests.witness.desired import read_desired
from tests.witness.holdings import Held, Holdings, read_holdings

_UNASKED = "is in the cloud, and no row asks for it"


@dataclass(frozen=True)
class Comparison:
    """Of one resource. rows: in the view; due: those of them that the cloud must hold, since they are ready and their
    parents are there; held: in the cloud; differences: one sentence each.
    """

    target: str
    resource: str
    rows: int
    due: int
    held: int
    differences: list[str]


def compare(
    connection: Connection,
    state: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, TargetSettings] | None = None,
) -> list[Comparison]:
    """The views beside what /sandbox/state showed, for every resource that has one. Of the settings count the licence
    prefix, the segments and the status of removed projects.
    """
    return [
        comparison
        for target in TARGETS
        for comparison in _compare_target(
            connection, state[target], (settings or {}).get(target, TargetSettings(target))
        )
    ]


def _compare_target(connection: Connection, state: Mapping[str, Any], settings: TargetSettings) -> Iterable[Comparison]:
    desired = read_desired(connection, settings.name)
    holdings = read_holdings(state, desired, settings)
    for name, rows in desired.resources.items():
        due = {key: document for key, document in rows.binding.items() if _has_parents(name, key, holdings)}
        asked = rows.ready.keys() | rows.exempt
        held = {
            key: document
            for key, document in holdings.resources[name].items()
            if key in asked or not _is_over(name, document, settings.removed_status)
        }
        found = [f"{stranger}: {_UNASKED}" for stranger in holdings.strangers.get(name, [])]
        found += [f"{' '.join(key)}: {what}" for key, what in _missing_or_other(due, held)]
        found += [f"{' '.join(key)}: {_UNASKED}" for key in held if key not in asked]
        sentences = [f"{settings.name} {name} {line}" for line in found]
        yield Comparison(settings.name, name, len(rows.ready) + len(rows.not_ready), len(due), len(held), sentences)


def _has_parents(name: str, key: Key, holdings: Holdings) -> bool:
    """A child is not sent before its parents are there; that a parent is missing is told of the parent."""
    return all(
        parent_key(name, key, parent.resource) in holdings.resources[parent.resource]
        for parent in RESOURCES[name].parents
    )


def _is_over(name: str, document: Document, removed_status: str) -> bool:
    """The ERP knows no delete of a project: one that was removed says so by its status."""
    return name == "projects" and document["status"] == removed_status


def _missing_or_other(due: Held, held: Held) -> Iterable[tuple[Key, str]]:
    for key, document in due.items():
        if key not in held:
            yield key, "is not in the cloud"
            continue
        for column, wanted in document.items():
            if held[key].get(column) != wanted:
                yield key, f"{column} is {held[key].get(column)!r} and should be {wanted!r}"
