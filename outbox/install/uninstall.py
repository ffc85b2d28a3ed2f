"""Uninstalling: changes are no longer noticed. No cloud is touched, and the source tables are as before."""

from __future__ import annotations

from outbox.capture.catalogue import pin_settings, rows
from outbox.capture.present import read_present
from outbox.capture.sqltext import fill
from outbox.database import Connection
from outbox.errors import InstallError
from outbox.install.steps import Step, run_steps, serialised


def plan_uninstall(connection: Connection, *, keep_data: bool = True) -> tuple[Step, ...]:
    """What is to be done; nothing when nothing is there. register() and the like are left with the data. Reads only."""
    with connection.transaction():
        pin_settings(connection)
        present = read_present(connection)
        given = rows(connection, "given_outside", {}) if present.installed else []
    drops: dict[str, list[str]] = {}
    for trigger in present.triggers:
        drops.setdefault(trigger.table, []).append(fill("drop_trigger", name=trigger.name, table=trigger.table))
    steps = [Step(f"Triggers on {t}", tuple(found), t, readers=True) for t, found in sorted(drops.items())]
    functions = [fill("drop_function", name=f.name, arguments=f.arguments) for f in present.functions.values()]
    forget = [fill("forget_all")] if present.manifest else []
    if given:
        outside = tuple(fill("revoke_right", what=r["what"]) for r in given)
        steps.append(Step("What the roles may read outside schema outbox", outside))
    if present.installed and not keep_data:
        steps.append(Step("The outbox itself, with all that it holds", (fill("drop_outbox"),)))
    elif functions or forget:
        steps.append(Step("Functions, and what install remembered of them", (*functions, *forget)))
    return tuple(steps)


def uninstall(connection: Connection, steps: tuple[Step, ...], *, keep_data: bool = True) -> None:
    """Do it; `connection` is in no transaction. Stopped in the middle it may be run again.

    Raises InstallError when a table stays locked, or when the database is no longer as when the steps were planned.
    """
    with serialised(connection):
        if plan_uninstall(connection, keep_data=keep_data) != steps:
            raise InstallError("the database changed since the plan was made", "look at the new plan, then uninstall")
        run_steps(connection, steps)
