"""Soundness over the reference schema: random transactions of the application, all ten views."""

from __future__ import annotations

from random import Random
from typing import Any

import psycopg
import pytest

from outbox import install
from outbox.capture.statements import MANY
from outbox.resources import RESOURCES, TARGETS
from tests.capture import covering
from tests.capture.following import lower_limit

Connection = psycopg.Connection[Any]
SEEDS = range(1, 21)
VIEWS = [
    (target, resource)
    for target in TARGETS
    for resource in RESOURCES
    if target == "visma_net" or resource in ("users", "companies", "company_access", "app_access")
]
VIEWS.remove(("visma_net", "app_access"))


@pytest.mark.parametrize("many", [MANY, 3])
def test_every_changed_key_is_named(database: str, many: int) -> None:
    """Inserts, updates of join and key columns, deletes with cascades, licences on and off; also where a statement
    reaches the limit of what it names.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        install.apply(connection, install.plan(connection))
        lower_limit(connection, many)
        covering.pin(connection)
        changed = sum(try_transactions(connection, Random(seed), seed) for seed in SEEDS)
    print(f"seeds {SEEDS}: {changed} keys changed")
    assert changed > 100


def try_transactions(connection: Connection, random: Random, seed: int) -> int:
    count = 0
    before = {view: covering.read_view(connection, *view) for view in VIEWS}
    for _ in range(5):
        since = covering.last_message(connection)
        statements = [statement(connection, random) for _ in range(random.choice((1, 1, 2, 3)))]
        with connection.transaction():
            for s in statements:
                run(connection, s)
        after = {view: covering.read_view(connection, *view) for view in VIEWS}
        for view in VIEWS:
            changed = covering.changed_keys(before[view], after[view])
            missed = covering.uncovered(changed, covering.named_by(connection, *view, since))
            assert not missed, f"seed {seed}: {missed} of {view} changed unseen by {statements}"
            count += len(changed)
        before = after
    return count


def run(connection: Connection, query: str) -> None:
    try:
        with connection.transaction():
            connection.execute(query.encode())
    except psycopg.errors.IntegrityError:
        pass  # a duplicate or a check; the application would see it too


def statement(connection: Connection, random: Random) -> str:
    """A write that an application could make, on codes that exist or that are new."""

    def code(table: str) -> str:
        rows = connection.execute(f"SELECT code FROM accountview.{table} ORDER BY code".encode()).fetchall()
        return random.choice([str(r[0]) for r in rows] or ["-"])

    user, group, company, administration, app = map(
        code, ("users", "user_groups", "companies", "administrations", "apps")
    )
    new = f"N{random.randrange(6)}"
    module = random.choice(("ACCESS_1", "ACCESS_2", "APPROVAL", "AUTOREPORT", "PROJECTS", "COST_TYPES"))
    many = random.choice(("projects", "cost_types", "cost_centres"))
    return random.choice(
        (
            f"UPDATE accountview.users SET email = nullif('{new}@example.org', 'N0@example.org') WHERE code = '{user}'",
            f"UPDATE accountview.users SET code = '{new}' WHERE code = '{user}'",
            f"UPDATE accountview.users SET all_administrations = NOT all_administrations WHERE code = '{user}'",
            f"DELETE FROM accountview.users WHERE code = '{user}'",
            f"INSERT INTO accountview.users (code, email) VALUES ('{new}', 'x@y.nl') ON CONFLICT (code) DO UPDATE SET"
            " email = excluded.email",
            f"INSERT INTO accountview.group_members VALUES ('{user}', '{group}') ON CONFLICT DO NOTHING",
            f"UPDATE accountview.group_members SET group_code = '{group}' WHERE user_code = '{user}'",
            f"UPDATE accountview.user_groups SET all_administrations = NOT all_administrations WHERE code = '{group}'",
            f"UPDATE accountview.user_groups SET code = '{new}' WHERE code = '{group}'",
            f"DELETE FROM accountview.user_groups WHERE code = '{group}'",
            f"INSERT INTO accountview.user_groups (code, name) VALUES ('{new}', 'new')",
            f"INSERT INTO accountview.administration_access (administration_code, group_code)"
            f" VALUES ('{administration}', '{group}')",
            f"INSERT INTO accountview.administration_access (administration_code, user_code)"
            f" VALUES ('{administration}', '{user}')",
            f"DELETE FROM accountview.administration_access WHERE administration_code = '{administration}'",
            f"UPDATE accountview.administrations SET code = '{new}' WHERE code = '{administration}'",
            f"UPDATE accountview.administrations SET city = nullif('{new}', 'N0') WHERE code = '{administration}'",
            f"DELETE FROM accountview.administrations WHERE code = '{administration}'",
            f"INSERT INTO accountview.administrations (code, name) VALUES ('{new}', 'new')",
            f"UPDATE accountview.companies SET administration_code = '{administration}' WHERE code = '{company}'",
            f"UPDATE accountview.companies SET kvk_number = nullif('{new}', 'N0') WHERE code = '{company}'",
            f"INSERT INTO accountview.companies (code, name, administration_code)"
            f" VALUES ('{new}', 'new', '{administration}')",
            f"DELETE FROM accountview.companies WHERE code = '{company}'",
            f"INSERT INTO accountview.app_access (app_code, user_code) VALUES ('{app}', '{user}')",
            f"INSERT INTO accountview.app_access (app_code, group_code, roles) VALUES ('{app}', '{group}', '{{a}}')",
            f"UPDATE accountview.apps SET default_role = '{new}' WHERE code = '{app}'",
            f"DELETE FROM accountview.app_access WHERE app_code = '{app}'",
            f"DELETE FROM accountview.licence_modules WHERE module = '{module}'",
            f"INSERT INTO accountview.licence_modules VALUES ('{module}') ON CONFLICT DO NOTHING",
            f"INSERT INTO accountview.{many} (administration_code, code, description)"
            f" VALUES ('{administration}', '{new}', 'new') ON CONFLICT DO NOTHING",
            f"UPDATE accountview.{many} SET description = nullif('{new}', 'N0')"
            f" WHERE administration_code = '{administration}'",
            f"UPDATE accountview.{many} SET administration_code = '{administration}' WHERE code < '2'",
            f"DELETE FROM accountview.{many} WHERE administration_code = '{administration}' AND code < 'M'",
            f"TRUNCATE accountview.{many}",
        )
    )
