"""outbox status"""

from __future__ import annotations

from dataclasses import asdict

import click

from outbox.cli.language import spoken
from outbox.cli.opening import opened
from outbox.cli.pausing import part_steps, print_pauses
from outbox.cli.printing import print_json, print_table
from outbox.operator.pauses import read_pauses
from outbox.operator.status import TargetStatus, next_steps, read_status
from outbox.words import Words

SCREEN = 24  # lines, whatever happens


@click.command()
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
@spoken
def status(as_json: bool, say: Words) -> None:
    """Is a relay at work, how far behind is it, what is stuck, what to do?

    Ends with 0 whatever it shows.

    \b
    Example:
      outbox status
    """
    with opened() as at:
        targets = read_status(at.connection)
        pauses = read_pauses(at.connection)
    steps = [step for t in targets for step in next_steps(t, say)] + part_steps(pauses, say)
    if as_json:
        print_json({"targets": [asdict(t) for t in targets], "pauses": [asdict(p) for p in pauses], "next": steps})
        return
    for target in targets:
        click.echo(f"{say.target(target.target):<16} {_state(target, say)}; {_relay(target, say)}")
    room = SCREEN - len(targets) - print_pauses(pauses, say) - _print_backlog(targets, say)
    for step in steps if len(steps) <= room else steps[: room - 1]:
        click.echo(say("next: {step}", step=step))
    if len(steps) > room:
        click.echo(say("and more: {command}", command="outbox status --json"))


def _state(target: TargetStatus, say: Words) -> str:
    if target.active_since is None:
        return say("not active yet")
    if target.paused_at is not None:
        return say("paused since {moment}", moment=say.moment(target.paused_at))
    return say("active since {moment}", moment=say.moment(target.active_since))


def _relay(target: TargetStatus, say: Words) -> str:
    return say("relay {holder}", holder=target.relay) if target.relay else say("no relay")


def _print_backlog(targets: list[TargetStatus], say: Words) -> int:
    """Answers how many lines that took."""
    rows = [
        (
            *(say.target(t.target), say.resource(b.resource), b.pending, b.held, b.dead, b.in_doubt),
            say.duration(b.oldest_s) if b.oldest_s is not None else "-",
        )
        for t in targets
        for b in t.backlog
    ]
    if not rows:
        click.echo(say("nothing waits, nothing is stuck"))
        return 1
    heads = ("target", "resource", "pending", "held", "dead", "in doubt", "oldest")
    print_table([say.heading(h) for h in heads], rows)
    return len(rows) + 1
