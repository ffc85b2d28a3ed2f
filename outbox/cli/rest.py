"""What a drain left behind, as a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Iterable

import click

from outbox.errors import CloudUnavailable, NotPermitted
from outbox.operator.status import TargetStatus
from outbox.words import Words


def judge_rest(served: Iterable[TargetStatus], say: Words | None = None) -> None:
    """Raises NotPermitted for a paused target, CloudUnavailable where messages were tried and wait."""
    say = say or Words()
    for status in served:
        target, pending, waiting = say.target(status.target), status.count("pending"), status.count("waiting")
        messages = say.count(pending, "message")
        if pending and status.active_since is None:
            text = say(
                "{target} waits for its first register, and with it {messages}", target=target, messages=messages
            )
            click.echo(text, err=True)
        elif pending and status.paused_at is not None:
            why = say.reason(status.why)
            raise NotPermitted(
                say("{target} is paused, {messages} pending: {why}", target=target, messages=messages, why=why),
                say("put that right, then: {command}", command=f"outbox resume {status.target}"),
            )
        elif waiting:
            error = say.reason(next(b.error for b in status.backlog if b.waiting))
            messages = say.count(waiting, "message")
            text = say(
                "{target}: {messages} to be tried again later: {why}", target=target, messages=messages, why=error
            )
            raise CloudUnavailable(text, "outbox relay")
