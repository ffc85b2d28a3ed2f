"""The rules of the business, sentence by sentence: change rows by plain SQL and look at the desired view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from outbox.resources import RESOURCES, TARGETS
from tests.conftest import Server, fill_reference

Db = psycopg.Connection[tuple[Any, ...]]

VIEWS = {
    "accountview_net": ("users", "companies", "company_access", "app_access"),
    "visma_net": ("users", "companies", "company_access", "projects", "cost_types", "cost_centres"),
}
TEN_VIEWS = [(target, resource) for target, resources in VIEWS.items() for resource in resources]
BLANKS = [None, "", "  \t\r\n", "\u00a0", " \u00a0\u00a0 ", "\u2007", "\u202f", "\u3000", "\u200b", "\ufeff"]

both_targets = pytest.mark.parametrize("target", TARGETS)
each_view = pytest.mark.parametrize(("target", "resource"), TEN_VIEWS)
each_blank = pytest.mark.parametrize("blank", BLANKS, ids=ascii)


@pytest.fixture(scope="module")
def reference(server: Server) -> Iterator[str]:
    """One database for all tests here: they undo what they did."""
    with server.cloned(server.template("reference", fill_reference)) as dsn:
        yield dsn


@pytest.fixture
def db(reference: str) -> Iterator[Db]:
    with psycopg.connect(reference) as connection:
        yield connection
        connection.rollback()


def view(db: Db, target: str, resource: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """The rows of a desired view by key; fails on a key that comes twice."""
    cursor = db.execute(SQL("SELECT * FROM {}").format(Identifier(target, resource)))
    names = [column.name for column in cursor.description or ()]
    found: list[dict[str, Any]] = [dict(zip(names, row, strict=True)) for row in cursor]
    rows = {tuple(str(row[k]) for k in RESOURCES[resource].key): row for row in found}
    assert len(rows) == len(found), "a key comes twice"
    return rows


def missing(db: Db, target: str, resource: str, *key: str) -> object:
    """What a row lacks; [] when it is ready, however the view says so."""
    return view(db, target, resource)[key]["missing"] or []


def companies_of(db: Db, target: str, user: str) -> list[str]:
    """The companies that a user may open."""
    return sorted(company for who, company in view(db, target, "company_access") if who == user)


def apps_of(db: Db, user: str) -> dict[tuple[str, str], object]:
    """The roles of a user by (company, app)."""
    rows = view(db, "accountview_net", "app_access")
    return {(company, app): row["roles"] for (who, company, app), row in rows.items() if who == user}


def unlicense(db: Db, *modules: str) -> None:
    db.execute("DELETE FROM accountview.licence_modules WHERE module = ANY (%s)", [list(modules)])


def allow(db: Db, administration: str, user: str | None = None, group: str | None = None) -> None:
    db.execute(
        "INSERT INTO accountview.administration_access (administration_code, user_code, group_code)"
        " VALUES (%s, %s, %s)",
        [administration, user, group],
    )


@pytest.fixture
def newcomer(db: Db) -> str:
    """A user without any right, in an empty group NEW."""
    db.execute("INSERT INTO accountview.users VALUES ('NEW', 'Nina', 'Nieuw', 'nina@example.nl', 'nl', false)")
    db.execute("INSERT INTO accountview.user_groups VALUES ('NEW', 'Nieuw', false)")
    db.execute("INSERT INTO accountview.group_members (user_code, group_code) VALUES ('NEW', 'NEW')")
    return "NEW"


class TestFilled:
    """ "Filled" means: something other than white space, non-breaking space included."""

    @each_blank
    def test_blank(self, db: Db, blank: str | None) -> None:
        assert db.execute("SELECT accountview.filled(%s)", [blank]).fetchone() == (False,)

    @pytest.mark.parametrize("text", ["a", " a ", "\u00a0a", "0", "-", "\u0131", "é", "名", "a\nb"], ids=ascii)
    def test_filled(self, db: Db, text: str) -> None:
        assert db.execute("SELECT accountview.filled(%s)", [text]).fetchone() == (True,)


class TestContract:
    def test_there_are_ten_views(self, db: Db) -> None:
        found = db.execute(
            "SELECT schemaname, viewname FROM pg_views WHERE schemaname = ANY (%s)", [list(TARGETS)]
        ).fetchall()
        assert sorted(found) == sorted(TEN_VIEWS)

    def test_the_database_and_the_program_know_the_same_resources(self, db: Db) -> None:
        """Their names, in the same order, and their keys."""
        found = db.execute("SELECT resource, key_columns FROM outbox.resource ORDER BY place").fetchall()
        assert found == [(r.name, list(r.key)) for r in RESOURCES.values()]

    @each_view
    def test_columns_are_the_contract(self, db: Db, target: str, resource: str) -> None:
        """Key columns, then the other columns, then missing; withdrawn for users; nothing else."""
        cursor = db.execute(SQL("SELECT * FROM {} LIMIT 0").format(Identifier(target, resource)))
        r = RESOURCES[resource]
        expected = [*r.key, *r.columns, "missing", *(["withdrawn"] if r.withdrawable else [])]
        assert [column.name for column in cursor.description or ()] == expected

    @each_view
    def test_no_key_comes_twice_and_none_is_null(self, db: Db, target: str, resource: str) -> None:
        rows = view(db, target, resource)
        assert rows
        assert all(row[k] is not None for row in rows.values() for k in RESOURCES[resource].key)

    @each_view
    def test_no_child_without_its_parent_in_the_view(self, db: Db, target: str, resource: str) -> None:
        unlicense(db, "ACCESS_1")  # the most rows there can be
        for parent in RESOURCES[resource].parents:
            parents = {key[0] for key in view(db, target, parent.resource)}
            children = {str(row[parent.columns[0]]) for row in view(db, target, resource).values()}
            assert children <= parents

    def test_everything_a_dba_meets_has_a_comment(self, db: Db) -> None:
        """Tables, columns of tables, views, functions and schemas."""
        uncommented = db.execute("""
            SELECT c.oid::regclass::text
            FROM pg_class AS c
            WHERE c.relnamespace::regnamespace::text IN ('accountview', 'accountview_net', 'visma_net')
              AND c.relkind IN ('r', 'v') AND obj_description(c.oid, 'pg_class') IS NULL
            UNION ALL
            SELECT c.oid::regclass || '.' || a.attname
            FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relnamespace = 'accountview'::regnamespace AND c.relkind = 'r'
              AND col_description(c.oid, a.attnum) IS NULL
            UNION ALL
            SELECT p.oid::regprocedure::text
            FROM pg_proc AS p
            WHERE p.pronamespace = 'accountview'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
            UNION ALL
            SELECT n.nspname
            FROM pg_namespace AS n
            WHERE n.nspname IN ('accountview', 'accountview_net', 'visma_net')
              AND obj_description(n.oid, 'pg_namespace') IS NULL
        """).fetchall()
        assert uncommented == []

    def test_it_loads_on_every_version(self, every_server: Server) -> None:
        """Schema, data and views load, and the views answer, on each supported PostgreSQL that is here."""
        name = every_server.template("reference", fill_reference)
        with psycopg.connect(every_server.database(name)) as db:
            counts = [len(view(db, target, resource)) for target, resource in TEN_VIEWS]
        assert counts == [14, 3, 20, 29, 14, 3, 20, 300, 150, 150]


@both_targets
class TestUsers:
    def test_every_user_record_is_there(self, db: Db, target: str) -> None:
        codes = {str(code) for (code,) in db.execute("SELECT code FROM accountview.users")}
        assert {user for (user,) in view(db, target, "users")} == codes

    @each_blank
    @pytest.mark.parametrize("column", ["first_name", "last_name", "email"])
    def test_a_blank_is_missing(self, db: Db, target: str, column: str, blank: str | None) -> None:
        db.execute(SQL("UPDATE accountview.users SET {} = %s WHERE code = 'BERG'").format(Identifier(column)), [blank])
        assert missing(db, target, "users", "BERG") == [column]

    def test_all_that_is_blank_is_listed_in_a_fixed_order(self, db: Db, target: str) -> None:
        db.execute("UPDATE accountview.users SET email = '', last_name = NULL, first_name = ' ' WHERE code = 'BERG'")
        assert missing(db, target, "users", "BERG") == ["first_name", "last_name", "email"]

    def test_ready_when_all_three_are_filled(self, db: Db, target: str) -> None:
        assert missing(db, target, "users", "VISSER") == ["email"]
        db.execute("UPDATE accountview.users SET email = 'joost@example.nl' WHERE code = 'VISSER'")
        assert missing(db, target, "users", "VISSER") == []

    @each_blank
    def test_a_cleared_email_withdraws(self, db: Db, target: str, blank: str | None) -> None:
        db.execute("UPDATE accountview.users SET email = %s WHERE code = 'BERG'", [blank])
        assert view(db, target, "users")[("BERG",)]["withdrawn"] is True

    def test_a_cleared_name_does_not_withdraw(self, db: Db, target: str) -> None:
        db.execute("UPDATE accountview.users SET first_name = '', last_name = '' WHERE code = 'BERG'")
        assert view(db, target, "users")[("BERG",)]["withdrawn"] is False

    def test_a_deleted_record_is_gone(self, db: Db, target: str) -> None:
        db.execute("DELETE FROM accountview.users WHERE code = 'BERG'")
        assert ("BERG",) not in view(db, target, "users")
        assert companies_of(db, target, "BERG") == []

    def test_a_changed_email_is_the_same_user(self, db: Db, target: str) -> None:
        db.execute("UPDATE accountview.users SET email = 'lars@example.com' WHERE code = 'BERG'")
        row = view(db, target, "users")[("BERG",)]
        assert (row["email"], row["missing"], row["withdrawn"]) == ("lars@example.com", [], False)

    def test_two_users_may_share_an_email(self, db: Db, target: str) -> None:
        rows = view(db, target, "users")
        assert rows[("BALIE1",)]["email"] == rows[("BALIE2",)]["email"]
        assert not rows[("BALIE1",)]["missing"]
        assert not rows[("BALIE2",)]["missing"]

    @pytest.mark.parametrize(("language", "expected"), [("en", "en"), (None, "nl"), ("\u00a0", "nl")], ids=ascii)
    def test_language_defaults_to_nl_and_country_to_NL(
        self, db: Db, target: str, language: str | None, expected: str
    ) -> None:
        db.execute("UPDATE accountview.users SET language = %s WHERE code = 'BERG'", [language])
        row = view(db, target, "users")[("BERG",)]
        assert (row["language"], row["country_code"]) == (expected, "NL")


class TestLicenceOfUsersAndCompanies:
    """Visma.net's users and companies need APPROVAL or AUTOREPORT."""

    @pytest.mark.parametrize("module", ["APPROVAL", "AUTOREPORT"])
    def test_one_of_the_two_is_enough(self, db: Db, module: str) -> None:
        unlicense(db, module)
        assert missing(db, "visma_net", "users", "BERG") == []
        assert missing(db, "visma_net", "companies", "001") == []

    def test_without_both_all_are_not_ready_and_none_goes(self, db: Db) -> None:
        unlicense(db, "APPROVAL", "AUTOREPORT")
        for resource, count in (("users", 14), ("companies", 3)):
            rows = view(db, "visma_net", resource).values()
            assert len(rows) == count
            assert all("licence APPROVAL or AUTOREPORT" in str(row["missing"]) for row in rows)
        assert view(db, "visma_net", "users")[("BERG",)]["withdrawn"] is False

    def test_accountview_net_needs_neither(self, db: Db) -> None:
        db.execute("TRUNCATE accountview.licence_modules")
        assert missing(db, "accountview_net", "users", "BERG") == []
        assert missing(db, "accountview_net", "companies", "001") == []


