"""outbox explain"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from outbox.cli.keys import check_key
from outbox.cli.language import Spoken, spoken
from outbox.cli.opening import opened
from outbox.cli.printing import print_json
from outbox.explain.absence import Absence, Branch, Checked
from outbox.explain.answer import answer, why_not_equal
from outbox.explain.facts import Decision, Facts
from outbox.explain.facts import explain as look_at
from outbox.operator.pauses import describe
from outbox.resources import RESOURCES, TARGETS
from outbox.words import Words


@click.command(cls=Spoken)
@click.argument("target", type=click.Choice(TARGETS), metavar="TARGET")
@click.argument("resource", type=click.Choice(list(RESOURCES)), metavar="RESOURCE")
@click.argument("key", nargs=-1, metavar="KEY...")
@click.option("--json", "as_json", is_flag=True, help="All of it, for a program.")
@spoken
def explain(target: str, resource: str, key: tuple[str, ...], as_json: bool, say: Words) -> None:
    """Why is a row in a cloud, or why not?

    The first line is the answer; below it stands what it rests on: the row of the view (or which of the view's
    conditions fail), what the cloud holds, what waits, the last calls. Reads only, and needs no relay.

    \b
    Ends with 0 when there is an answer, whatever it is; with 2 for a key that cannot be one.

    \b
    Examples:
      outbox explain visma_net companies 002
      outbox explain visma_net projects 001 P0001
    """
    check_key(resource, key, say, whole=True)
    with opened() as at:
        facts = look_at(at.connection, target, resource, key)
    if as_json:
        reason = why_not_equal(facts, say)
        print_json({"answer": answer(facts, say), "next": reason.remedy if reason else "", "facts": asdict(facts)})
        return
    click.secho(answer(facts, say), bold=True)
    for label, lines in _sections(facts, say):
        for number, line in enumerate(lines):
            click.echo(f"  {label if number == 0 else '':<12} {line}")


def _sections(f: Facts, say: Words) -> Iterable[tuple[str, list[str]]]:
    yield say("view"), _view(f, say)
    if f.absence is not None:
        yield say("conditions"), _conditions(f.absence, say)
    yield say("cloud"), _mirrored(f, say)
    yield say("messages"), _messages(f, say)
    yield say("parents"), [answer(p, say) for p in f.parents]
    yield say("calls"), [_call(a.started_at, a.method, a.path, a.http_status, a.error, say) for a in f.attempts]
    yield say("decisions"), [_decision(d, f, say) for d in f.decisions]
    yield say("sending"), _sending(f, say)


def _view(f: Facts, say: Words) -> list[str]:
    view = f"{f.target}.{f.resource}"
    if not f.view:
        return [say("there is no view {view}", view=view)]
    if f.unreadable is not None:
        return [say("the view {view} cannot be read: {words}", view=view, words=f.unreadable)]
    if f.row is None:
        return [say("{view} has no such row", view=view)]
    lines = [f"{view}: {_document(f, f.row.document, say)}"]
    if f.row.rows > 1:
        lines.append(say("the view has this key {rows} times", rows=f.row.rows))
    if f.row.missing:
        lines.append(say("missing: {columns}", columns=", ".join(say.column(m) for m in f.row.missing)))
    return lines + ([say("withdrawn")] if f.row.withdrawn else [])


def _document(f: Facts, document: dict[str, Any] | None, say: Words) -> str:
    """In the order of the contract; what a view has beside that stands last."""
    columns = [c for c in RESOURCES[f.resource].columns if c in (document or {})]
    rest = [c for c in document or {} if c not in columns]
    return ", ".join(f"{say.column(c)} {_value((document or {})[c], say)}" for c in columns + rest) or "-"


def _value(value: Any, say: Words) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return say("yes") if value else say("no")
        case str():
            return value if value.strip() else say("(blank)")
        case list():
            return " ".join(map(str, value)) or "-"
    return json.dumps(value)


def _conditions(absence: Absence, say: Words) -> list[str]:
    """Each branch of the view, the nearest first."""
    if absence.why_not is not None:
        return [say("which condition fails cannot be said: {why}", why=say.reason(absence.why_not))]
    lines = []
    for branch in sorted(absence.branches, key=lambda b: b.distance):
        if len(absence.branches) > 1:
            lines.append(say("by {tables}:", tables=say.listed(branch.tables)))
        lines += [_condition(c, say) for c in branch.conditions]
        lines += [say("not examined: {sql}", sql=u) for u in branch.unexamined if _is_open(branch)]
    return lines


def _is_open(branch: Branch) -> bool:
    return not branch.failing


def _condition(checked: Checked, say: Words) -> str:
    marks = {True: say("yes"), False: say("no"), None: "-"}
    text = checked.sql
    if checked.table is not None:
        values = {"table": checked.table, "column": checked.column, "value": checked.value}
        text = say("{table} has a row with {column} = {value}", **values)
    return f"{marks[checked.holds]:<4} {text}"


def _mirrored(f: Facts, say: Words) -> list[str]:
    m = f.mirrored
    if m is None:
        if f.ended is None:
            return [say("{cloud} holds nothing of it", cloud=say.cloud(f.target))]
        at, became = say.moment(f.ended.settled_at), say.became(f.ended.became)
        return [say("{cloud} holds nothing of it; last looked at {moment}: {became}", cloud=say.cloud(f.target),
                    moment=at, became=became)]  # fmt: skip
    lines = [f"{m.remote_id or '-'}: {_document(f, m.document, say)}"]
    if m.confirmed_at is not None:
        lines.append(say("acknowledged {moment}", moment=say.moment(m.confirmed_at)))
    if m.in_doubt is not None:
        intent = say.heading(m.intent) if m.intent else "?"
        lines.append(say("in doubt since {moment} ({intent})", moment=say.moment(m.in_doubt), intent=intent))
    return lines


def _messages(f: Facts, say: Words) -> list[str]:
    lines = [
        " ".join(filter(None, (str(m.id), f"{say.became(m.status)}:", m.operation, m.source)))
        + f", {say.moment(m.changed_at)}, {m.changed_by}"
        + (f": {say.reason(m.error)}" if m.error else "")
        for m in f.messages
    ]
    if f.coarse:
        lines.append(say("{messages} may be about it too", messages=say.count(f.coarse, "pending message")))
    return lines


def _call(at: datetime, method: str, path: str, status: int | None, error: str | None, say: Words) -> str:
    answered = str(status) if status is not None else say("no answer")
    words = (error or "").removeprefix(f"{method} {path}").removeprefix(f" was answered {status}").removeprefix(": ")
    return f"{say.moment(at)} {method} {path}: {answered}" + (f" ({say.reason(words)})" if words else "")


def _decision(d: Decision, f: Facts, say: Words) -> str:
    """When, what, on what where it was more than this key, who, why."""
    scope = " ".join((say.resource(d.resource) if d.resource else say("everything"), *(d.key or ())))
    what = say.decision(d.decision) + ("" if d.key == list(f.key) else f" ({scope})")
    return f"{say.moment(d.decided_at)} {what}, {d.decided_by}" + (f": {d.why}" if d.why else "")


def _sending(f: Facts, say: Words) -> list[str]:
    s = f.sending
    cloud = say.cloud(f.target)
    if s.active_since is None:
        state = say("{cloud} waits for its first register", cloud=cloud)
    else:
        state = say("{cloud} is active since {moment}", cloud=cloud, moment=say.moment(s.active_since))
    none = say("no relay is running; start one: {command}", command="outbox relay")
    relay = say("relay {holder}", holder=s.relay) if s.relay else none
    away = say("this outbox was restored or copied, and sends nothing from here")
    return [state, *(describe(p, say) for p in s.pauses), *([] if s.home else [f"{away}: outbox adopt"]), relay]
