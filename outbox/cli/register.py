"""outbox register"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import nullcontext

import click

from outbox.cli.following import follow_to_the_end, print_preview, print_result
from outbox.cli.opening import Opened, opened
from outbox.cli.pausing import print_pauses
from outbox.cli.printing import count
from outbox.cli.rest import judge_rest
from outbox.errors import CloudUnavailable, InstallError
from outbox.pauses import read_pauses
from outbox.register import confirm, find_relay, preview, served_targets
from outbox.resources import RESOURCES, TARGETS
from outbox.status import read_status
from outbox.targets.delivery import Key
from outbox.wiring import at_work, make_service


@click.command()
@click.argument("resources", nargs=-1, type=click.Choice(list(RESOURCES)), metavar="[RESOURCE]...")
@click.option("--target", type=click.Choice(TARGETS), help="One of the clouds; else all that have desired views.")
@click.option("--key", multiple=True, help="One key of one RESOURCE; several make a composite key.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, write nothing, call nothing.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def register(resources: tuple[str, ...], target: str | None, key: Key, dry_run: bool, yes: bool) -> None:
    """Recheck everything, some resources, or one key, and report the result.

    RESOURCE is one of users, companies, company_access, app_access, projects, cost_types, cost_centres. The first
    register of a target is what makes it active. Where no relay is at work, this command is one for the time. It may
    be interrupted and run again.

    \b
    Examples:
      outbox register --dry-run
      outbox register projects --target visma_net --key 001 --key P0001
    """
    _check_key(resources, key)
    with opened() as at:
        targets = _choose_targets(at, target)
        previews = [p for t in targets for p in preview(at.connection, t, resources, key)]
        print_preview(previews)
        print_pauses([p for p in read_pauses(at.connection) if p.target in targets], whole=True)
        if not previews:
            raise InstallError(f"there is no desired view for {' '.join(resources) or 'anything'}")
        if dry_run or not _agreed(yes):
            return
        _register(at, sorted({p.target for p in previews}), resources, key)


def _check_key(resources: Sequence[str], key: Key) -> None:
    if key and len(resources) != 1:
        raise click.UsageError("--key needs exactly one RESOURCE")
    if key and len(key) > len(RESOURCES[resources[0]].key):
        columns = ", ".join(RESOURCES[resources[0]].key)
        raise click.UsageError(f"the key of {resources[0]} is {columns}: {count(len(key), 'value')} are too many")


def _choose_targets(at: Opened, target: str | None) -> list[str]:
    served = served_targets(at.connection)
    if not served or (target is not None and target not in served):
        raise InstallError(f"there is no desired view for {target or 'any target'}", "make one as in sql/views")
    return [target] if target else served


def _agreed(yes: bool) -> bool:
    if yes:
        return True
    if not sys.stdin.isatty():
        raise click.UsageError("register asks before it writes, and there is nobody to ask: say --yes")
    return click.confirm("Register?")


def _register(at: Opened, targets: list[str], resources: Sequence[str], key: Key) -> None:
    idle = [t for t in targets if find_relay(at.connection, t) is None]
    relay = at_work(make_service(at.settings, idle)) if idle else nullcontext()
    with at.connection.transaction():
        ids = [i for t in targets for i in confirm(at.connection, t, resources, key)]
    with relay as thread:
        progress = follow_to_the_end(at.connection, targets, ids, lambda: thread is None or thread.is_alive())
    print_result(progress)
    if progress.pending:
        judge_rest(s for s in read_status(at.connection) if s.target in targets)
        raise CloudUnavailable(
            f"{count(progress.pending, 'message')} are still pending, and nothing moves", "outbox status"
        )
