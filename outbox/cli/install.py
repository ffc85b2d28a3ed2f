"""outbox install, check, uninstall"""

from __future__ import annotations

import click

from outbox import install as installing
from outbox import lanes
from outbox.cli.opening import opened


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
    for note in (*plan.notes, *refused):
        click.echo(f"note: {note}")
    if not plan:
        click.echo("nothing to do: everything is as the views ask for")
    elif plan.first:
        click.echo("installed; nothing is sent yet. Next: outbox register --dry-run, then outbox register")
    else:
        click.echo("installed; the rows of active targets are rechecked")


@click.command()
def check() -> int:
    """Is everything as it was installed?

    \b
    Example:
      outbox check
    """
    with opened() as at:
        plan = installing.plan(at.connection)
    for step in plan.steps:
        click.echo(f"not as installed: {step.title}")
    click.echo("try: outbox install" if plan else "everything is as installed")
    return 2 if plan else 0


@click.command()
def uninstall() -> None:
    """Remove triggers and functions: changes are no longer noticed. Tables and clouds stay as they are.

    \b
    Example:
      outbox uninstall
    """
    with opened() as at:
        installing.uninstall(at.connection)
    click.echo("triggers and functions are removed; tables and clouds are as they were")
