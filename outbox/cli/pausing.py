"""What is not sent to now, as `status` and `register` say it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from outbox.pauses import Pause

SHOWN = 3


def print_pauses(pauses: Sequence[Pause], *, whole: bool = False) -> None:
    """One line each, few, since `status` has to fit a terminal. whole: paused targets too."""
    told = [p for p in pauses if whole or not _is_whole(p)]
    for pause in told[:SHOWN]:
        click.echo(describe(pause))
    if len(told) > SHOWN:
        click.echo(f"and {len(told) - SHOWN} more that nothing is sent to: outbox status --json")


def describe(pause: Pause) -> str:
    since = f" since {pause.since:%Y-%m-%d %H:%M}" if pause.since else ""
    ends = {"down": "next try", "told to wait": "until", "used up": "until"}
    until = f", {ends[pause.kind]} {pause.until:%H:%M:%S}" if pause.until and pause.kind in ends else ""
    return f"{pause.what} {pause.kind}{since}{until}: {pause.why}"


def part_steps(pauses: Iterable[Pause]) -> list[str]:
    """What a person should do about parts that are paused; the same for many of one target is said once."""
    parts = [p for p in pauses if p.command and not _is_whole(p)]
    if len(parts) > SHOWN:
        return [f"{len(parts)} parts are paused; what and why: outbox status --json; each ends with outbox resume"]
    return [f"{p.what} is paused ({p.why[:80]}); when that is put right: {p.command}" for p in parts]


def _is_whole(pause: Pause) -> bool:
    return pause.kind == "paused" and not (pause.resource or pause.company)
