"""Installing: a plan is made by comparing what the views need with what is there, then shown (`render`) or done.

Everything that is done is in the plan as SQL text, in the order in which it is done, so that what --dry-run prints is
what runs. Functions are replaced, which blocks nobody; a trigger is touched only when its definition differs, one
table per transaction, since CREATE TRIGGER waits for every writer of the table and keeps new ones out.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from outbox import __version__, sqlfiles
from outbox.capture import describe
from outbox.capture.catalogue import pin_settings, read_catalogue, rows, with_definitions
from outbox.capture.differences import Difference, function_differences, trigger_differences
from outbox.capture.present import Present, missing_migrations, read_present
from outbox.capture.sqltext import fill, literal, resource_list
from outbox.capture.views import check_views
from outbox.capture.wanted import Remembered, ViewName, Wanted, derive, is_as_installed, lasting, view_name
from outbox.database import Connection, check_version, is_standby
from outbox.errors import InstallError, NotPermitted
from outbox.install.roles import right_differences
from outbox.install.steps import Step, reading, render_steps, run_steps, serialised
from outbox.resources import RESOURCES, TARGETS


@dataclass(frozen=True)
class Plan:
    """What is to be done; nothing when there are no steps.

    notes: which changes recheck every row of a view, and why, one sentence each; finer: which recheck more rows than
    they reach; of views that are captured otherwise than before. first: the outbox is not in this database yet.
    """

    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    finer: tuple[str, ...] = ()
    first: bool = False

    def __bool__(self) -> bool:
        return bool(self.steps)


def plan(connection: Connection) -> Plan:
    """Compare and decide; changes nothing, and takes no lock on a source table when nothing is to be done.

    Raises ViewRefused, InstallError (an old server, no desired view, an outbox newer than this program, names that are
    taken, a table that is being altered) and NotPermitted.
    """
    with reading(connection):
        check_server(connection)
        pin_settings(connection)
        present = read_present(connection)
        _check_migrations(present)
        if present.remembered("off"):
            raise InstallError("capture is switched off in this database", "SELECT outbox.capture_on(), then install")
        catalogue = read_catalogue(connection)
        if not catalogue.desired():
            raise InstallError(
                f"there is no desired view: none of the schemas {', '.join(TARGETS)} has one",
                "create them, e.g. from sql/views/, then install again",
            )
        rights = tuple(right_differences(connection, catalogue))
        if not (missing_migrations(present) or rights) and is_as_installed(connection, catalogue, present):
            return Plan()
        if catalogue.installed and not present.installed:
            raise InstallError(
                "there is a schema outbox already, which is not the outbox's: it has no table outbox.migration",
                "rename it; or drop it, if nobody needs it",
            )
        _check_rights(connection)
        catalogue = with_definitions(connection, catalogue)
        check_views(connection, catalogue)
        wanted = derive(connection, catalogue)
        _check_names(connection, wanted)
        differences = (*function_differences(wanted, present), *trigger_differences(wanted, present))
        news = _recheck(wanted, present, differences)
        writes = [w for w in wanted.writes if (w.target, w.resource) in news]
        notes, finer = (tuple(describe.notes(writes, coarse=c)) for c in (True, False))
        return Plan(_steps(wanted, present, rights, news), notes, finer, first=not present.installed)


def check_server(connection: Connection) -> None:
    """Raises InstallError where the outbox cannot be."""
    check_version(connection)
    if is_standby(connection):
        raise InstallError("the server is a standby, which cannot be written to", "connect to the primary")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise InstallError(
            f"the encoding of the database is {encoding}, which cannot hold all that a cloud may answer",
            "the outbox needs a database in UTF8",
        )


def _check_migrations(present: Present) -> None:
    unknown = present.migrations - {number for number, _, _ in sqlfiles.migrations()}
    if unknown:
        raise InstallError(
            f"the outbox in this database has migration {max(unknown)}, unknown to this program ({__version__})",
            "use the newer program",
        )


def _check_rights(connection: Connection) -> None:
    row = rows(connection, "may_install", {})[0]
    if not row["may_create"]:
        raise NotPermitted(
            f"the database role {row['role']} may not create objects in {row['place']}", "install as its owner"
        )
    if not row["may_own"]:
        raise NotPermitted(
            f"the database role {row['role']} may not act for outbox_owner, to whom the outbox is to belong",
            f"GRANT outbox_owner TO {row['role']}",
        )


def _check_names(connection: Connection, wanted: Wanted) -> None:
    """CREATE OR REPLACE TRIGGER would end a trigger of somebody else."""
    given = {"relations": [t.relation for t in wanted.triggers], "names": [t.name for t in wanted.triggers]}
    for row in rows(connection, "taken", given):
        raise InstallError(
            f"the {row['what']} calls {row['function']}, and install would make one of that name",
            "ALTER TRIGGER ... RENAME TO another name",
        )


# -- what is to be done


def _steps(wanted: Wanted, present: Present, rights: tuple[Difference, ...], news: list[ViewName]) -> tuple[Step, ...]:
    """news: the views that are captured otherwise than before."""
    functions = list(function_differences(wanted, present))
    triggers = list(trigger_differences(wanted, present))
    steps = [Step(f"Migration {number}, {name}", (text.strip(),)) for number, name, text in missing_migrations(present)]
    recheck = news if present.installed else []
    names = [f"{target}.{resource}" for target, resource in recheck]
    if recheck:
        # Taken back by the last step only: an install that is killed before does not forget what it had to recheck.
        unsure = fill("unsure", names=", ".join(map(literal, names)))
        steps.append(Step("What is not captured for sure", (unsure,)))
    if functions:
        steps.append(Step("Functions; to replace one blocks nobody", _statements(functions)))
    if rights:
        steps.append(Step("Who owns it, and who may do what", _statements(rights)))
    for table in sorted({d.table for d in triggers if d.table}):
        # What is dropped first: who has read the table and goes on to write it must not meet a lock that grows.
        on_it = sorted((d for d in triggers if d.table == table), key=lambda d: not d.harmless)
        steps.append(Step(f"Triggers on {table}", _statements(on_it), table, readers=any(d.harmless for d in on_it)))
    if recheck:
        statement = fill("recheck", resources=resource_list(recheck))
        steps.append(Step(f"Rechecked, since it may have changed unseen: {', '.join(names)}", (statement,)))
    if last := _last_statements(wanted, present, names):
        steps.append(Step("What this rests on, for the next install and for check", last))
    return tuple(steps)


def _statements(differences: Iterable[Difference]) -> tuple[str, ...]:
    return tuple(statement for d in differences for statement in d.statements)


def _last_statements(wanted: Wanted, present: Present, unsure: list[str]) -> tuple[str, ...]:
    """Remember; forget and drop what nothing needs any more."""
    known = {
        key: hash_ for key, (hash_, _) in present.manifest.items() if not (key[0] == "capture" and key[1] in unsure)
    }
    current = {(m.kind, m.name): m for m in wanted.remembered}
    news = [_row(m) for key, m in current.items() if known.get(key) != m.hash]
    statements = [fill("remember", rows=",\n".join(news))] if news else []
    statements += [
        fill("forget", kind=literal(kind), name=literal(name))
        for kind, name in sorted(present.manifest)
        if (kind, name) not in current and kind != "recheck"
    ]
    # A follow function stays: messages that are not expanded yet, or not even committed, may name it.
    statements += [
        fill("drop_function", name=f.name, arguments=f.arguments)
        for f in present.functions.values()
        if f.name.startswith("capture_") and f.name not in wanted.functions
    ]
    return tuple(statements)


def _row(m: Remembered) -> str:
    facts = json.dumps(m.facts, ensure_ascii=False)
    return f"({', '.join(map(literal, (m.kind, m.name, m.hash, __version__, facts)))})"


def _recheck(wanted: Wanted, present: Present, differences: Iterable[Difference]) -> list[ViewName]:
    """Views that are new or changed or captured otherwise than before, and what went through a hole in capture."""
    found = {r for d in differences for r in d.unseen}
    for m in wanted.remembered:
        if m.kind in ("view", "capture") and not _is_known(m, present):
            found.add(view_name(m.name))
    return sorted(found, key=lambda r: (TARGETS.index(r[0]), list(RESOURCES).index(r[1])))


def _is_known(m: Remembered, present: Present) -> bool:
    """As at the last install: in a restored database its numbers may be others, and a view's tree wherever its text is
    the same (a tree knows of line breaks).
    """
    hash_, facts = present.manifest.get((m.kind, m.name), ("", {}))
    if facts.get("home") != m.facts.get("home"):
        return bool(facts) and lasting(facts) == m.lasting
    return hash_ == m.hash or {**facts, "trees": ()} == {**m.facts, "trees": ()}


# -- doing it


def apply(connection: Connection, plan_: Plan) -> None:
    """Do what the plan says; `connection` is in no transaction.

    The outbox's own objects are one transaction, the triggers of each table another, what is remembered the last.
    Raises InstallError when a table stays locked, with the names of those who hold the lock: what was done stays
    done, and installing again completes it.
    """
    if not plan_:
        return
    with serialised(connection):
        current = plan(connection)
        if current and current.steps != plan_.steps:
            raise InstallError("the database changed since the plan was made", "look at the new plan, then install")
        run_steps(connection, current.steps)


# -- showing it


def render(plan_: Plan) -> str:
    """The plan as SQL for psql."""
    if not plan_:
        return "-- Nothing to do.\n"
    head = ["Nothing is sent or enqueued by it. No row of a source table is read or changed."] if plan_.first else []
    if plan_.notes or plan_.finer:
        head.append(_COARSE)
    return render_steps(plan_.steps, "install", head, [f"{note}." for note in (*plan_.notes, *plan_.finer)])


_COARSE = """\
A changed row has those rows of the desired views rechecked that it can reach, found by its values or by joins from \
them. Where these do not lead to a single row more is rechecked, which costs time and is never wrong:"""
