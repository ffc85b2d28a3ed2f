"""A person's data out of what the outbox keeps, when he is gone from the views. What the clouds hold is not forgotten.

His user code and the remote ids stay: without them nobody could show that he was removed.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import sql

from outbox import sqlfiles
from outbox.database import Connection, deciding
from outbox.desired_views import read_views
from outbox.errors import EraseRefused
from outbox.resources import RESOURCES, TARGETS

# The rows of one statement: long enough to be quick, short enough for nobody to notice.
RANGE = 10_000
ABOUT_USERS = [r.name for r in RESOURCES.values() if r.key[0] == "user_code"]
# Part -> table. Documents go last: only they tell the words to look for, and a run may be interrupted.
PARTS = {"attempts": "attempt", "decisions": "decision", "messages": "message", "documents": "message"}
_NEVER = "(?=a)b"


@dataclass(frozen=True)
class Person:
    """code None: an e-mail that no user of ours has. words: e-mails and full names."""

    code: str | None
    words: tuple[str, ...]

    def parameters(self) -> dict[str, Any]:
        return {"resources": ABOUT_USERS, "code": self.code, "pattern": pattern(self.words)}


@dataclass(frozen=True)
class Erased:
    """How many rows had something: documents that were sent, and words in messages, calls and decisions. left: what
    came meanwhile, so that it has to be run again. still_held: (target, remote id) of what a cloud holds. also: other
    user codes that have, or had, his e-mail.
    """

    documents: int
    messages: int
    attempts: int
    decisions: int
    mirror: int
    left: int = 0
    still_held: tuple[tuple[str, str | None], ...] = ()
    also: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        return self.documents + self.messages + self.attempts + self.decisions + self.mirror


def pattern(words: tuple[str, ...]) -> str:
    """A regular expression (PostgreSQL's) that finds any of them, each as a whole.

    >>> pattern(("an@example.nl",))
    '(?<![[:alnum:]._%+-])(an@example\\\\.nl)(?![[:alnum:]_-])'
    """
    known = [re.escape(word.strip()).replace("\\ ", r"\s+") for word in words if word.strip()]
    return f"(?<![[:alnum:]._%+-])({'|'.join(sorted(known))})(?![[:alnum:]_-])" if known else _NEVER


def find_person(connection: Connection, subject: str) -> Person:
    """subject: a user code or an e-mail. Raises EraseRefused where several users have, or had, the e-mail, and where
    he is still in a desired view, or something is under way about him.
    """
    query = sqlfiles.read("erase/find_codes.sql")
    codes = {code for (code,) in connection.execute(query, {"resources": ABOUT_USERS, "subject": subject})}
    desired = _find_in_views(connection, subject, codes)
    codes |= {code for found in desired.values() for code in found}
    if len(codes) > 1 and subject not in codes:
        raise EraseRefused(
            f"users {', '.join(sorted(codes))} have, or had, this e-mail",
            "outbox erase --subject with one of these codes",
        )
    code = subject if subject in codes else next(iter(codes), None)
    for view, found in desired.items():
        if code in found:
            raise EraseRefused(
                f"user {code} is still in {view}, and would be sent again",
                "delete him in the application, let the relay remove him, then erase",
            )
    person = Person(code, _find_words(connection, subject, code))
    _refuse_open(connection, person)
    return person


def _find_in_views(connection: Connection, subject: str, codes: set[str]) -> dict[str, list[str]]:
    found = {}
    for target in TARGETS:
        for view in read_views(connection, target).values():
            if view.resource.name in ABOUT_USERS:
                query = sql.SQL(sqlfiles.read("erase/find_in_view.sql")).format(
                    view=sql.Identifier(target, view.resource.name),
                    by_email=sql.SQL("lower(v.email) = lower(%(subject)s)" if "email" in view.types else "false"),
                )
                rows = connection.execute(query, {"subject": subject, "codes": [subject, *codes]})
                found[f"{target}.{view.resource.name}"] = [code for (code,) in rows]
    return found


def _find_words(connection: Connection, subject: str, code: str | None) -> tuple[str, ...]:
    rows = connection.execute(sqlfiles.read("erase/find_words.sql"), {"code": code})
    words = {word for (word,) in rows if word}
    return tuple(sorted(words | ({subject.lower()} if "@" in subject else set())))


def _refuse_open(connection: Connection, person: Person) -> None:
    for target, status, count in connection.execute(sqlfiles.read("erase/find_open.sql"), person.parameters()):
        what = "call" if status == "in doubt" else "message"
        todo = {
            "pending": "let the relay finish first: outbox status says what it waits for",
            "in doubt": f"have it looked at first: outbox register users --target {target} --key {person.code}",
        }
        raise EraseRefused(
            f"user {person.code} has {count} {status} {what}{'' if count == 1 else 's'} in {target}",
            todo.get(status, "decide about that first: outbox approve, reject, retry or skip"),
        )


def preview(connection: Connection, person: Person) -> Erased:
    """What there is to erase. Writes nothing."""
    found = Counter(dict.fromkeys(PARTS, 0))
    for part, ids in _find(connection, person):
        found[part] += len(ids)
    held = connection.execute(sqlfiles.read("erase/find_held.sql"), {"code": person.code}).fetchall()
    return Erased(
        **found,
        mirror=sum(has_data for _, _, has_data in held),
        still_held=tuple((target, remote_id) for target, remote_id, _ in held),
        also=_find_others(connection, person),
    )


def erase(connection: Connection, person: Person) -> Erased:
    """Needs a connection in autocommit: each range is a transaction of its own, so an interrupted run has done what it
    did, and another goes on. Recorded in outbox.decision, before the first and after the last. Raises psycopg.Error in
    a restored or copied outbox: whether he was removed from a cloud, only the other database knows.
    """
    connection.execute(sqlfiles.read("decide/require_home.sql"))
    with deciding(connection):
        row = connection.execute(sqlfiles.read("erase/record_begin.sql"), {"code": person.code}).fetchone()
    assert row is not None
    also = _find_others(connection, person)
    done = Counter(dict.fromkeys(PARTS, 0))
    for part, ids in _find(connection, person):
        done[part] += connection.execute(
            sqlfiles.read(f"erase/erase_{part}.sql"), {**person.parameters(), "ids": ids}
        ).rowcount
    mirror = connection.execute(sqlfiles.read("erase/erase_mirror.sql"), person.parameters()).rowcount
    rest = preview(connection, person)
    erased = Erased(**done, mirror=mirror, left=rest.total, still_held=rest.still_held, also=also)
    connection.execute(sqlfiles.read("erase/record_end.sql"), {"id": row[0], "why": describe(erased)})
    return erased


def describe(erased: Erased) -> str:
    """As it stands in outbox.decision."""
    counts = (f"{number} {name}" for name, number in asdict(erased).items() if name in (*PARTS, "mirror"))
    return f"erased: {', '.join(counts)}"


def _find(connection: Connection, person: Person) -> Iterator[tuple[str, list[int]]]:
    """(part, ids) of each range that has something to erase."""
    for part, table in PARTS.items():
        bounds_of = sql.SQL(sqlfiles.read("erase/read_bounds.sql")).format(table=sql.Identifier("outbox", table))
        row = connection.execute(bounds_of).fetchone()
        assert row is not None
        first, last = row
        query = sqlfiles.read(f"erase/find_{part}.sql")
        for after in range(first - 1, last, RANGE):
            bounds = {"after": after, "upto": after + RANGE}
            ids = [id_ for (id_,) in connection.execute(query, {**person.parameters(), **bounds})]
            if ids:
                yield part, ids


def _find_others(connection: Connection, person: Person) -> tuple[str, ...]:
    query = sqlfiles.read("erase/find_codes.sql")
    emails = [word for word in person.words if "@" in word]
    codes = {
        code for email in emails for (code,) in connection.execute(query, {"resources": ABOUT_USERS, "subject": email})
    }
    return tuple(sorted(codes - {person.code}))
