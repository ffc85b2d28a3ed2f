"""outbox register"""

from __future__ import annotations

from collections.abc import Container, Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from outbox.cli.agreeing import check_agreed, describe
from outbox.cli.following import follow_to_the_end, print_preview, print_result
from outbox.cli.keys import check_key
from outbox.cli.language import INTERRUPTED, Spoken, spoken
from outbox.cli.meeting import Meeting, meeting_options
from outbox.cli.opening import Opened, opened
from outbox.cli.pausing import print_pauses
from outbox.cli.printing import print_json
from outbox.cli.reporting import as_json, check_report, write_report
from outbox.cli.rest import judge_rest
from outbox.database import deciding
from outbox.desired_views import read_views, served_targets
from outbox.errors import CloudUnavailable, InstallError
from outbox.operator.pauses import read_pauses
from outbox.register.preview import Forecast, look_ahead
from outbox.register.request import Progress, Row, confirm, find_relay, follow, read_unchanged
from outbox.resources import RESOURCES, TARGETS
from outbox.service.wiring import at_work, make_limits, make_service
from outbox.targets.delivery import Key
from outbox.words import Words


@click.command(cls=Spoken)
@click.argument("resources", nargs=-1, type=click.Choice(list(RESOURCES)), metavar="[RESOURCE]...")
@click.option("--target", type=click.Choice(TARGETS), help="One of the clouds; else all that have desired views.")
@click.option("--key", multiple=True, help="One key of one RESOURCE; several make a composite key.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, write nothing, call nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--removals", type=click.IntRange(min=0), help="With --yes: so many removals are agreed to, and no other."
)
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Keep all rows in a .csv or .txt file.")
@click.option("--json", "json", is_flag=True, help="All of it, for a program.")
@meeting_options
@spoken
def register(
    resources: tuple[str, ...],
    target: str | None,
    key: Key,
    dry_run: bool,
    yes: bool,
    removals: int | None,
    report: Path | None,
    json: bool,
    meeting: Meeting,
    say: Words,
) -> int:
    """Recheck all, some resources or one key; tell what became of it.

    RESOURCE is one of users, companies, company_access, app_access, projects, cost_types, cost_centres. The first
    register of a target is what makes it active; that one asks, and so does one with many removals, invitations or
    grants. Where no relay is at work, this command is one for the time. It may be interrupted and run again.

    \b
    Ends with 0 when every row was looked at: what each became is in the report; also with
      2   wrong arguments, or there is nobody to ask and no --yes
      64  the number of removals is not the one that was agreed to: nothing was done
      69  rows are still pending, and nothing moves
      77  a target, or a part of it, is paused
      130 interrupted; run it again, or leave the rest to a relay

    \b
    Examples:
      outbox register --dry-run
      outbox register projects --target visma_net --key 001 --key P0001
      outbox register users --yes --removals 12 --report users.csv
    """
    _check_key(resources, key, say)
    check_report(report, say)
    with opened() as at:
        forecast = _look(at, target, resources, key)
        if not json:
            _print_forecast(at, forecast, key, say)
        meeting.read(at, sorted({p.target for p in forecast.previews}), say, dry_run=dry_run, quiet=json)
        if dry_run:
            print_json(as_json(forecast, say)) if json else None
            return 0
        check_agreed(forecast, yes, removals, say)
        meeting.decide(say)
        return _register(at, forecast, resources, key, meeting, report, json, say)


def _check_key(resources: Sequence[str], key: Key, say: Words) -> None:
    if key and len(resources) != 1:
        raise click.UsageError(say("--key needs exactly one RESOURCE"))
    for resource in resources:
        check_key(resource, key, say, whole=False)


def _choose_targets(at: Opened, target: str | None) -> list[str]:
    served = served_targets(at.connection)
    if not served or (target is not None and target not in served):
        raise InstallError(f"there is no desired view for {target or 'any target'}", "make one as in sql/views")
    return [target] if target else served


