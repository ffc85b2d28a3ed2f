"""A register before, while and after it runs, as a person sees it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

import click

from outbox.cli.printing import count, print_table
from outbox.register import Connection, Preview, Progress, Row, follow
from outbox.status import read_status

# Longer than one call may take, and than the first look after a call without an answer.
STALLED_AFTER_S = 15.0
SHOWN_ROWS = 20


def print_preview(previews: Sequence[Preview]) -> None:
    head = ("target", "resource", "create", "update", "remove", "not ready", "unchanged")
    rows = [(p.target, p.resource, p.creates, p.updates, p.removals, p.not_ready, p.unchanged) for p in previews]
    if rows:
        print_table(head, rows)
        mails = sum(p.invitations for p in previews)
        click.echo(f"{count(mails, 'new user')} will get an invitation mail" if mails else "nobody gets a mail")


def follow_to_the_end(
    connection: Connection, targets: Sequence[str], ids: Sequence[int], is_alive: Callable[[], bool]
) -> Progress:
    """With a progress bar, until nothing is pending, or nothing moves any more: the relay has ended, a target is
    paused, or nothing was settled for a while.
    """
    progress, moved_at, done = Progress(()), time.monotonic(), -1
    with click.progressbar(length=1, label="registering", file=sys.stderr, show_eta=False) as bar:
        for progress in follow(connection, ids):
            if len(progress.rows) - progress.pending != done:
                done, moved_at = len(progress.rows) - progress.pending, time.monotonic()
            bar.length = max(1, len(progress.rows))
            bar.update(done - bar.pos)
            if not is_alive() or _is_paused(connection, targets) or time.monotonic() - moved_at > STALLED_AFTER_S:
                break
    return progress


def _is_paused(connection: Connection, targets: Sequence[str]) -> bool:
    return any(s.paused_at is not None for s in read_status(connection) if s.target in targets)


def print_result(progress: Progress) -> None:
    """Totals, and the rows about which somebody has to do something."""
    results = progress.results()
    counts = Counter(r.became.replace("_", " ") for r in results)
    click.echo(", ".join(f"{number} {became}" for became, number in sorted(counts.items())) or "all is as it should be")
    wanting = [r for r in results if r.became in ("held", "dead", "not_ready")]
    for row in wanting[:SHOWN_ROWS]:
        click.echo("  " + _describe(row))
    if len(wanting) > SHOWN_ROWS:
        click.echo(f"  and {len(wanting) - SHOWN_ROWS} more: sql/audit/held.sql, dead.sql, not_ready.sql")


def _describe(row: Row) -> str:
    key = " ".join(row.key or ())
    return f"{row.target} {row.resource} {key}: {row.became.replace('_', ' ')} ({row.error})"
