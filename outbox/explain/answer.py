"""Pure: from the facts of a key to the answer in one sentence, and what to do next, in words."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from outbox.errors import NotAtHome
from outbox.explain.absence import Absence, Checked
from outbox.explain.facts import Decision, Facts, Open
from outbox.operator.pauses import describe
from outbox.words import Words

# Held because it is not known which object of the cloud is meant: a person can say so.
_WHOSE = ("ambiguous", "the cloud has ", "the e-mail address belongs to ")


@dataclass(frozen=True)
class Reason:
    """why: part of a sentence; remedy: what makes it right, "" where nobody has to do anything."""

    why: str
    remedy: str = ""


def answer(f: Facts, say: Words) -> str:
    """One sentence: is it in the cloud as it should be, and if not, why, and what to do."""
    reason = why_not_equal(f, say)
    text = _sentence(f, reason, say)
    if reason and reason.remedy:
        text += "; " + reason.remedy
    return text[0].upper() + text[1:]


def _sentence(f: Facts, reason: Reason | None, say: Words) -> str:
    names = {"thing": say.thing(f.resource, f.key), "cloud": say.cloud(f.target)}
    mirrored = f.mirrored
    at = say.moment(mirrored.confirmed_at) if mirrored and mirrored.confirmed_at else "?"
    if reason is None:
        return say("{thing} is in {cloud} as it should be, since {moment}", moment=at, **names)
    why = reason.why
    if mirrored is not None and mirrored.in_doubt is not None:
        return say("whether {thing} is in {cloud} as it should be is not known: {why}", why=why, **names)
    if not f.in_cloud:
        return say("{thing} is not in {cloud}: {why}", why=why, **names)
    if f.row is None or f.row.withdrawn:
        return say("{thing} is still in {cloud}: {why}", why=why, **names)
    if f.row.missing:
        return say("{thing} stays in {cloud} as it was sent on {moment}: {why}", why=why, moment=at, **names)
    return say("{thing} is in {cloud}, but not as it should be: {why}", why=why, **names)


def why_not_equal(f: Facts, say: Words) -> Reason | None:
    """None: the cloud holds what the view says, and nothing is under way."""
    if not f.view:
        return Reason(say("there is no view {view}", view=f"{f.target}.{f.resource}"))
    if f.unreadable is not None:
        view = f"{f.target}.{f.resource}"
        return Reason(say("the view {view} cannot be read: {words}", view=view, words=f.unreadable), "outbox check")
    return _of_the_row(f, say) or _of_messages(f, say) or _of_parents(f, say) or _of_the_way(f, say)


def _of_the_row(f: Facts, say: Words) -> Reason | None:
    """What the view itself says."""
    if f.row is None:
        if f.in_cloud or f.stuck("pending"):
            way = _on_its_way(f, say)
            gone = Reason(f"{say('it is not in the view any more')}: {way.why}", way.remedy)
            return _of_messages(f, say) or _declined(f, say) or gone
        return _absent(f, say)
    if f.row.rows > 1:
        why = say("the view has this key {rows} times", rows=f.row.rows)
        return Reason(why, say("make it unique in the view, it then goes on by itself"))
    if f.row.withdrawn and f.in_cloud:
        command = f"outbox register {f.resource} --target {f.target}"
        withdrawn = say("it is withdrawn, and removed when it is registered")
        why = f"{_missing(f, say).why}: {withdrawn}" if f.row.missing else withdrawn
        return _declined(f, say) or Reason(why, say("register: {command}", command=command))
    if f.row.missing:
        return _missing(f, say)
    return Reason(say("it is withdrawn")) if f.row.withdrawn else None


def _missing(f: Facts, say: Words) -> Reason:
    """The blanks, and the licences."""
    missing = f.row.missing if f.row else ()
    licences = [say.column(m).partition(" ")[2] for m in missing if m.startswith("licence ")]
    blanks = [say.the(m) for m in missing if not m.startswith("licence ")]
    whys, remedy = [], ""
    if blanks:
        one = len(blanks) == 1
        columns = say.listed(blanks)
        whys = [
            say("{column} is blank in AccountView", column=columns)
            if one
            else say("{columns} are blank in AccountView", columns=columns)
        ]
        remedy = say("fill it in, it then follows by itself") if one else say("fill them in, it then follows by itself")
    if licences:
        whys.append(say("the licence lacks {modules}", modules=say.listed(licences)))
        remedy = remedy or say("with the licence it follows by itself")
    return Reason(say.listed(whys), remedy)


def _of_messages(f: Facts, say: Words) -> Reason | None:
    """What stopped and needs a person. A message that is pending goes first: it tries again."""
    if f.stuck("pending"):
        return None
    if held := f.stuck("held"):
        return Reason(say("a person has to decide: {why}", why=say.reason(held.error)), _decide(held, f, say))
    if dead := f.stuck("dead"):
        remedy = say(
            "put that right, it then follows by itself; or try again: {command}", command=f"outbox retry {_named(f)}"
        )
        if (dead.error or "").startswith("given up: "):
            return Reason(say.reason(dead.error), remedy)
        return Reason(say("the cloud refused it: {why}", why=say.refusal(dead.error)), remedy)
    return None


def _decide(held: Open, f: Facts, say: Words) -> str:
    """What a brake held names its own command."""
    if held.batch is not None:
        return ""
    if held.withheld is not None:
        yes, no = f"outbox approve {_named(f)}", f"outbox reject {_named(f)} --reason ..."
        return say("decide: {yes}, or {no}", yes=yes, no=no)
    if (held.error or "").startswith(_WHOSE):
        command = f"outbox link {_named(f)} --to ID"
        return say("put that right, it then goes on by itself; or say which one it is: {command}", command=command)
    return say("put that right, it then goes on by itself")


def _named(f: Facts) -> str:
    """As a command takes it: visma_net projects 001 P0001."""
    return shlex.join((f.target, f.resource, *f.key))


def _declined(f: Facts, say: Words) -> Reason | None:
    """A person said no; it is so until the row changes, or somebody registers it."""
    d: Decision | None = f.declined
    if d is None:
        return None
    values = {"who": d.decided_by, "moment": say.moment(d.decided_at), "why": d.why or "-"}
    why = (
        say("{who} rejected it on {moment} ({why})", **values)
        if d.decision == "reject"
        else say("{who} skipped it on {moment} ({why})", **values)
    )
    return Reason(why, say("after all: {command}", command=_register(f)))


def _register(f: Facts) -> str:
    keys = [part for value in f.key for part in ("--key", value)]
    return shlex.join(("outbox", "register", f.resource, "--target", f.target, *keys))


def _of_parents(f: Facts, say: Words) -> Reason | None:
    for parent in f.parents:
        if not parent.in_cloud:
            its = why_not_equal(parent, say)
            thing = say.thing(parent.resource, parent.key)
            why = say("{thing} is not there: {why}", thing=thing, why=its.why if its else "?")
            return Reason(why, its.remedy if its else "")
    return None


def _of_the_way(f: Facts, say: Words) -> Reason | None:
    """Nothing is the matter with the row."""
    certain = f.mirrored is not None and f.mirrored.in_doubt is None
    if f.in_cloud and certain and f.mirrored and f.mirrored.same and not f.stuck("pending"):
        return None
    return _on_its_way(f, say)


def _on_its_way(f: Facts, say: Words) -> Reason:
    if not f.sending.home:
        return Reason(say("this outbox was restored or copied, and sends nothing from here"), say.error(NotAtHome.hint))
    if f.sending.active_since is None:
        why = say("{cloud} waits for its first register", cloud=say.cloud(f.target))
        return Reason(why, say("register: {command}", command=f"outbox register --target {f.target}"))
    for pause in f.sending.pauses:
        if pause.command:
            return Reason(describe(pause, say), say("put that right, then: {command}", command=pause.command))
    pending = f.stuck("pending")
    if pending is None and f.coarse == 0:
        if (declined := _declined(f, say)) is not None:
            return declined
        in_doubt = f.mirrored is not None and f.mirrored.in_doubt is not None
        why = say("a call got no answer") if in_doubt else say("its change was not noticed")
        return Reason(why, say("register: {command}", command=_register(f)))
    if f.sending.relay is None:
        return Reason(say("it waits, and no relay is running"), say("start one: {command}", command="outbox relay"))
    for pause in f.sending.pauses:
        return Reason(describe(pause, say), say("nothing has to be done, it then goes on by itself"))
    if pending and pending.error:
        tried = say.moment(pending.due_at) if pending.due_at else say("at once")
        return Reason(
            say("the last attempt failed: {why}", why=say.reason(pending.error)),
            say("next attempt: {moment}", moment=tried),
        )
    return Reason(say("it is on its way"))


# -- not in the view


def _absent(f: Facts, say: Words) -> Reason:
    """A parent that is not in its own view is the reason, where there is one."""
    for parent in f.parents:
        if parent.view and parent.row is None and parent.absence is not None and parent.absence.nearest:
            return Reason(_of_conditions(parent.absence, parent, say))
    return Reason(_of_conditions(f.absence or Absence(), f, say))


def _of_conditions(absence: Absence, f: Facts, say: Words) -> str:
    view = f"{f.target}.{f.resource}"
    nearest = absence.nearest
    if nearest is None or not nearest.failing:
        return say("it is not in the view {view}", view=view)
    lacking = _lacking(nearest.failing[0], say)
    if len(absence.branches) == 1 or all(nearest.failing[0] in b.failing for b in absence.branches):
        return lacking
    return say(
        "the view {view} has {number} ways to it, and each lacks something; the nearest: {why}",
        view=view,
        number=len(absence.branches),
        why=lacking,
    )


def _lacking(checked: Checked, say: Words) -> str:
    if checked.table is not None:
        values = {"table": checked.table, "column": checked.column, "value": checked.value}
        return say("{table} has no row with {column} = {value}", **values)
    return say("no row fulfils {condition}", condition=checked.sql)
