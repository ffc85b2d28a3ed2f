"""The commands, one module each. Here they are put together, and an error becomes one sentence and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click
import psycopg

from outbox import __version__
from outbox.cli.apps import apps
from outbox.cli.audit import audit
from outbox.cli.config import config
from outbox.cli.decide import approve, reject, retry, skip
from outbox.cli.demo import demo
from outbox.cli.erase import erase
from outbox.cli.explain import explain
from outbox.cli.help import help_
from outbox.cli.install import check, install, uninstall
from outbox.cli.link import link, unlink
from outbox.cli.register import register
from outbox.cli.relay import relay
from outbox.cli.resume import resume
from outbox.cli.sandbox import sandbox
from outbox.cli.status import status
from outbox.cli.verify import verify
from outbox.database import explain as explain_error
from outbox.errors import OutboxError

INTERRUPTED = 130  # as a shell says it of a program that Ctrl-C ended


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="outbox")
def outbox() -> None:
    """A SELECT, kept live in the cloud.

    Settings come from outbox.toml (or the file in OUTBOX_CONFIG) and from OUTBOX_* variables; OUTBOX_DSN names the
    database. Try it without either: outbox demo
    """


for command in (
    demo,
    install,
    register,
    relay,
    status,
    explain,
    approve,
    reject,
    retry,
    skip,
    verify,
    audit,
    check,
    resume,
    link,
    unlink,
    apps,
    erase,
    uninstall,
    config,
    sandbox,
    help_,
):
    outbox.add_command(command)


def main() -> None:
    """The program `outbox`."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; answers its exit code."""
    colour = False if os.environ.get("NO_COLOR") else None
    try:
        result = outbox.main(list(arguments), "outbox", standalone_mode=False, color=colour)
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except click.Abort:
        click.echo("stopped", err=True)
        return INTERRUPTED
    except OutboxError as e:
        return _say(e)
    except psycopg.Error as e:
        return _say(explain_error(e))
    return result if isinstance(result, int) else 0


def _say(error: OutboxError) -> int:
    click.echo(f"outbox: {error.why}", err=True)
    if error.hint:
        click.echo(f"  try: {error.hint}", err=True)
    return error.exit_code
