"""A register before, while and after it runs, as a person sees it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import click

from outbox.cli.printing import print_table
from outbox.database import Connection
from outbox.operator.status import read_status
from outbox.register.preview import Preview
from outbox.register.request import Progress, Row, follow
from outbox.resources import RESOURCES
from outbox.words import Words

# Longer than one call may take, and than the first look after a call without an answer.
STALLED_AFTER_S = 15.0
SHOWN_LINES = 40
SHOWN_ALIKE = 3
_ORDER = ("created", "updated", "removed", "unchanged", "not_ready", "held", "rejected", "skipped", "dead", "pending")
_FOR_A_PERSON = frozenset({"not_ready", "held", "dead"})


def print_preview(previews: Sequence[Preview], say: Words) -> None:
    head = ("target", "resource", "create", "update", "remove", "not ready", "held", "unchanged")
    rows = [
        (
            *(say.target(p.target), say.resource(p.resource), p.creates, p.updates, p.removals),
            *(p.not_ready, p.held, p.unchanged),
        )
        for p in previews
    ]
    if rows:
        print_table([say.heading(h) for h in head], rows)
        mails = sum(p.invitations for p in previews)
        some = say("{users} will get an invitation mail", users=say.count(mails, "new user"))
        click.echo(some if mails else say("nobody gets a mail"))


def follow_to_the_end(
    connection: Connection, targets: Sequence[str], ids: Sequence[int], is_alive: Callable[[], bool], say: Words
) -> Progress:
    """Until nothing is pending, or nothing moves any more: the relay has ended, a target is paused, or nothing was
    settled for a while. On a terminal with a progress bar.
    """
    progress, moved_at, done = Progress(()), time.monotonic(), -1
    with _bar(say("registering")) as bar:
        for progress in follow(connection, ids):
            if len(progress.rows) - progress.pending != done:
                done, moved_at = len(progress.rows) - progress.pending, time.monotonic()
            if bar is not None:
                move(bar, done, len(progress.rows))
            paused = _is_paused(connection, targets) or _waits_for_pauses(progress)
            if not is_alive() or paused or time.monotonic() - moved_at > STALLED_AFTER_S:
                break
    return progress


def _bar(label: str) -> AbstractContextManager[Any]:
    if not sys.stderr.isatty():
        return nullcontext()
    return click.progressbar(length=1, label=label, file=sys.stderr, show_eta=False)


def move(bar: Any, done: int, total: int) -> None:
    """Also when only the total changed, as what is expanded is counted no more and what it led to is: of that
    bar.update would draw nothing, and once it has reached the total it goes back no more.
    """
    bar.length, bar.pos = max(1, total), done
    bar.render_progress()


def _is_paused(connection: Connection, targets: Sequence[str]) -> bool:
    return any(s.paused_at is not None for s in read_status(connection) if s.target in targets)


def _waits_for_pauses(progress: Progress) -> bool:
    """All that is left is paused in part, and said so already."""
    errors = [r.error or "" for r in progress.rows if r.became == "pending"]
    return bool(errors) and all(e.startswith("paused: ") for e in errors)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """What a person has to see to comes first, then what waits for that, what was done, what was as it should be;
    within each by cloud, kind and key.
    """

    def place(row: Row) -> tuple[int, str, int, list[str]]:
        waits = row.became in _FOR_A_PERSON and _waits_for_parent(row)
        kind = 1 if waits else 0 if row.became in _FOR_A_PERSON else 3 if row.became == "unchanged" else 2
        return kind, row.target, list(RESOURCES).index(row.resource), row.key or []

    return sorted(rows, key=place)


def _waits_for_parent(row: Row) -> bool:
    return row.became == "not_ready" and (row.error or "").endswith("is not in the cloud")


def print_result(rows: Sequence[Row], say: Words) -> None:
    print_rows(rows, say)
    click.echo(totals(rows, say))


def print_rows(rows: Sequence[Row], say: Words) -> None:
    """A line for each row that was not as it should be. Many that wait for one parent are one line."""
    lines = _collapsed([r for r in in_order(rows) if r.became != "unchanged"], say)
    if lines:
        print_table(head(say), [cells(r, key, say) for r, key, _ in lines[:SHOWN_LINES]])
    if rest := sum(number for _, _, number in lines[SHOWN_LINES:]):
        click.echo(say("and {rows} more; --report FILE keeps them all", rows=say.count(rest, "row")))


def head(say: Words) -> list[str]:
    return [say.heading(h) for h in ("target", "resource", "key", "result", "why")]


def cells(row: Row, key: str, say: Words) -> tuple[str, ...]:
    return say.target(row.target), say.resource(row.resource), key, say.became(row.became), why(row, say)


def _collapsed(rows: Sequence[Row], say: Words) -> list[tuple[Row, str, int]]:
    """(row, its key, how many rows the line stands for)"""
    alike: dict[tuple[str, str, str | None], list[Row]] = {}
    for row in rows:
        if _waits_for_parent(row):
            alike.setdefault((row.target, row.resource, row.error), []).append(row)
    found = []
    for row in rows:
        group = alike.get((row.target, row.resource, row.error), [])
        if len(group) <= SHOWN_ALIKE or not _waits_for_parent(row):
            found.append((row, " ".join(row.key or ()), 1))
        elif row is group[0]:
            found.append((row, say.count(len(group), "row"), len(group)))
    return found


def totals(rows: Sequence[Row], say: Words) -> str:
    counts = Counter(r.became for r in rows)
    named = sorted(counts.items(), key=lambda c: _ORDER.index(c[0]) if c[0] in _ORDER else len(_ORDER))
    return ", ".join(f"{say.number(n)} {say.became(became)}" for became, n in named) or say("there is nothing to do")


def why(row: Row, say: Words) -> str:
    """Only of what needs a person or time; that a call was tried before is of no use afterwards."""
    if row.status == "dead":
        return say.refusal(row.error)
    return say.reason(row.error) if row.status != "done" or row.outcome in ("not_ready", "removed", "rejected") else ""
