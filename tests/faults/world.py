"""A small world that many short rounds are played in, and random transactions on it.

Few keys on purpose: races need several transactions at the same key. Every value is drawn from a seeded generator, so
a round can be played again (but for the timing of threads and kills).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
from psycopg import errors, sql

TABLES = (
    "app_access", "apps", "administration_access", "group_members", "user_groups", "users", "projects",
    "cost_types", "cost_centres", "companies", "administrations", "licence_modules",
)  # fmt: skip
# What a relay, capture and the functions for persons fill; the rest is as install left it.
FILLED = (
    "outbox.message", "outbox.mirror", "outbox.attempt", "outbox.bell", "outbox.rate", "outbox.relay", "outbox.pause",
    "outbox.decision", "outbox.passed", "outbox.approval", "outbox.rejection", "outbox.verified", "outbox.not_ours",
)  # fmt: skip
USERS = ("u1", "u2", "u3", "u4")
GROUPS = ("g1", "g2")
ADMINISTRATIONS = ("a1", "a2", "a3")
COMPANIES = ("c1", "c2", "c3")
APPS = ("SCAN", "FISCAL")
CODES = ("10", "20", "30")
MODULES = ("ACCESS_1", "ACCESS_2", "APPROVAL", "AUTOREPORT", "PROJECTS", "COST_TYPES", "COST_CENTRES")
EMAILS = tuple(f"{name}@example.nl" for name in ("anna", "bram", "carla", "daan", "els"))
KVK = ("12345678", "01234567", None)


@dataclass(frozen=True)
class Statement:
    text: str
    values: tuple[object, ...] = ()


def reset(connection: psycopg.Connection, rng: random.Random, theme: str) -> None:
    """An outbox as after install, whose targets are active, and a world with some of everything."""
    with connection.transaction():
        connection.execute("SET LOCAL session_replication_role = replica")
        tables = sql.SQL(", ").join(sql.Identifier("accountview", t) for t in TABLES)
        connection.execute(sql.SQL("TRUNCATE {}").format(tables))
        connection.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.SQL, FILLED))))
        connection.execute(
            "UPDATE outbox.target SET active_since = now(), paused_at = NULL, why = NULL, verify_since = NULL,"
            " down_since = NULL, down_why = NULL, probe_at = NULL, probes = 0"
        )
        connection.execute("UPDATE outbox.lease SET expires_at = '-infinity', abandoned_at = NULL")
        connection.execute("SELECT outbox.set_lanes('visma_net', %s)", [rng.choice((1, 3))])
    with connection.transaction():
        for s in _first(rng, theme):
            _attempt(connection, s)


def _first(rng: random.Random, theme: str) -> list[Statement]:
    known = [Statement("INSERT INTO accountview.licence_modules VALUES (%s)", (m,)) for m in MODULES]
    known += [Statement("INSERT INTO accountview.apps (code, name) VALUES (%s, %s)", (a, a)) for a in APPS]
    known += [Statement("INSERT INTO accountview.user_groups VALUES (%s, %s)", (g, g)) for g in GROUPS]
    known += [_administration(a) for a in ADMINISTRATIONS]
    known += [_company(rng, c) for c in COMPANIES[:2]] + [
        _user(rng, u, e) for u, e in zip(USERS[:2], EMAILS, strict=False)
    ]
    theme = theme if theme in STAY else "everything"
    return known + [statement(rng, theme) for _ in range(rng.randrange(6)) if rng.random() < 0.7]


def play(dsn: str, seed: int, theme: str) -> None:
    """A few random transactions: statements with pauses between them, then commit or roll back."""
    rng = random.Random(seed)
    with psycopg.connect(dsn) as connection:
        connection.isolation_level = rng.choice((None, None, None, psycopg.IsolationLevel.REPEATABLE_READ))
        for _ in range(rng.randint(1, 3)):
            try:
                for _ in range(rng.randint(1, 3)):
                    _attempt(connection, statement(rng, theme))
                    time.sleep(rng.choice((0.0, rng.random() * 0.02)))
                connection.rollback() if rng.random() < 0.15 else connection.commit()
            except (errors.DeadlockDetected, errors.SerializationFailure):
                connection.rollback()


def _attempt(connection: psycopg.Connection, s: Statement) -> None:
    """A statement that meets a constraint is undone alone, as an application would with a savepoint."""
    try:
        with connection.transaction():
            connection.execute(s.text, s.values)
    except errors.IntegrityError:
        pass


def _administration(code: str) -> Statement:
    return Statement(
        "INSERT INTO accountview.administrations VALUES (%s, %s, 'Dam 1', '1012 AB', 'Amsterdam', 'NL')",
        (code, code),
    )


def _company(rng: random.Random, code: str) -> Statement:
    values = (code, f"Bedrijf {code}", rng.choice(KVK), rng.choice((*ADMINISTRATIONS, None)))
    return Statement("INSERT INTO accountview.companies VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING", values)


def _user(rng: random.Random, code: str, email: str | None) -> Statement:
    values = (code, "Voor", f"Naam {rng.randrange(3)}", email, rng.random() < 0.3)
    return Statement(
        "INSERT INTO accountview.users (code, first_name, last_name, email, all_administrations)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        values,
    )


def statement(rng: random.Random, theme: str = "everything") -> Statement:
    """A change that the application could make; a theme keeps to few kinds of it, so that they meet more often."""
    changes = THEMES[theme]
    return rng.choices([c for c, _ in changes], [w for _, w in changes])[0](rng)


def _user_change(rng: random.Random) -> Statement:
    user = rng.choice(USERS)
    match rng.randrange(7):
        case 0:
            return _user(rng, user, rng.choice((*EMAILS, None)))
        case 1:
            return Statement("DELETE FROM accountview.users WHERE code = %s", (user,))
        case 2:
            return Statement("UPDATE accountview.users SET code = %s WHERE code = %s", (rng.choice(USERS), user))
        case 3:
            return Statement("UPDATE accountview.users SET email = %s WHERE code = %s", (rng.choice(EMAILS), user))
        case 4:
            name = rng.choice(("Naam 7", "Naam 8", "\u00a0", None))
            return Statement("UPDATE accountview.users SET last_name = %s WHERE code = %s", (name, user))
        case 5:
            return Statement(
                "UPDATE accountview.users SET all_administrations = NOT all_administrations WHERE code = %s",
                (user,),
            )
        case _:
            return Statement("UPDATE accountview.users SET email = NULL WHERE code = %s", (user,))


def _company_change(rng: random.Random) -> Statement:
    company = rng.choice(COMPANIES)
    match rng.randrange(6):
        case 0 | 1:
            return _company(rng, company)
        case 2:
            return Statement("DELETE FROM accountview.companies WHERE code = %s", (company,))
        case 3:
            return Statement(
                "UPDATE accountview.companies SET code = %s WHERE code = %s", (rng.choice(COMPANIES), company)
            )
        case 4:
            return Statement(
                "UPDATE accountview.companies SET kvk_number = %s WHERE code = %s", (rng.choice(KVK), company)
            )
        case _:
            values = (rng.choice((*ADMINISTRATIONS, None)), company)
            return Statement("UPDATE accountview.companies SET administration_code = %s WHERE code = %s", values)


def _administration_change(rng: random.Random) -> Statement:
    administration = rng.choice(ADMINISTRATIONS)
    match rng.randrange(5):
        case 0:
            return Statement("DELETE FROM accountview.administrations WHERE code = %s", (administration,))
        case 1:
            values = (rng.choice(ADMINISTRATIONS), administration)
            return Statement("UPDATE accountview.administrations SET code = %s WHERE code = %s", values)
        case 2:
            values = (rng.choice(("Breda", "Delft", " ")), administration)
            return Statement("UPDATE accountview.administrations SET city = %s WHERE code = %s", values)
        case _:
            text = _administration(administration).text + " ON CONFLICT DO NOTHING"
            return Statement(text, (administration, administration))


def _right_change(rng: random.Random) -> Statement:
    who = rng.choice((("user_code", rng.choice(USERS)), ("group_code", rng.choice(GROUPS))))
    table, what, value = rng.choice(
        (
            ("administration_access", "administration_code", rng.choice(ADMINISTRATIONS)),
            ("app_access", "app_code", rng.choice(APPS)),
        )
    )
    if rng.random() < 0.6:
        return Statement(
            f"INSERT INTO accountview.{table} ({what}, {who[0]}) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            (value, who[1]),
        )
    if rng.random() < 0.3:
        return Statement(f"UPDATE accountview.{table} SET {who[0]} = %s WHERE {what} = %s", (who[1], value))
    if table == "app_access" and rng.random() < 0.3:
        roles = rng.choice((["manager"], ["manager", "user"], None))
        return Statement("UPDATE accountview.app_access SET roles = %s WHERE app_code = %s", (roles, value))
    return Statement(f"DELETE FROM accountview.{table} WHERE {what} = %s AND {who[0]} = %s", (value, who[1]))


def _member_change(rng: random.Random) -> Statement:
    values = (rng.choice(USERS), rng.choice(GROUPS))
    if rng.random() < 0.65:
        return Statement("INSERT INTO accountview.group_members VALUES (%s, %s) ON CONFLICT DO NOTHING", values)
    if rng.random() < 0.2:
        return Statement("UPDATE accountview.group_members SET user_code = %s WHERE group_code = %s", values)
    if rng.random() < 0.1:
        return Statement("TRUNCATE accountview.group_members")
    return Statement("DELETE FROM accountview.group_members WHERE user_code = %s AND group_code = %s", values)


def _group_change(rng: random.Random) -> Statement:
    group = rng.choice(GROUPS)
    match rng.randrange(4):
        case 0:
            return Statement("DELETE FROM accountview.user_groups WHERE code = %s", (group,))
        case 1:
            return Statement(
                "UPDATE accountview.user_groups SET all_administrations = NOT all_administrations WHERE code = %s",
                (group,),
            )
        case 2:
            values = (rng.choice(GROUPS), group)
            return Statement("UPDATE accountview.user_groups SET code = %s WHERE code = %s", values)
        case _:
            return Statement(
                "INSERT INTO accountview.user_groups VALUES (%s, %s) ON CONFLICT DO NOTHING", (group, group)
            )


def _app_change(rng: random.Random) -> Statement:
    app = rng.choice(APPS)
    match rng.randrange(5):
        case 0:
            return Statement("DELETE FROM accountview.apps WHERE code = %s", (app,))
        case 1:
            return Statement("UPDATE accountview.apps SET code = %s WHERE code = %s", (rng.choice(APPS), app))
        case 2:
            return Statement(
                "INSERT INTO accountview.apps (code, name) VALUES (%s, %s) ON CONFLICT DO NOTHING", (app, app)
            )
        case _:
            values = (rng.choice(("user", "manager")), app)
            return Statement("UPDATE accountview.apps SET default_role = %s WHERE code = %s", values)


def _licence_change(rng: random.Random) -> Statement:
    module = rng.choice(MODULES)
    if rng.random() < 0.5:
        return Statement("DELETE FROM accountview.licence_modules WHERE module = %s", (module,))
    return Statement("INSERT INTO accountview.licence_modules VALUES (%s) ON CONFLICT DO NOTHING", (module,))


def _carrier_change(rng: random.Random) -> Statement:
    table = rng.choice(("cost_types", "cost_centres", "projects"))
    key = (rng.choice(ADMINISTRATIONS), rng.choice(CODES))
    match rng.randrange(6):
        case 0:
            return Statement(f"DELETE FROM accountview.{table} WHERE (administration_code, code) = (%s, %s)", key)
        case 1:
            return Statement(
                f"UPDATE accountview.{table} SET code = %s WHERE (administration_code, code) = (%s, %s)",
                (rng.choice(CODES), *key),
            )
        case 2:
            return Statement(
                f"UPDATE accountview.{table} SET administration_code = %s WHERE (administration_code, code) = (%s, %s)",
                (rng.choice(ADMINISTRATIONS), *key),
            )
        case 3:
            return Statement(f"UPDATE accountview.{table} SET description = %s", (f"Alles {rng.randrange(9)}",))
        case _:
            start = ", start_date" if table == "projects" else ""
            value = ", DATE '2026-01-01'" if table == "projects" else ""
            return Statement(
                f"INSERT INTO accountview.{table} (administration_code, code, description{start})"
                f" VALUES (%s, %s, 'Nieuw'{value}) ON CONFLICT DO NOTHING",
                key,
            )


def _toggle(rng: random.Random) -> Statement:
    """There and back again: what was sent and what is wanted are often the same two values."""
    value = rng.choice(("heen", "terug"))
    match rng.randrange(3):
        case 0:
            return Statement("UPDATE accountview.users SET last_name = %s WHERE code = 'u1'", (value,))
        case 1:
            return Statement("UPDATE accountview.administrations SET city = %s", (value,))
        case _:
            email = EMAILS[value == "heen"]
            return Statement("UPDATE accountview.users SET email = %s WHERE code = 'u1'", (email,))


def _rebirth(rng: random.Random) -> Statement:
    """Gone and back with the same code: what hangs below must be sent again."""
    match rng.randrange(6):
        case 0:
            return Statement("DELETE FROM accountview.companies WHERE code = 'c1'")
        case 1 | 2:
            return Statement(
                "INSERT INTO accountview.companies VALUES ('c1', 'Bedrijf c1', '12345678', 'a1') ON CONFLICT DO NOTHING"
            )
        case 3:
            return Statement("DELETE FROM accountview.users WHERE code = 'u1'")
        case _:
            return Statement(
                "INSERT INTO accountview.users (code, first_name, last_name, email, all_administrations)"
                " VALUES ('u1', 'Voor', 'Naam', %s, true) ON CONFLICT DO NOTHING",
                (EMAILS[0],),
            )


def _person_change(rng: random.Random) -> Statement:
    """Nobody comes or goes, and everybody keeps his code: whatever happens, nobody gets a second invitation."""
    user = rng.choice(USERS[:2])
    match rng.randrange(3):
        case 0:
            return Statement("UPDATE accountview.users SET email = %s WHERE code = %s", (rng.choice(EMAILS), user))
        case 1:
            name = rng.choice(("Naam 7", "Naam 8", "\u00a0", None))
            return Statement("UPDATE accountview.users SET last_name = %s WHERE code = %s", (name, user))
        case _:
            return Statement(
                "UPDATE accountview.users SET first_name = %s WHERE code = %s", (rng.choice(("Voor", "Na")), user)
            )


def _code_change(rng: random.Random) -> Statement:
    """The same people under other codes: they keep their accounts, and get no second invitation either."""
    if rng.random() < 0.7:
        values = (rng.choice(USERS), rng.choice(USERS))
        return Statement("UPDATE accountview.users SET code = %s WHERE code = %s", values)
    name = rng.choice(("Naam 7", "\u00a0"))
    return Statement("UPDATE accountview.users SET last_name = %s WHERE code = %s", (name, rng.choice(USERS)))


def _company_opens(rng: random.Random) -> Statement:
    """Coarse changes: who may open everything, and which administrations there are to open."""
    if rng.random() < 0.5:
        return Statement("UPDATE accountview.users SET all_administrations = NOT all_administrations")
    administration = rng.choice(("a1", None))
    return Statement("UPDATE accountview.companies SET administration_code = %s WHERE code = 'c1'", (administration,))


_Changes = tuple[tuple[Callable[[random.Random], Statement], int], ...]
_EVERYTHING: _Changes = (
    (_user_change, 4),
    (_company_change, 3),
    (_administration_change, 1),
    (_right_change, 4),
    (_member_change, 3),
    (_group_change, 1),
    (_app_change, 1),
    (_licence_change, 1),
    (_carrier_change, 3),
)
THEMES: dict[str, _Changes] = {
    "everything": _EVERYTHING,
    "people": ((_user_change, 1),),
    "toggle": ((_toggle, 1),),
    "rebirth": ((_rebirth, 1),),
    "rights": ((_right_change, 3), (_member_change, 2), (_group_change, 1), (_company_opens, 1)),
    "opens": ((_company_opens, 1),),
    "persons": ((_person_change, 3), (_right_change, 1), (_member_change, 1)),
    "codes": ((_code_change, 3), (_right_change, 1), (_member_change, 1)),
}
# In these nobody comes or goes: there are as many invitations as users, at most.
STAY = ("persons", "codes")
