"""outbox status"""

from __future__ import annotations

from dataclasses import asdict

import click

from outbox.cli.opening import opened
from outbox.cli.pausing import part_steps, print_pauses
from outbox.cli.printing import duration, print_json, print_table
from outbox.pauses import read_pauses
from outbox.status import TargetStatus, next_steps, read_status


@click.command()
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
def status(as_json: bool) -> None:
    """Is a relay at work, how far behind is it, what is stuck, what to do?

    \b
    Example:
      outbox status
    """
    with opened() as at:
        targets = read_status(at.connection)
        pauses = read_pauses(at.connection)
    steps = [step for t in targets for step in next_steps(t)] + part_steps(pauses)
    if as_json:
        print_json({"targets": [asdict(t) for t in targets], "pauses": [asdict(p) for p in pauses], "next": steps})
        return
    for target in targets:
        click.echo(f"{target.target:<16} {_state(target)}; {_relay(target)}")
    print_pauses(pauses)
    _print_backlog(targets)
    for step in steps:
        click.echo(f"next: {step}")


def _state(target: TargetStatus) -> str:
    if target.active_since is None:
        return "not active yet"
    if target.paused_at is not None:
        return f"paused since {target.paused_at:%Y-%m-%d %H:%M}"
    return f"active since {target.active_since:%Y-%m-%d %H:%M}"


def _relay(target: TargetStatus) -> str:
    return f"relay {target.relay}" if target.relay else "no relay"


def _print_backlog(targets: list[TargetStatus]) -> None:
    rows = [
        (t.target, b.resource, b.pending, b.held, b.dead, duration(b.oldest_s) if b.oldest_s is not None else "-")
        for t in targets
        for b in t.backlog
    ]
    if rows:
        print_table(("target", "resource", "pending", "held", "dead", "oldest"), rows)
    else:
        click.echo("nothing waits, nothing is stuck")
