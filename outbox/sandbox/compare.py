"""Does the sandbox hold what the desired views say? Asked of the two ends, once writers stop and the queue is drained:
a row finds its object by the natural key (e-mail, external id), whatever the mirror believes.

Only of a key that need not be equal (not ready and so frozen, held, dead) the mirror tells which object it has: that
object and nothing else is left out, so that an object which nobody asks for is found, and one that is missing, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from outbox.config import TargetSettings
from outbox.resources import RESOURCES, TARGETS
from outbox.sandbox.desired import Rows, read_desired
from outbox.sandbox.holdings import Holdings, read_holdings
from outbox.schedule import parent_key
from outbox.targets.delivery import Document, Key

_UNASKED = "is in the cloud, and no row asks for it"


@dataclass(frozen=True)
class Comparison:
    """Of one resource. rows: in the view; ready: those of them that the cloud must hold, if their parents are there;
    held: in the cloud; differences: one sentence each.
    """

    target: str
    resource: str
    rows: int
    ready: int
    held: int
    differences: list[str]


def differences(
    connection: psycopg.Connection[Any],
    state: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, TargetSettings] | None = None,
) -> list[str]:
    """One sentence for each difference between the views and what /sandbox/state showed; none: they are equal."""
    return [line for c in compare(connection, state, settings) for line in c.differences]


def compare(
    connection: psycopg.Connection[Any],
    state: Mapping[str, Mapping[str, Any]],
    settings: Mapping[str, TargetSettings] | None = None,
) -> list[Comparison]:
    """For every resource that has a view. Of the settings count the licence prefix, the segments and the status of
    removed projects.
    """
    return [
        comparison
        for target in TARGETS
        for comparison in _compare_target(
            connection, state[target], (settings or {}).get(target, TargetSettings(target))
        )
    ]


def _compare_target(
    connection: psycopg.Connection[Any], state: Mapping[str, Any], settings: TargetSettings
) -> Iterable[Comparison]:
    desired = read_desired(connection, settings.name)
    holdings = read_holdings(state, desired, settings)
    for name, rows in desired.resources.items():
        held = {k: d for k, d in holdings.resources[name].items() if not _is_over(name, d, settings.removed_status)}
        found = [f"{stranger}: {_UNASKED}" for stranger in holdings.strangers.get(name, [])]
        found += [f"{' '.join(key)}: {what}" for key, what in _missing_or_other(name, rows, holdings)]
        found += [f"{' '.join(k)}: {_UNASKED}" for k in held if k not in rows.ready and k not in rows.exempt]
        sentences = [f"{settings.name} {name} {line}" for line in found]
        total = len(rows.ready) + len(rows.not_ready)
        yield Comparison(settings.name, name, total, len(rows.binding), len(held), sentences)


def _is_over(name: str, document: Document, removed_status: str) -> bool:
    """The ERP knows no delete of a project: one that was removed says so by its status."""
    return name == "projects" and document["status"] == removed_status


def _missing_or_other(name: str, rows: Rows, holdings: Holdings) -> Iterable[tuple[Key, str]]:
    held = holdings.resources[name]
    for key, document in rows.binding.items():
        if not _has_parents(name, key, holdings):
            continue
        if key not in held:
            yield key, "is not in the cloud"
            continue
        for column, wanted in document.items():
            if held[key].get(column) != wanted:
                yield key, f"{column} is {held[key].get(column)!r} and should be {wanted!r}"


def _has_parents(name: str, key: Key, holdings: Holdings) -> bool:
    """A child is not sent before its parents are there; that a parent is missing is told of the parent."""
    return all(
        parent_key(name, key, parent.resource) in holdings.resources[parent.resource]
        for parent in RESOURCES[name].parents
    )
