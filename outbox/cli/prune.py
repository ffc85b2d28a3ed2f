"""outbox prune"""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click

from outbox.cli.opening import opened
from outbox.cli.printing import count, print_json
from outbox.operator.prune import Pruned, Retention, preview, retention
from outbox.operator.prune import prune as remove
from outbox.relay.connection import connect


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be removed, remove nothing.")
@click.option("--json", "as_json", is_flag=True, help="The numbers, for a program.")
def prune(dry_run: bool, as_json: bool) -> None:
    """Forget what is old: documents, calls, messages.

    After 30, 90 and 400 days, which are settings. What is pending, held or dead stays, whatever its age, and so does
    the message that brought what a cloud holds now. Works in small batches. The relay does the same once a day
    (prune_every_s).

    \b
    Examples:
      outbox prune --dry-run
      outbox prune --json
    """
    with opened() as at:
        keep = retention(at.settings)
        pruned = preview(at.connection, keep) if dry_run else asyncio.run(_remove(at.settings.dsn.reveal(), keep))
    if as_json:
        print_json({"dry_run": dry_run, "keep_days": asdict(keep), **asdict(pruned)})
    else:
        click.echo(_describe(pruned, "would be removed" if dry_run else "removed"))


async def _remove(dsn: str, keep: Retention) -> Pruned:
    async with await connect(dsn) as connection:
        return await remove(connection, keep)


def _describe(pruned: Pruned, done: str) -> str:
    if pruned == Pruned(0, 0, 0):
        return "nothing is old enough to be removed"
    parts = (count(pruned.documents, "document"), count(pruned.attempts, "call"), count(pruned.messages, "message"))
    return f"{done}: {', '.join(parts)}"
