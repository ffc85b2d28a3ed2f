"""outbox demo"""

from __future__ import annotations

import signal
import sys
import textwrap
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import click

from outbox import demo as play
from outbox import install
from outbox.cli.following import follow_to_the_end, print_preview, print_rows, totals
from outbox.cli.sandbox import settings_text, write_private
from outbox.cli.verify import print_verified, verify_each
from outbox.demo import Change, Effect, Stage
from outbox.install import lanes
from outbox.register.preview import preview
from outbox.register.request import confirm
from outbox.resources import TARGETS
from outbox.service.wiring import at_work, make_service
from outbox.words import Words
from outbox.words.names import CLOUDS

UNEQUAL = 1


@click.command()
@click.option("--serve", is_flag=True, help="Leave all of it running, and say where.")
def demo(serve: bool) -> int:
    """See it work: a database, both clouds and a relay come along.

    Brings the sample data over, makes some changes with plain SQL, shows what reached which cloud after how many
    milliseconds, and compares views and clouds at the end. Ends with 0 when they are equal, with 1 when not.

    \b
    Example:
      outbox demo --serve
    """
    signal.signal(signal.SIGTERM, _terminated)
    _say("A PostgreSQL and both clouds are starting")
    with play.stage() as at:
        click.echo(f"PostgreSQL {at.connection.info.server_version // 10_000}; the clouds' page is {at.page}")
        _set_up(at)
        with at_work(make_service(at.settings, TARGETS)) as relay:
            _bring_over(at, relay)
            for number, change in enumerate(play.changes(), 1):
                _show(number, change, play.make(at, change))
            equal = _compare(at)
            if serve:
                _stay(at)
    return 0 if equal else UNEQUAL


def _terminated(number: int, frame: object) -> NoReturn:
    """As an exception, so that the database is shut down and its files go."""
    sys.exit(128 + number)


def _say(title: str) -> None:
    click.echo()
    click.secho(title, bold=True)


def _set_up(at: Stage) -> None:
    _say("Source tables with sample data, desired views, then: outbox install")
    play.create_source(at.connection)
    plan = install.plan(at.connection)
    install.apply(at.connection, plan)
    lanes.set_lanes(at.connection, at.settings)
    click.echo(f"{sum(step.table is not None for step in plan.steps)} source tables have triggers now")


def _bring_over(at: Stage, relay: threading.Thread) -> None:
    _say("The first load: outbox register")
    say = Words()
    previews = [p for target in TARGETS for p in preview(at.connection, target)]
    print_preview(previews, say)
    ids = [id_ for target in TARGETS for id_ in confirm(at.connection, target, shown=previews)]
    rows = follow_to_the_end(at.connection, TARGETS, ids, relay.is_alive, say).results()
    print_rows([row for row in rows if row.became != "created"], say)
    click.echo(totals(rows, say))


def _show(number: int, change: Change, effects: list[Effect]) -> None:
    _say(f"{number}. {change.title}")
    click.echo(textwrap.indent(change.sql, "   "))
    for e in effects:
        times = f"{e.times} x " if e.times > 1 else ""
        until = f" (the last after {e.last_ms:.0f} ms)" if e.times > 1 else ""
        click.echo(f"   {CLOUDS[e.target]:<15} {e.first_ms:>6.1f} ms  {times}{e.what}{until}")
    if not effects:
        click.echo("   no cloud is called")


def _compare(at: Stage) -> bool:
    _say("Do the clouds hold what the views say? outbox verify")
    checked = verify_each(at.settings, TARGETS)
    print_verified(checked)
    equal = all(c.result == "equal" and not c.count("unmanaged") for c in checked)
    if equal:
        click.secho(
            "Equal. Rows that are not ready, or that a person has to decide about, are left as they are.", fg="green"
        )
    return equal


def _stay(at: Stage) -> None:
    with TemporaryDirectory(prefix="outbox-demo-") as folder:
        file = Path(folder) / "outbox.toml"
        write_private(file, f'dsn = "{at.dsn}"\n{settings_text(at.page)}')
        _say("All of it is still running; Ctrl-C ends it")
        click.echo(f"database  {at.dsn}\npage      {at.page}\nsettings  {file}\n")
        click.echo(f"Change rows of the schema accountview and watch the page:\n  psql '{at.dsn}'\n")
        click.echo(f"Try any other command:\n  OUTBOX_CONFIG={file} outbox status")
        threading.Event().wait()
