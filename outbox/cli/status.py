"""outbox status"""

from __future__ import annotations

from dataclasses import asdict

import click

from outbox.cli.language import Spoken, spoken
from outbox.cli.opening import opened
from outbox.cli.pausing import part_steps, print_pauses
from outbox.cli.printing import print_json, print_table
from outbox.install.identity import read_identity
from outbox.operator.pauses import read_pauses
from outbox.operator.status import TargetStatus, next_steps, read_status
from outbox.words import Words

SCREEN = 24  # lines, whatever happens


@click.command(cls=Spoken)
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
@spoken
def status(as_json: bool, say: Words) -> None:
    """Who relays, how far behind, what is stuck, what to do?

    Ends with 0 whatever it shows.

    \b
    Example:
      outbox status
    """
    with opened() as at:
        targets = read_status(at.connection)
        pauses = read_pauses(at.connection)
        outbox = read_identity(at.connection)
    steps = [say("capture is switched off: {command}", command="SELECT outbox.capture_on()")] if outbox.is_off else []
    if not outbox.is_home:
        steps.append(say("this outbox was restored or copied, and sends nothing from here") + ": outbox adopt")
    steps += next_steps(targets, say) + part_steps(pauses, say)
    if as_json:
        print_json({"targets": [asdict(t) for t in targets], "pauses": [asdict(p) for p in pauses], "next": steps})
        return
    for target in targets:
        click.echo(f"{say.target(target.target):<16} {_state(target, say)}; {_verified(target, say)}")
        click.echo(f"{'':<16} {_relay(target, say)}")
    room = SCREEN - 2 * len(targets) - print_pauses(pauses, say) - _print_backlog(targets, say)
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
    """Who, since when, with how many of the lanes; of several, the oldest."""
    served = say("{served} of {lanes}", served=sum(r.lanes for r in target.relays), lanes=target.lanes)
    if not target.relays:
        return say("no relay")
    oldest, *others = target.relays
    text = say(
        "relay {holder} since {moment}",
        holder=oldest.holder.removesuffix(f"/{target.target}"),
        moment=say.moment(oldest.since),
    )
    more = say(" and {number} more", number=len(others)) if others else ""
    return f"{text}{more}; {say('lanes')} {served}"


def _verified(target: TargetStatus, say: Words) -> str:
    """What the last verify found, all resources together."""
    if target.verified_at is None:
        return say("never verified")
    found = {"missing": target.missing, "different": target.different, "unknown": target.unknown}
    what = ", ".join(f"{say.number(n)} {say.heading(name)}" for name, n in found.items() if n)
    return say("verified {moment}: {what}", moment=say.moment(target.verified_at), what=what or say.heading("equal"))


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
