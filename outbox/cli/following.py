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
from outbox.register import Connection, Preview, Progress, Row, follow
from outbox.status import read_status
from outbox.words import Words

# Longer than one call may take, and than the first look after a call without an answer.
STALLED_AFTER_S = 15.0
SHOWN_ROWS = 40
_ORDER = ("created", "updated", "removed", "unchanged", "not_ready", "held", "dead", "pending")
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
        click.echo(
            say("{users} will get an invitation mail", users=say.count(mails, "new user"))
            if mails
            else say("nobody gets a mail")
        )


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
                bar.length = max(1, len(progress.rows))
                bar.update(done - bar.pos)
            if not is_alive() or _is_paused(connection, targets) or time.monotonic() - moved_at > STALLED_AFTER_S:
                break
    return progress


def _bar(label: str) -> AbstractContextManager[Any]:
    if not sys.stderr.isatty():
        return nullcontext()
    return click.progressbar(length=1, label=label, file=sys.stderr, show_eta=False)


def _is_paused(connection: Connection, targets: Sequence[str]) -> bool:
    return any(s.paused_at is not None for s in read_status(connection) if s.target in targets)


def in_order(rows: Sequence[Row]) -> list[Row]:
    """What a person has to see to comes first, then what was done, then what was as it should be."""
    return sorted(rows, key=lambda r: (r.became not in _FOR_A_PERSON, r.became == "unchanged"))


def print_result(rows: Sequence[Row], say: Words) -> None:
    """A line for each row that was not as it should be, then the totals."""
    telling = [r for r in in_order(rows) if r.became != "unchanged"]
    if telling:
        table = [
            (say.target(r.target), say.resource(r.resource), " ".join(r.key or ()), say.became(r.became), why(r, say))
            for r in telling[:SHOWN_ROWS]
        ]
        print_table([say.heading(h) for h in ("target", "resource", "key", "result", "why")], table)
    if len(telling) > SHOWN_ROWS:
        more = say.count(len(telling) - SHOWN_ROWS, "row")
        click.echo(say("and {rows} more; --report FILE keeps them all", rows=more))
    click.echo(totals(rows, say))


def totals(rows: Sequence[Row], say: Words) -> str:
    counts = Counter(r.became for r in rows)
    named = sorted(counts.items(), key=lambda c: _ORDER.index(c[0]) if c[0] in _ORDER else len(_ORDER))
    return ", ".join(f"{say.number(n)} {say.became(became)}" for became, n in named) or say("there is nothing to do")


def why(row: Row, say: Words) -> str:
    """Only of what needs a person or time; that a call was tried before is of no use afterwards."""
    return say.reason(row.error) if row.status != "done" or row.outcome in ("not_ready", "removed") else ""
