"""outbox pause, outbox resume"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from outbox.cli.opening import opened
from outbox.cli.printing import print_json
from outbox.database import Connection, deciding
from outbox.desired_views import read_views
from outbox.errors import NothingFound
from outbox.explain.facts import explain
from outbox.operator import pauses
from outbox.resources import RESOURCES, TARGETS, name_part


def _part(command: Callable[..., Any]) -> Callable[..., Any]:
    """What both are told: TARGET, RESOURCE, --company, --json."""
    command = click.option("--json", "as_json", is_flag=True, help="The result, for a program.")(command)
    command = click.option("--company", help="What has this company_code in its key.")(command)
    command = click.argument("resource", type=click.Choice(list(RESOURCES)), required=False, metavar="[RESOURCE]")(
        command
    )
    return click.argument("target", type=click.Choice(TARGETS), required=False, metavar="[TARGET]")(command)


@click.command()
@_part
@click.option("--reason", required=True, help="Why; kept with who and when in outbox.decision.")
def pause(target: str | None, resource: str | None, company: str | None, reason: str, as_json: bool) -> None:
    """Send nothing: to a TARGET, of a RESOURCE, for a company.

    Without TARGET: to no cloud. RESOURCE is one of users, companies, company_access, app_access, projects, cost_types,
    cost_centres. Changes wait, and are sent after `outbox resume`. A relay at work stops within a second; calls
    that are under way come to their end. Access that is revoked waits as well.

    \b
    Examples:
      outbox pause visma_net --reason "maintenance until noon"
      outbox pause visma_net projects --company 001 --reason "being merged"
    """
    _say("paused", "was paused already", as_json, _each("pause", target, resource, company, reason))


@click.command()
@_part
@click.option("--reason", help="Why; kept with who and when in outbox.decision.")
def resume(target: str | None, resource: str | None, company: str | None, reason: str | None, as_json: bool) -> None:
    """Send again what was paused.

    By `outbox pause`, or because the cloud does not let us. Ends exactly the pause that is named: that of a TARGET
    leaves those of its parts. --company without a RESOURCE ends all pauses of that company. A target that is down
    is tried at once.

    \b
    Examples:
      outbox resume visma_net
      outbox resume visma_net --company 001
    """
    _say("resumed", "not paused: nothing to do", as_json, _each("resume", target, resource, company, reason))


Result = tuple[str, str | None, str | None, bool]


def _each(what: str, target: str | None, resource: str | None, company: str | None, reason: str | None) -> list[Result]:
    for name, value in (("reason", reason), ("company", company)):
        if value is not None and not value.strip():  # of a variable without a value: never more than was asked
            raise click.UsageError(f"--{name} is empty")
    if company and resource == "users":
        raise click.UsageError("a user belongs to no company: leave --company out")
    with opened() as at:
        if target and resource and what == "pause" and resource not in read_views(at.connection, target):
            raise NothingFound(f"there is no desired view {target}.{resource}", "pause what has one")
        if company and what == "pause" and not any(_knows(at.connection, t, company) for t in _targets(target)):
            raise NothingFound(f"company {company} is in no view and in no cloud", "check its code")
        with deciding(at.connection):
            return [
                (t, resource, company, pauses.decide(at.connection, what, t, resource, company, reason))
                for t in _targets(target)
            ]


def _knows(connection: Connection, target: str, company: str) -> bool:
    """Is it in the view or in the cloud? Where the view cannot tell, it is believed."""
    facts = explain(connection, target, "companies", (company,))
    return not facts.view or facts.unreadable is not None or facts.row is not None or facts.in_cloud


def _targets(target: str | None) -> tuple[str, ...]:
    return (target,) if target else TARGETS


def _say(done: str, nothing: str, as_json: bool, results: list[Result]) -> None:
    if as_json:
        names = ("target", "resource", "company", "changed")
        print_json([dict(zip(names, result, strict=True)) for result in results])
        return
    for target, resource, company, changed in results:
        click.echo(f"{name_part(resource, company, target)} {done if changed else nothing}")