class TestCompanies:
    def test_accountview_net_has_every_company(self, db: Db) -> None:
        """Without KVK number, without address, without administration: always ready."""
        db.execute("INSERT INTO accountview.companies (code, name) VALUES ('004', 'Los B.V.')")
        db.execute("UPDATE accountview.administrations SET street = NULL, city = '', country_code = NULL")
        rows = view(db, "accountview_net", "companies")
        assert sorted(rows) == [("001",), ("002",), ("003",), ("004",)]
        assert not any(row["missing"] for row in rows.values())
        assert {row["country_code"] for row in rows.values()} == {"NL"}

    @both_targets
    def test_the_address_is_that_of_the_linked_administration(self, db: Db, target: str) -> None:
        row = view(db, target, "companies")[("002",)]
        assert (row["name"], row["kvk_number"]) == ("Zeewind Logistiek B.V.", "09000123")
        assert [row[c] for c in ("street", "postal_code", "city", "country_code")] == [
            "Havenkade 88", "3011 XB", "Rotterdam", "NL",
        ]  # fmt: skip

    @each_blank
    def test_visma_net_needs_a_kvk_number(self, db: Db, blank: str | None) -> None:
        db.execute("UPDATE accountview.companies SET kvk_number = %s WHERE code = '001'", [blank])
        assert missing(db, "visma_net", "companies", "001") == ["kvk_number"]

    def test_a_kvk_number_filled_in_makes_it_ready(self, db: Db) -> None:
        assert missing(db, "visma_net", "companies", "003") == ["kvk_number"]
        db.execute("UPDATE accountview.companies SET kvk_number = '01234567' WHERE code = '003'")
        assert missing(db, "visma_net", "companies", "003") == []

    @each_blank
    @pytest.mark.parametrize("part", ["street", "postal_code", "city", "country_code"])
    def test_visma_net_needs_each_part_of_the_address(self, db: Db, part: str, blank: str | None) -> None:
        db.execute(
            SQL("UPDATE accountview.administrations SET {} = %s WHERE code = 'A100'").format(Identifier(part)), [blank]
        )
        assert missing(db, "visma_net", "companies", "001") == [part]
        assert missing(db, "visma_net", "companies", "002") == []

    def test_an_administration_without_postal_code_makes_its_company_not_ready(self, db: Db) -> None:
        db.execute("UPDATE accountview.companies SET administration_code = 'A900' WHERE code = '001'")
        assert missing(db, "visma_net", "companies", "001") == ["postal_code"]

    def test_a_company_without_administration_has_no_address(self, db: Db) -> None:
        db.execute("DELETE FROM accountview.administrations WHERE code = 'A300'")
        assert missing(db, "visma_net", "companies", "003") == [
            "kvk_number", "street", "postal_code", "city", "country_code",
        ]  # fmt: skip

    def test_a_kvk_number_cleared_freezes_the_company_and_nothing_else(self, db: Db) -> None:
        """The company stays in the view, and its projects and access are as ready as before."""
        others = [(t, r) for t, r in TEN_VIEWS if (t, r) != ("visma_net", "companies")]
        before = [{k: v["missing"] for k, v in view(db, *other).items()} for other in others]
        db.execute("UPDATE accountview.companies SET kvk_number = '' WHERE code = '001'")
        assert [{k: v["missing"] for k, v in view(db, *other).items()} for other in others] == before
        assert missing(db, "visma_net", "companies", "001") == ["kvk_number"]

    @both_targets
    def test_a_deleted_company_takes_all_below_it(self, db: Db, target: str) -> None:
        db.execute("DELETE FROM accountview.companies WHERE code = '002'")
        for resource in VIEWS[target]:
            if "company_code" in RESOURCES[resource].key:
                assert "002" not in {row["company_code"] for row in view(db, target, resource).values()}


