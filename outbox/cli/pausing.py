"""What is not sent to now, as `status` and `register` say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from outbox.operator.pauses import Pause, describe, name_in_words
from outbox.operator.status import cut
from outbox.words import Words

SHOWN = 3
ALL = "outbox status --json"


def print_pauses(pauses: Sequence[Pause], say: Words, *, whole: bool = False) -> int:
    """One line each, few, since `status` has to fit a terminal; answers how many. whole: paused targets too."""
    told = [p for p in pauses if whole or not _is_whole(p)]
    lines = [cut(describe(p, say), 150) for p in told[:SHOWN]]
    if len(told) > SHOWN:
        parts = say.count(len(told) - SHOWN, "more")
        lines.append(say("and {parts} that nothing is sent to: {command}", parts=parts, command=ALL))
    for line in lines:
        click.echo(line)
    return len(lines)


def part_steps(pauses: Iterable[Pause], say: Words) -> list[str]:
    """What a person should do about parts that are paused; the same for many is said once."""
    parts = [p for p in pauses if p.command and not _is_whole(p)]
    if len(parts) > SHOWN:
        return [
            say(
                "{parts} paused; what and why: {command}; each ends with outbox resume",
                parts=say.count(len(parts), "part"),
                command=ALL,
            )
        ]
    return [
        say(
            "paused: {what} ({why}); when that is put right: {command}",
            what=name_in_words(p, say),
            why=cut(say.reason(p.why)),
            command=p.command,
        )
        for p in parts
    ]


def _is_whole(pause: Pause) -> bool:
    return pause.kind == "paused" and not (pause.resource or pause.company)
