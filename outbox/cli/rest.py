"""What a drain left behind, as a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Iterable

import click

from outbox.cli.printing import count
from outbox.errors import CloudUnavailable, NotPermitted
from outbox.status import TargetStatus


def judge_rest(served: Iterable[TargetStatus]) -> None:
    """Raises NotPermitted for a paused target, CloudUnavailable where messages were tried and wait."""
    for status in served:
        target, pending, waiting = status.target, status.count("pending"), status.count("waiting")
        if pending and status.active_since is None:
            click.echo(f"{target} waits for its first register, and so do {count(pending, 'message')}", err=True)
        elif pending and status.paused_at is not None:
            raise NotPermitted(
                f"{target} is paused, {count(pending, 'message')} pending: {status.why}",
                f"put that right, then: outbox resume {target}",
            )
        elif waiting:
            error = next(b.error for b in status.backlog if b.waiting)
            raise CloudUnavailable(
                f"{target}: {count(waiting, 'message')} to be tried again later: {error}", "outbox relay"
            )
