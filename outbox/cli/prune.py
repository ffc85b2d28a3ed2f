"""outbox prune"""

from __future__ import annotations

from dataclasses import asdict

import click

from outbox.cli.opening import opened
from outbox.cli.printing import count, print_json
from outbox.config import Settings
from outbox.operator.prune import Pruned, Retention, preview
from outbox.operator.prune import prune as remove


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be removed, remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="The numbers, for a program.")
def prune(dry_run: bool, as_json: bool) -> None:
    """Forget what is old: documents after 30 days, calls after 90, messages after 400.

    The days are settings. What is pending, held or dead stays, whatever its age, and so does the message that brought
    what a cloud holds now. Works in small batches beside a relay; the relay does not do it, so run it once a day.

    \b
    Examples:
      outbox prune --dry-run
      outbox prune --json
    """
    with opened() as at:
        keep = _retention(at.settings)
        pruned = preview(at.connection, keep) if dry_run else remove(at.connection, keep)
    if as_json:
        print_json({"dry_run": dry_run, "keep_days": asdict(keep), **asdict(pruned)})
    else:
        click.echo(_describe(pruned, "would be removed" if dry_run else "removed"))


def _retention(settings: Settings) -> Retention:
    return Retention(settings.keep_documents_days, settings.keep_attempts_days, settings.keep_messages_days)


def _describe(pruned: Pruned, done: str) -> str:
    if pruned == Pruned(0, 0, 0):
        return "nothing is old enough to be removed"
    parts = (count(pruned.documents, "document"), count(pruned.attempts, "call"), count(pruned.messages, "message"))
    return f"{done}: {', '.join(parts)}"
