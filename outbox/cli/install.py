"""outbox install, uninstall"""

from __future__ import annotations

import click

from outbox import install as installing
from outbox.cli.asking import agreed_by_typing
from outbox.cli.opening import opened
from outbox.cli.printing import count
from outbox.install import lanes
from outbox.install.steps import render_steps
from outbox.install.uninstall import plan_uninstall
from outbox.install.uninstall import uninstall as remove
from outbox.operator.status import read_status


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the SQL, change nothing.")
def install(dry_run: bool) -> None:
    """Make the outbox and its triggers, from the desired views.

    The first time it sends nothing and enqueues nothing. It may be run again: after a view was edited, or to see that
    nothing is to be done.

    \b
    Example:
      outbox install --dry-run | less
    """
    with opened(installed=False) as at:
        plan = installing.plan(at.connection)
        if dry_run:
            click.echo(installing.render(plan) + lanes.render(at.settings), nl=False)
            return
        installing.apply(at.connection, plan)
        refused = lanes.set_lanes(at.connection, at.settings)
        active = any(t.active_since for t in read_status(at.connection))
    for note in (*plan.notes, *refused):
        click.echo(f"note: {note}")
    if not plan:
        click.echo("nothing to do: everything is as the views ask for")
    elif active:
        click.echo("installed; the rows of active targets are rechecked")
    else:
        click.echo("installed; nothing is sent yet. Next: outbox register --dry-run, then outbox register")


@click.command()
@click.option("--dry-run", is_flag=True, help="Print the SQL, change nothing.")
@click.option("--drop-data", is_flag=True, help="Also the outbox's own tables: messages, mirror, history.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def uninstall(dry_run: bool, drop_data: bool, yes: bool) -> None:
    """Remove triggers and functions: changes are no longer noticed.

    Nothing is removed from any cloud. The source tables are as they were before the install. What the outbox holds is
    kept, unless told otherwise: without the mirror nobody knows any more what is whose in the clouds.

    \b
    Example:
      outbox uninstall --dry-run
    """
    with opened() as at:
        steps = plan_uninstall(at.connection, keep_data=not drop_data)
        if dry_run:
            click.echo(render_steps(steps, "uninstall") if steps else "-- Nothing to do.")
            return
        if not steps:
            click.echo("nothing to do: there is nothing of the outbox but its tables")
            return
        for step in steps:
            click.echo(f"{step.title}: {count(len(step.statements), 'statement')}")
        agreed_by_typing(at.connection.info.dbname, "changes are no longer captured", yes)
        remove(at.connection, steps, keep_data=not drop_data)
    click.echo("triggers and functions are removed; the clouds are as they were" + _rest(drop_data))


def _rest(drop_data: bool) -> str:
    return ", and the outbox is gone" if drop_data else ", and so are the outbox's tables"
