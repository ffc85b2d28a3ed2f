"""outbox check"""

from __future__ import annotations

from dataclasses import asdict

import click
import psycopg

from outbox import database
from outbox.cli.opening import opened
from outbox.cli.printing import print_json
from outbox.errors import ConfigError, OutboxError
from outbox.install.checks import Finding
from outbox.install.checks import check as check_capture
from outbox.install.surroundings import look_around, look_at_clouds

# The worst decides. What could not be found out may hide anything, so it is worse than a warning.
CODES = {"broken": 2, "unknown": 3, "warning": 1}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The findings for a program.")
def check(as_json: bool) -> int:
    """Is everything as installed, and fit to go on? Changes nothing.

    Compares triggers, functions, views, columns and rights with the last install; looks at the server, the queue, the
    clocks, and asks the clouds that are set for a token (three seconds at most).

    \b
    Ends with
      0  all is well
      1  a warning: it goes on, but somebody should look
      2  broken: changes are or will be missed, or nothing can be sent
      3  unknown: something could not be found out

    \b
    Example:
      outbox check --json
    """
    findings = sorted(_look(), key=lambda f: list(CODES).index(f.level))
    if as_json:
        print_json([asdict(f) for f in findings])
    for f in () if as_json else findings:
        click.echo(f"{f.level}: {f.what} {f.evidence}\n  try: {f.mend}")
    if not findings and not as_json:
        click.echo("everything is as installed")
    return next((CODES[f.level] for f in findings), 0)


def _look() -> list[Finding]:
    found: list[Finding] = []
    try:
        with opened(installed=False) as at:
            found += check_capture(at.connection)
            if not any(f.what == "the outbox" for f in found):
                found += look_around(at.connection)
            found += look_at_clouds(at.settings.targets.values())
    except ConfigError as e:
        found.append(Finding("broken", "the settings:", e.why, e.hint))
    except OutboxError as e:
        found.append(Finding("unknown", "the database:", e.why, e.hint))
    except psycopg.Error as e:
        error = database.explain(e)
        found.append(Finding("unknown", "the database:", error.why, error.hint))
    return found