@both_targets
class TestCompanyAccess:
    def test_no_right_no_access(self, db: Db, target: str, newcomer: str) -> None:
        assert companies_of(db, target, newcomer) == []

    def test_a_right_of_his_own(self, db: Db, target: str, newcomer: str) -> None:
        allow(db, "A200", user="NEW")
        assert companies_of(db, target, newcomer) == ["002"]
        unlicense(db, "ACCESS_2")
        assert companies_of(db, target, newcomer) == ["002"]

    def test_a_right_of_one_of_his_groups(self, db: Db, target: str, newcomer: str) -> None:
        allow(db, "A200", group="NEW")
        assert companies_of(db, target, newcomer) == ["002"]
        db.execute("DELETE FROM accountview.group_members WHERE user_code = 'NEW'")
        assert companies_of(db, target, newcomer) == []

    def test_a_right_of_a_group_needs_ACCESS_2(self, db: Db, target: str, newcomer: str) -> None:
        allow(db, "A200", group="NEW")
        unlicense(db, "ACCESS_2")
        assert companies_of(db, target, newcomer) == []

    def test_all_administrations_on_the_user(self, db: Db, target: str, newcomer: str) -> None:
        db.execute("UPDATE accountview.users SET all_administrations = true WHERE code = 'NEW'")
        assert companies_of(db, target, newcomer) == ["001", "002", "003"]
        unlicense(db, "ACCESS_2")
        assert companies_of(db, target, newcomer) == ["001", "002", "003"]

    def test_all_administrations_on_the_group(self, db: Db, target: str, newcomer: str) -> None:
        db.execute("UPDATE accountview.user_groups SET all_administrations = true WHERE code = 'NEW'")
        assert companies_of(db, target, newcomer) == ["001", "002", "003"]
        unlicense(db, "ACCESS_2")
        assert companies_of(db, target, newcomer) == []

    def test_everybody_everywhere_without_ACCESS_1(self, db: Db, target: str, newcomer: str) -> None:
        unlicense(db, "ACCESS_1")
        everything = {(u, c) for (u,) in view(db, target, "users") for (c,) in view(db, target, "companies")}
        assert (newcomer, "003") in everything
        assert set(view(db, target, "company_access")) == everything

    def test_nobody_opens_a_company_without_administration(self, db: Db, target: str) -> None:
        """Not even with all administrations, and not without ACCESS_1."""
        db.execute("UPDATE accountview.companies SET administration_code = NULL WHERE code = '001'")
        assert companies_of(db, target, "JANSEN") == ["002", "003"]
        unlicense(db, "ACCESS_1")
        assert companies_of(db, target, "JANSEN") == ["002", "003"]

    def test_losing_one_of_two_sources_keeps_the_access(self, db: Db, target: str) -> None:
        """BAKKER has a right of his own and one by his group."""
        assert companies_of(db, target, "BAKKER") == ["001"]
        db.execute("DELETE FROM accountview.administration_access WHERE user_code = 'BAKKER'")
        assert companies_of(db, target, "BAKKER") == ["001"]
        db.execute("DELETE FROM accountview.user_groups WHERE code = 'BAKKERS'")
        assert companies_of(db, target, "BAKKER") == []

    def test_many_sources_give_one_row(self, db: Db, target: str) -> None:
        """All five sources at once; `view` fails on a key that comes twice."""
        db.execute("UPDATE accountview.users SET all_administrations = true WHERE code = 'BAKKER'")
        db.execute("UPDATE accountview.user_groups SET all_administrations = true")
        unlicense(db, "ACCESS_1")
        assert companies_of(db, target, "BAKKER") == ["001", "002", "003"]

    def test_two_companies_may_share_an_administration(self, db: Db, target: str) -> None:
        db.execute("UPDATE accountview.companies SET administration_code = 'A100' WHERE code = '003'")
        assert companies_of(db, target, "BAKKER") == ["001", "003"]

    def test_parents_that_are_not_ready_are_no_reason(self, db: Db, target: str) -> None:
        """VISSER has no e-mail, company 003 no KVK number, and nothing is licensed."""
        assert missing(db, target, "company_access", "VISSER", "001") == []
        db.execute("TRUNCATE accountview.licence_modules")
        assert missing(db, target, "company_access", "VISSER", "003") == []


