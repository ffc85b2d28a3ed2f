"""outbox resume"""

from __future__ import annotations

import click

from outbox.cli.opening import opened
from outbox.resources import TARGETS
from outbox.status import resume as resume_target


@click.command()
@click.argument("target", type=click.Choice(TARGETS))
def resume(target: str) -> None:
    """Send to a paused TARGET again.

    A target pauses when its cloud does not let us in (a wrong secret, a missing permission).

    \b
    Example:
      outbox resume visma_net
    """
    with opened() as at:
        was_paused = resume_target(at.connection, target)
    click.echo(f"{target} is sent to again" if was_paused else f"{target} is not paused: nothing to do")