def _look(at: Opened, target: str | None, resources: Sequence[str], key: Key) -> Forecast:
    targets, limits = _choose_targets(at, target), make_limits(at.settings)
    forecast = look_ahead(at.connection, targets, resources, key, at.settings.targets, limits)
    absent = [r for r in resources if r not in {p.resource for p in forecast.previews}]
    if absent or not forecast.previews:
        names = ", ".join(f"{t}.{r}" for t in targets for r in absent)
        raise InstallError(f"there is no desired view for {names}", "make one as in sql/views")
    return forecast


def _print_forecast(at: Opened, forecast: Forecast, key: Key, say: Words) -> None:
    print_preview(forecast.previews, say)
    if key and not any(p.rows for p in forecast.previews):
        thing = say.thing(forecast.previews[0].resource, key)
        click.echo(say("{thing} is in no view and in no cloud; is the key right?", thing=thing))
    if _brings_more(at, forecast):
        click.echo(say("what hangs below new ones follows by itself, and is not counted here"))
    if forecast.calls:
        click.echo(
            say(
                "about {calls}, taking about {duration}",
                calls=say.count(forecast.calls, "call"),
                duration=say.duration(forecast.seconds),
            )
        )
    for excess in forecast.excesses:
        click.echo(describe(excess, say))
    for a in forecast.activations:
        waiting = say.count(a.waiting, "waiting change")
        click.echo(
            say("{cloud} becomes active: from now on every change goes out by itself", cloud=say.cloud(a.target))
            + (say(", {waiting} at once", waiting=waiting) if a.waiting else "")
        )
    targets = {p.target for p in forecast.previews}
    print_pauses([p for p in read_pauses(at.connection) if p.target in targets], say, whole=True)


def _brings_more(at: Opened, forecast: Forecast) -> bool:
    """Is something created whose children were not asked for?"""
    asked = {(p.target, p.resource) for p in forecast.previews}
    new = {(p.target, p.resource) for p in forecast.previews if p.creates}
    return any(
        (target, parent.resource) in new
        for target in {target for target, _ in new}
        for name in read_views(at.connection, target)
        if (target, name) not in asked
        for parent in RESOURCES[name].parents
    )


def _register(
    at: Opened,
    forecast: Forecast,
    resources: Sequence[str],
    key: Key,
    meeting: Meeting,
    report: Path | None,
    json: bool,
    say: Words,
) -> int:
    targets = sorted({p.target for p in forecast.previews})
    idle = [t for t in targets if find_relay(at.connection, t) is None]
    relay = at_work(make_service(at.settings, idle)) if idle else nullcontext()
    with deciding(at.connection):
        meeting.write(at, targets, resources, key)
        ids = [i for t in targets for i in confirm(at.connection, t, resources, key, shown=forecast.previews)]
    interrupted = False
    try:
        with relay as thread:
            progress = follow_to_the_end(at.connection, targets, ids, lambda: thread is None or thread.is_alive(), say)
    except KeyboardInterrupt:
        interrupted, progress = True, next(follow(at.connection, ids))
    asked = {(p.target, p.resource) for p in forecast.previews}
    rows = [r for r in progress.results(read_unchanged(at.connection, ids)) if _is_told(r, asked)]
    if report:
        write_report(report, rows, say)
    if json:
        print_json(as_json(forecast, say, rows, progress.pending))
    elif rows or not progress.pending:
        print_result(rows, say)
    return _end(at, targets, progress, interrupted, say)


def _is_told(row: Row, asked: Container[tuple[str, str]]) -> bool:
    """Not a message that is not expanded yet; and of what only hangs below what was asked for, what was done."""
    if row.key is None or len(row.key) != len(RESOURCES[row.resource].key):
        return False
    return (row.target, row.resource) in asked or row.became not in ("unchanged", "not_ready")


def _end(at: Opened, targets: Sequence[str], progress: Progress, interrupted: bool, say: Words) -> int:
    """The exit code, or the error that says why the rest waits."""
    pending = say.count(progress.pending, "message")
    if interrupted:
        click.echo(
            say("stopped; {messages} still to do: run it again, or leave them to a relay", messages=pending), err=True
        )
        return INTERRUPTED
    if progress.pending:
        judge_rest(at.connection, targets, say)
        raise CloudUnavailable(say("still pending: {messages}, and nothing moves", messages=pending), "outbox status")
    return 0