class TestAppAccess:
    def test_granted_to_the_user_in_each_company_he_may_open(self, db: Db) -> None:
        assert {k: v for k, v in apps_of(db, "JANSEN").items() if k[1] == "WORKFLOW"} == {
            (company, "WORKFLOW"): ["administrator", "user"] for company in ("001", "002", "003")
        }

    def test_granted_to_one_of_his_groups(self, db: Db) -> None:
        assert apps_of(db, "YILMAZ") == {("002", "WORKFLOW"): ["user"]}
        db.execute("DELETE FROM accountview.group_members WHERE (user_code, group_code) = ('YILMAZ', 'HAVEN')")
        assert apps_of(db, "YILMAZ") == {}

    def test_only_where_he_may_open_the_company(self, db: Db, newcomer: str) -> None:
        db.execute("INSERT INTO accountview.app_access (app_code, user_code) VALUES ('SCAN', 'NEW')")
        assert apps_of(db, newcomer) == {}
        allow(db, "A200", group="NEW")
        assert apps_of(db, newcomer) == {("002", "SCAN"): ["user"]}

    def test_a_grant_without_roles_gives_the_default_role(self, db: Db) -> None:
        assert apps_of(db, "OCONNOR") == {("003", "REPORTING"): ["reader"]}
        db.execute("UPDATE accountview.apps SET default_role = 'author' WHERE code = 'REPORTING'")
        assert apps_of(db, "OCONNOR") == {("003", "REPORTING"): ["author"]}
        db.execute("UPDATE accountview.app_access SET roles = '{viewer}' WHERE user_code = 'OCONNOR'")
        assert apps_of(db, "OCONNOR") == {("003", "REPORTING"): ["viewer"]}

    def test_roles_of_all_grants_come_together_in_one_row(self, db: Db) -> None:
        """DIJK is approver herself and user by her group; a role that comes twice is named once."""
        assert apps_of(db, "DIJK")[("002", "WORKFLOW")] == ["approver", "user"]
        db.execute("UPDATE accountview.app_access SET roles = '{user,approver}' WHERE user_code = 'DIJK'")
        assert apps_of(db, "DIJK")[("002", "WORKFLOW")] == ["approver", "user"]

    def test_losing_one_of_two_grants_keeps_the_other(self, db: Db) -> None:
        db.execute("DELETE FROM accountview.app_access WHERE user_code = 'DIJK'")
        assert apps_of(db, "DIJK")[("002", "WORKFLOW")] == ["user"]
        db.execute("DELETE FROM accountview.app_access WHERE group_code = 'HAVEN'")
        assert ("002", "WORKFLOW") not in apps_of(db, "DIJK")

    def test_an_app_of_a_group_needs_no_ACCESS_2(self, db: Db) -> None:
        """MULDER opens 001 by a right of his own, and has SCAN by a group."""
        unlicense(db, "ACCESS_2")
        assert apps_of(db, "MULDER") == {("001", "SCAN"): ["user"]}

    def test_always_ready(self, db: Db) -> None:
        assert missing(db, "accountview_net", "app_access", "VISSER", "001", "SCAN") == []

    @pytest.mark.parametrize("roles", ["{}", "{NULL}", "{user,NULL}"])
    def test_no_grant_without_a_role(self, db: Db, roles: str) -> None:
        with pytest.raises(psycopg.errors.CheckViolation):
            db.execute("UPDATE accountview.app_access SET roles = %s", [roles])


