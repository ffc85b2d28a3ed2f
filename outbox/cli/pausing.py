"""What is not sent to now, as `status` and `register` say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from outbox.operator.pauses import Pause
from outbox.words import Words

SHOWN = 3
ALL = "outbox status --json"


def print_pauses(pauses: Sequence[Pause], say: Words, *, whole: bool = False) -> int:
    """One line each, few, since `status` has to fit a terminal; answers how many. whole: paused targets too."""
    told = [p for p in pauses if whole or not _is_whole(p)]
    lines = [describe(p, say) for p in told[:SHOWN]]
    if len(told) > SHOWN:
        parts = say.count(len(told) - SHOWN, "more")
        lines.append(say("and {parts} that nothing is sent to: {command}", parts=parts, command=ALL))
    for line in lines:
        click.echo(line)
    return len(lines)


def describe(pause: Pause, say: Words) -> str:
    names = {"what": _what(pause, say), "why": say.reason(pause.why)}
    since = say.moment(pause.since) if pause.since else "-"
    until = f"{pause.until.astimezone():%H:%M:%S}" if pause.until else "-"
    if pause.kind == "paused":
        return say("{what} paused since {moment}: {why}", moment=since, **names)
    if pause.kind == "down":
        return say("{what} down since {moment}, next try {until}: {why}", moment=since, until=until, **names)
    if pause.kind == "used up":
        return say("{what} used up until {until}: {why}", until=until, **names)
    return say("{what} told to wait until {until}: {why}", until=until, **names)


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
            "{what} is paused ({why}); when that is put right: {command}",
            what=_what(p, say),
            why=say.reason(p.why)[:80],
            command=p.command,
        )
        for p in parts
    ]


def _what(pause: Pause, say: Words) -> str:
    """In words: projects of company 001 of visma_net."""
    what = say.target(pause.target)
    if pause.company:
        company = say("company {code}", code=pause.company)
        what = say("{part} of {whole}", part=company, whole=what)
    return say("{part} of {whole}", part=say.resource(pause.resource), whole=what) if pause.resource else what


def _is_whole(pause: Pause) -> bool:
    return pause.kind == "paused" and not (pause.resource or pause.company)
