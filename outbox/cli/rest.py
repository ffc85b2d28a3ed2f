"""What a drain left behind, as a sentence and an exit code."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import click

from outbox.database import Connection
from outbox.errors import CloudUnavailable, NotPermitted
from outbox.operator.pauses import Pause, name_in_words, read_pauses
from outbox.operator.status import TargetStatus, read_status
from outbox.words import Words

STATUS = "outbox status"


def judge_rest(connection: Connection, targets: Collection[str], say: Words | None = None) -> None:
    """Raises NotPermitted where a pause is in the way, CloudUnavailable where messages were tried and wait."""
    say = say or Words()
    pauses = [p for p in read_pauses(connection) if p.command]
    for status in (s for s in read_status(connection) if s.target in targets):
        target, pending, waiting = say.target(status.target), status.count("pending"), status.count("waiting")
        messages = say.count(pending, "message")
        if pending and status.active_since is None:
            text = say(
                "{target} waits for its first register, and with it {messages}", target=target, messages=messages
            )
            click.echo(text, err=True)
        elif paused := _in_the_way(status, pauses):
            what, why = name_in_words(paused[0], say), say.reason(paused[0].why)
            raise NotPermitted(
                say("{target} is paused, {messages} pending: {why}", target=what, messages=messages, why=why),
                say("put that right, then: {command}", command=paused[0].command) if len(paused) == 1 else STATUS,
            )
        elif waiting:
            error = say.reason(min((b.error or "" for b in status.backlog if b.waiting), key=_is_of_a_pause))
            messages = say.count(waiting, "message")
            text = say(
                "{target}: {messages} to be tried again later: {why}", target=target, messages=messages, why=error
            )
            raise CloudUnavailable(text, "outbox relay")


def _in_the_way(status: TargetStatus, pauses: Sequence[Pause]) -> list[Pause]:
    """The pauses that all of what waits here waits for: the target's own, or those of its parts."""
    own = [p for p in pauses if p.target == status.target]
    if status.paused_at is not None:
        return own[:1] if status.count("pending") else []
    errors = [b.error or "" for b in status.backlog if b.waiting]
    return own if errors and all(map(_is_of_a_pause, errors)) else []


def _is_of_a_pause(error: str) -> bool:
    return error.startswith("paused: ")