PARTS = [("projects", "PROJECTS"), ("cost_types", "COST_TYPES"), ("cost_centres", "COST_CENTRES")]


@pytest.mark.parametrize(("resource", "module"), PARTS)
class TestProjectsCostTypesAndCostCentres:
    def keys(self, db: Db, resource: str, company: str) -> set[str]:
        return {code for c, code in view(db, "visma_net", resource) if c == company}

    def test_those_of_the_linked_administration(self, db: Db, resource: str, module: str) -> None:
        table = Identifier("accountview", resource)
        db.execute(SQL("INSERT INTO {} (administration_code, code) VALUES ('A200', 'X'), ('A900', 'Y')").format(table))
        assert "X" in self.keys(db, resource, "002")
        assert "X" not in self.keys(db, resource, "001")
        assert "Y" not in {code for _, code in view(db, "visma_net", resource)}

    def test_they_follow_the_link(self, db: Db, resource: str, module: str) -> None:
        db.execute(SQL("DELETE FROM {} WHERE administration_code = 'A200'").format(Identifier("accountview", resource)))
        assert self.keys(db, resource, "002") == set()
        db.execute("UPDATE accountview.companies SET administration_code = 'A100' WHERE code = '002'")
        assert self.keys(db, resource, "002") == self.keys(db, resource, "001") != set()
        db.execute("UPDATE accountview.companies SET administration_code = NULL WHERE code = '002'")
        assert self.keys(db, resource, "002") == set()

    def test_without_its_module_nothing_is_ready_and_nothing_goes(self, db: Db, resource: str, module: str) -> None:
        before = view(db, "visma_net", resource)
        assert before
        unlicense(db, module)
        after = view(db, "visma_net", resource)
        assert after.keys() == before.keys()
        assert all(after[key]["missing"] == [*row["missing"], f"licence {module}"] for key, row in before.items())
        db.execute("INSERT INTO accountview.licence_modules VALUES (%s)", [module])
        assert view(db, "visma_net", resource) == before

    def test_all_that_is_missing_in_a_fixed_order(self, db: Db, resource: str, module: str) -> None:
        db.execute(SQL("INSERT INTO {} (administration_code, code) VALUES ('A100', 'X')").format(
            Identifier("accountview", resource)))  # fmt: skip
        unlicense(db, "APPROVAL", module)
        own = ["description", "start_date"] if resource == "projects" else []
        assert missing(db, "visma_net", resource, "001", "X") == [*own, "licence APPROVAL", f"licence {module}"]

    def test_other_modules_do_not_matter(self, db: Db, resource: str, module: str) -> None:
        """AutoReport needs none of them, and they need no AutoReport; nor each other."""
        before = view(db, "visma_net", resource)
        db.execute("DELETE FROM accountview.licence_modules WHERE module NOT IN ('APPROVAL', %s)", [module])
        assert view(db, "visma_net", resource) == before

    def test_a_company_that_is_not_ready_is_no_reason(self, db: Db, resource: str, module: str) -> None:
        assert missing(db, "visma_net", "companies", "003") == ["kvk_number"]
        assert all(not row["missing"] for (c, _), row in view(db, "visma_net", resource).items() if c == "003")

    def test_a_deleted_record_is_gone(self, db: Db, resource: str, module: str) -> None:
        db.execute(SQL("DELETE FROM {}").format(Identifier("accountview", resource)))
        assert view(db, "visma_net", resource) == {}


class TestProjects:
    @each_blank
    def test_a_blank_description_is_missing(self, db: Db, blank: str | None) -> None:
        db.execute("UPDATE accountview.projects SET description = %s WHERE code = 'P0001'", [blank])
        assert missing(db, "visma_net", "projects", "001", "P0001") == ["description"]

    def test_a_start_date_is_needed_an_end_date_is_not(self, db: Db) -> None:
        db.execute("UPDATE accountview.projects SET start_date = NULL, end_date = NULL WHERE code = 'P0001'")
        assert missing(db, "visma_net", "projects", "001", "P0001") == ["start_date"]
        db.execute("UPDATE accountview.projects SET start_date = '2024-02-29' WHERE code = 'P0001'")
        assert missing(db, "visma_net", "projects", "001", "P0001") == []

    def test_status_is_in_the_words_of_the_erp_and_there_is_no_template(self, db: Db) -> None:
        rows = view(db, "visma_net", "projects").values()
        assert {row["status"] for row in rows} <= {
            "Planned", "Active", "Completed", "Cancelled", "OnHold", "PendingApproval",
        }  # fmt: skip
        assert {row["template"] for row in rows} == {None}
