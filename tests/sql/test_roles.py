"""Who may do what: the matrix of sql/grants.sql, tried; and what an application role can not do by any trick.

A server of its own, since roles belong to the whole cluster. Everything is installed by `dba`, who is no superuser.
"""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from outbox import embedded, install, sandbox, sqlfiles
from outbox.capture.catalogue import read_catalogue
from outbox.errors import NotPermitted
from outbox.install import roles
from outbox.install.uninstall import plan_uninstall, uninstall
from outbox.operator.audit import ask, read_questions
from outbox.operator.link import link, unlink
from outbox.register.request import confirm
from outbox.relay.connection import connect
from outbox.relay.holding import Holding
from outbox.relay.store import Store
from outbox.resources import TARGETS
from outbox.service.keeper import Keeper
from outbox.targets.held import Held
from tests.capture.schemas import CASE_BLIND
from tests.conftest import DEFAULT_VERSION, OPTIONS, fill_source
from tests.lane import World
from tests.programs import dump

Connection = psycopg.Connection[Any]

LOGINS = {"relay": "outbox_relay", "operator": "outbox_operator", "auditor": "outbox_auditor", "app": None}


@dataclass(frozen=True)
class Site:
    """A database `erp` that belongs to dba."""

    superuser: str

    def dsn(self, user: str = "postgres", dbname: str = "erp") -> str:
        return make_conninfo(self.superuser, user=user, dbname=dbname)

    @contextmanager
    def connected(self, user: str = "postgres") -> Iterator[Connection]:
        with psycopg.connect(self.dsn(user), autocommit=True) as connection:
            yield connection


@contextmanager
def managed(version: int) -> Iterator[Site]:
    """As a cloud provider hands it out: the superuser is somebody else."""
    with embedded.running(version=version, options=OPTIONS) as dsn:
        with psycopg.connect(dsn, autocommit=True) as admin:
            admin.execute("CREATE ROLE dba LOGIN CREATEROLE; CREATE ROLE app LOGIN")
            admin.execute("CREATE DATABASE erp OWNER dba")
        yield Site(dsn)


def fill(site: Site) -> None:
    with site.connected("dba") as dba:
        fill_source(dba)
        dba.execute("GRANT USAGE ON SCHEMA accountview TO app")
        dba.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA accountview TO app")


def make_roles(site: Site) -> None:
    with site.connected("dba") as dba:
        dba.execute(sqlfiles.read("roles.sql"))
        for login, role in LOGINS.items():
            if role:
                dba.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE {}").format(sql.Identifier(login), sql.SQL(role)))


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with managed(DEFAULT_VERSION) as made:
        fill(made)
        make_roles(made)
        with made.connected("dba") as dba:
            install.apply(dba, install.plan(dba))
        yield made


@pytest.fixture(scope="module")
def sessions(site: Site) -> Iterator[dict[str, Connection]]:
    found = {login: psycopg.connect(site.dsn(login), autocommit=True) for login in LOGINS}
    with site.connected() as admin:
        admin.execute("INSERT INTO outbox.message (target, resource, key, operation, status, outcome, settled_at)"
                      " VALUES ('visma_net', 'users', '{A}', 'UPDATE', 'done', 'updated', now())")  # fmt: skip
        admin.execute("INSERT INTO outbox.message (target, resource, key, operation, status, error, settled_at)"
                      " VALUES ('visma_net', 'users', '{B}', 'UPDATE', 'dead', 'no', now())")  # fmt: skip
        admin.execute("INSERT INTO outbox.message (target, resource, key, operation)"
                      " VALUES ('visma_net', 'users', '{C}', 'UPDATE')")  # fmt: skip
    yield found
    for connection in found.values():
        connection.close()


OK, FAIL = True, False

# fmt: off
MATRIX = [
    #                                                                               relay  operat auditor app
    ("SELECT id, status, key, error FROM outbox.message",                           OK,    OK,    OK,    FAIL),
    ("SELECT document FROM outbox.message",                                         OK,    OK,    FAIL,  FAIL),
    ("SELECT * FROM outbox.message",                                                OK,    OK,    FAIL,  FAIL),
    ("SELECT key, remote_id, in_doubt FROM outbox.mirror",                          OK,    OK,    OK,    FAIL),
    ("SELECT document FROM outbox.mirror",                                          OK,    OK,    FAIL,  FAIL),
    ("SELECT sending FROM outbox.mirror",                                           OK,    OK,    FAIL,  FAIL),
    ("SELECT * FROM outbox.attempt",                                                OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.decision",                                               OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.target, outbox.lease, outbox.bell, outbox.rate",         OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.manifest, outbox.migration, outbox.identity",            OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.application",                                            OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.relay, outbox.verified, outbox.not_ours",                OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.pause, outbox.passed, outbox.approval, outbox.rejection", OK,   OK,    OK,    FAIL),
    ("SELECT * FROM outbox.health, outbox.backlog, outbox.lanes, outbox.calls",     OK,    OK,    OK,    FAIL),
    ("SELECT * FROM outbox.register_result, outbox.origin, outbox.resource",        OK,    OK,    OK,    FAIL),
    ("SELECT outbox.lane('users', '{A}', NULL, 1)",                                 OK,    FAIL,  FAIL,  FAIL),
    ("SELECT * FROM visma_net.users",                                               OK,    OK,    FAIL,  FAIL),
    ("SELECT * FROM accountview.users",                                             FAIL,  FAIL,  FAIL,  OK),
    ("UPDATE accountview.users SET email = 'x@example.nl'",                         FAIL,  FAIL,  FAIL,  OK),
    ("INSERT INTO outbox.message (target, resource, key, operation)"
     " VALUES ('visma_net', 'users', '{}', 'EXPAND')",                              OK,    FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.message (target, resource, key, operation, changed_by)"
     " VALUES ('visma_net', 'users', '{}', 'REGISTER', 'jan')",                     FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET status = 'done', outcome = 'unchanged', settled_at = now()"
     " WHERE key = '{C}'",                                                          OK,    FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET status = 'done', outcome = 'superseded', error = NULL"
     " WHERE key = '{B}'",                                                          OK,    FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET outcome = 'rejected' WHERE key = '{A}'",            FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET key = '{X}' WHERE key = '{A}'",                     FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET changed_by = 'jan' WHERE key = '{C}'",              FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET operation = 'REGISTER' WHERE key = '{C}'",          FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.message SET approved = '{remove}' WHERE key = '{C}'",           FAIL,  FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.message (target, resource, key, operation, approved)"
     " VALUES ('visma_net', 'users', '{}', 'EXPAND', '{remove}')",                  FAIL,  FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.message",                                                  FAIL,  FAIL,  FAIL,  FAIL),
    ("TRUNCATE outbox.message",                                                     FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.mirror SET in_doubt = now()",                                   OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.mirror",                                                   OK,    FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.mirror (target, resource, key, remote_id)"
     " VALUES ('visma_net', 'users', '{A}', 'r')",                                  OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.attempt",                                                  FAIL,  FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.decision",                                                 FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.decision SET why = 'x'",                                        FAIL,  FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.decision (decision, decided_by) VALUES ('approve', 'x')",  FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.mirror SET confirmed_at = now()",                               OK,    FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.lease SET holder = 'x'",                                        OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.relay",                                                    OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.not_ours",                                                 FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.verified SET listed = 0",                                       FAIL,  FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.pause (target, resource, why) VALUES ('visma_net', 'users', 'x')",
                                                                                    OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.passed",                                                   OK,    FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.approval SET found = 1",                                        OK,    FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.approval SET shown = 9",                                        FAIL,  FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.approval (decision, target, resource, call, key, shown)"
     " VALUES (1, 'visma_net', 'users', 'create', '{}', 9)",                        FAIL,  FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.rejection (target, resource, key, decision)"
     " VALUES ('visma_net', 'users', '{A}', 1)",                                    FAIL,  FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.bell (holder) VALUES ('x')",                               OK,    FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.rate (target) VALUES ('x')",                               OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.rate",                                                     FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.target SET down_since = NULL",                                  OK,    FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.verified",                                                 FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.application SET name = 'x'",                                    FAIL,  FAIL,  FAIL,  FAIL),
    ("SELECT outbox.set_lanes('visma_net', 2)",                                     FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.lease SET expires_at = now()",                                  OK,    FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.target SET active_since = now()",                               FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.target SET verify_since = NULL",                                FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.target SET paused_at = now(), why = 'x'",                       OK,    FAIL,  FAIL,  FAIL),
    ("INSERT INTO outbox.decision (decision) VALUES ('approve')",                   FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.manifest SET hash = 'x'",                                       FAIL,  FAIL,  FAIL,  FAIL),
    ("UPDATE outbox.identity SET database = 1",                                     FAIL,  FAIL,  FAIL,  FAIL),
    ("DELETE FROM outbox.migration",                                                FAIL,  FAIL,  FAIL,  FAIL),
    ("SELECT outbox.register('visma_net')",                                         FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.adopt()",                                                       FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.link('visma_net', 'users', '{SMIT}', 'r-1')",                   FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.meet('visma_net', '[]', '[]')",                                 FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.activate('visma_net')",                                         FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.doubt('visma_net', '{}', '{}')",                                FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.mark('visma_net', 'users', '[]')",                              OK,    OK,    FAIL,  FAIL),
    ("SELECT outbox.set_back('visma_net', 'users', '[]')",                          OK,    OK,    FAIL,  FAIL),
    ("SELECT outbox.believe('visma_net', now())",                                   OK,    OK,    FAIL,  FAIL),
    ("SELECT outbox.refresh_applications('visma_net', '[]')",                       OK,    OK,    FAIL,  FAIL),
    ("SELECT outbox.interrupt('visma_net')",                                        FAIL,  FAIL,  FAIL,  FAIL),
    ("SELECT outbox.look_again('visma_net', 'users', '{A}')",                       FAIL,  FAIL,  FAIL,  FAIL),
    ("SELECT outbox.approve('visma_net')",                                          FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.pause('visma_net', reason => 'x')",                             FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.capture_off()",                                                 FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.capture_on()",                                                  FAIL,  OK,    FAIL,  FAIL),
    ("SELECT outbox.ring()",                                                        OK,    FAIL,  FAIL,  FAIL),
    ("SELECT outbox.is_home()",                                                     OK,    OK,    OK,    FAIL),
    ("SELECT outbox.require_home()",                                                FAIL,  FAIL,  FAIL,  FAIL),
    ("SELECT outbox.notice_fail_over(), outbox.recheck_unseen()",                   OK,    FAIL,  FAIL,  FAIL),
    ("SELECT outbox.prune_documents(30, 0, 1), outbox.prune_attempts(90, 0, 1), outbox.prune_messages(400, 0, 1)",
                                                                                    OK,    OK,    FAIL,  FAIL),
    ("SELECT outbox.distrust_mirror()",                                             FAIL,  FAIL,  FAIL,  FAIL),
    ("SELECT outbox.follow_code_to_companies_code('[]')",                           OK,    FAIL,  FAIL,  FAIL),
    ("CREATE TABLE outbox.mine (x int)",                                            FAIL,  FAIL,  FAIL,  FAIL),
    ("CREATE FUNCTION outbox.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",        FAIL,  FAIL,  FAIL,  FAIL),
    ("ALTER FUNCTION outbox.ring() SECURITY INVOKER",                               FAIL,  FAIL,  FAIL,  FAIL),
    ("CREATE TABLE pg_temp.t (); CREATE TRIGGER t AFTER INSERT ON pg_temp.t"
     " EXECUTE FUNCTION outbox.capture_accountview_users()",                        FAIL,  FAIL,  FAIL,  FAIL),
    ("SET ROLE outbox_owner",                                                       FAIL,  FAIL,  FAIL,  FAIL),
    ("SET session_replication_role = replica",                                      FAIL,  FAIL,  FAIL,  FAIL),
]
# fmt: on


@pytest.mark.parametrize("number", range(len(MATRIX)), ids=[" ".join(row[0].split())[:60] for row in MATRIX])
def test_the_matrix(number: int, sessions: dict[str, Connection]) -> None:
    """ok or fail for each role and object."""
    statement, *expected = MATRIX[number]
    found = [allowed(sessions[login], statement) for login in LOGINS]
    assert dict(zip(LOGINS, found, strict=True)) == dict(zip(LOGINS, expected, strict=True))


def test_the_matrix_is_whole(site: Site) -> None:
    """Of every table there is a line that reads, and one that writes."""
    lines = [str(row[0]) for row in MATRIX]
    with site.connected() as admin:
        tables = admin.execute("SELECT relname FROM pg_class WHERE relnamespace = 'outbox'::regnamespace"
                               " AND relkind = 'r'").fetchall()  # fmt: skip
    for (table,) in tables:
        found = {line.split()[0] for line in lines if re.search(rf"\boutbox\.{table}\b", line)}
        assert "SELECT" in found, table
        assert found & {"INSERT", "UPDATE", "DELETE", "TRUNCATE"}, table


def allowed(session: Connection, statement: str) -> bool:
    """Tried, and taken back."""
    try:
        with session.transaction(force_rollback=True):
            session.execute(statement.encode())
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


# Show what was sent, or read the desired views.
NOT_FOR_AUDITORS = {
    "access_of_user", "accessible_apps", "history_of_key", "invitations", "sent_about_person", "users_of_company",
    "who_changed_this",
}  # fmt: skip
# Read the application's own tables.
FOR_NO_ROLE = {"apps_of_group", "apps_of_user"}


def test_who_is_answered_which_question(sessions: dict[str, Connection]) -> None:
    """An auditor those without documents, an operator all but those about the source tables, an application none."""
    questions = read_questions()
    given = {"target": "visma_net", "resource": "users", "key": "{A}"}
    refused: dict[str, set[str]] = {login: set() for login in LOGINS}
    for login, (name, question) in itertools.product(LOGINS, questions.items()):
        try:
            ask(sessions[login], question, {p: given.get(p, "x") for p in question.parameters})
        except psycopg.errors.InsufficientPrivilege:
            refused[login].add(name)
    assert refused == {
        "relay": FOR_NO_ROLE,
        "operator": FOR_NO_ROLE,
        "auditor": FOR_NO_ROLE | NOT_FOR_AUDITORS,
        "app": set(questions) - {"apps_of_group"},
    }


def test_every_column_but_documents_can_be_audited(site: Site) -> None:
    """A new column is listed in sql/grants.sql for the auditor, or named here."""
    query = (
        "SELECT c.relname || '.' || a.attname FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE c.relnamespace = 'outbox'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped"
        " AND NOT has_column_privilege('outbox_auditor', c.oid, a.attnum, 'SELECT') ORDER BY 1"
    )
    with site.connected() as admin:
        hidden = [row[0] for row in admin.execute(query)]
    assert hidden == ["message.document", "message.row_hash", "mirror.document", "mirror.sending"]


# Called by other functions, which belong to the owner as well, or by install.
INTERNAL = {
    "distrust_mirror",
    "interrupt",
    "keep_settled",
    "look_again",
    "require_home",
    "require_linkable",
    "require_part",
    "require_target",
    "set_lanes",
    "take_stuck",
}


def test_every_function_is_for_somebody(site: Site) -> None:
    """A new function is listed in sql/grants.sql, or named here; none is for PUBLIC."""
    query = (
        "SELECT proname FROM pg_proc AS p WHERE pronamespace = 'outbox'::regnamespace"
        " AND proname NOT LIKE 'capture\\_accountview%'"
        " AND NOT EXISTS (SELECT FROM unnest(ARRAY['relay', 'operator', 'auditor']) AS r"
        " WHERE has_function_privilege('outbox_' || r, p.oid, 'EXECUTE'))"
    )
    with site.connected() as admin:
        nobodys = {row[0] for row in admin.execute(query)}
        public = admin.execute("SELECT count(*) FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace"
                               " AND has_function_privilege('app', oid, 'EXECUTE')").fetchone()  # fmt: skip
    assert nobodys == INTERNAL
    assert public == (0,)


def test_definer_functions_pin_their_search_path(site: Site) -> None:
    """All functions of the outbox do; and all belong to the owner, who cannot log in.

    is_message is called for every row, where a setting would cost too much: it has the rights and the search_path of
    who writes, and those who may write messages (capture, the relay) have pinned theirs. lane and noted_intent are
    resolved when they are made, and inlined.
    """
    query = (
        "SELECT proname FROM pg_proc WHERE pronamespace = 'outbox'::regnamespace"
        " AND (proowner <> 'outbox_owner'::regrole OR NOT coalesce(proconfig, '{}') && "
        "ARRAY['search_path=pg_catalog, pg_temp']) AND proname NOT IN ('is_message', 'lane', 'noted_intent')"
    )
    with site.connected() as admin:
        assert admin.execute(query).fetchall() == []
        assert admin.execute("SELECT rolcanlogin FROM pg_roles WHERE rolname ~ '^outbox_'").fetchall() == [(False,)] * 4


# -- installing


@pytest.mark.parametrize("version", embedded.versions())
def test_no_superuser_is_needed(version: int) -> None:
    """Who owns the tables and may create roles installs, and installs again; check finds nothing. What uninstall leaves
    is what there was, rights included.
    """
    with managed(version) as site:
        fill(site)
        make_roles(site)
        before = dump(site.dsn())
        with site.connected("dba") as dba:
            install.apply(dba, install.plan(dba))
            uninstall(dba, plan_uninstall(dba))
            assert dump(site.dsn(), "-N", "outbox") == before
            dba.execute(install.render(install.plan(dba)).encode())
            assert not install.plan(dba)
            assert install.check(dba) == []
            dba.execute("DROP VIEW visma_net.cost_types")
            install.apply(dba, install.plan(dba))
            assert install.check(dba) == []
            dba.execute(sqlfiles.read("views/visma_net.sql"))
            uninstall(dba, plan_uninstall(dba, keep_data=False), keep_data=False)
        assert dump(site.dsn()) == before


def test_a_type_in_a_schema_of_its_own() -> None:
    """Its operator joins old and new rows: the owner's functions and the relay get the schema. Where whoever installs
    may not give it, he is told, and nothing is done; taken back or renamed, the application goes on.
    """
    view = (
        "CREATE SCHEMA visma_net; CREATE VIEW visma_net.cost_centres AS SELECT c.company AS company_code,"
        " c.code AS cost_centre_code, c.name AS description, true AS active FROM ledger.centres AS c"
    )
    with managed(DEFAULT_VERSION) as site, site.connected() as admin, site.connected("dba") as dba:
        make_roles(site)
        admin.execute("CREATE SCHEMA ext; GRANT USAGE ON SCHEMA ext TO dba, app")
        admin.execute(CASE_BLIND.replace("{schema}", "ext").encode())
        dba.execute("CREATE SCHEMA ledger; CREATE DOMAIN ledger.code AS ext.citext")
        dba.execute("CREATE TABLE ledger.centres (company ledger.code, code ledger.code, name text,"
                    " PRIMARY KEY (company, code)); GRANT USAGE ON SCHEMA ledger TO app;"
                    " GRANT ALL ON ledger.centres TO app; INSERT INTO ledger.centres VALUES ('A', 'B')")  # fmt: skip
        dba.execute(view)
        before = dump(site.dsn())
        with pytest.raises(NotPermitted, match="GRANT USAGE ON SCHEMA ext TO outbox_operator"):
            install.apply(dba, install.plan(dba))
        admin.execute("ALTER DATABASE erp OWNER TO CURRENT_USER; GRANT CREATE ON DATABASE erp TO dba")
        with pytest.raises(NotPermitted, match="outbox_owner needs CREATE on database erp for a moment"):
            install.apply(dba, install.plan(dba))
        admin.execute("ALTER DATABASE erp OWNER TO dba")
        assert dump(site.dsn()) == before
        admin.execute("GRANT USAGE ON SCHEMA ext TO dba WITH GRANT OPTION")
        install.apply(dba, install.plan(dba))
        assert install.check(dba) == []
        admin.execute("REVOKE USAGE ON SCHEMA ext FROM dba CASCADE; GRANT USAGE ON SCHEMA ext TO dba")
        for name in ("ext", "elsewhere"):
            with site.connected("app") as app:
                app.execute("UPDATE ledger.centres SET name = %s", (name,))
            found = admin.execute("DELETE FROM outbox.message RETURNING operation, key").fetchall()
            assert found == [("DRIFT", [])]
            assert f"USAGE ON SCHEMA {name} is not granted to outbox_owner" in {f.evidence for f in install.check(dba)}
            admin.execute(f"ALTER SCHEMA {name} RENAME TO elsewhere".encode() if name == "ext" else b"")


def test_what_the_database_gives_by_default_is_not_given_here(site: Site) -> None:
    """Everything new for everybody, as in some databases: an application still reads nothing, and forges nothing."""
    with site.connected() as admin:
        admin.execute("CREATE DATABASE open OWNER dba")
    with psycopg.connect(site.dsn("dba", "open"), autocommit=True) as dba:
        for what in ("SCHEMAS", "TABLES", "SEQUENCES", "FUNCTIONS"):
            dba.execute(f"ALTER DEFAULT PRIVILEGES GRANT ALL ON {what} TO app, PUBLIC".encode())
        dba.execute(sqlfiles.read("reference/schema.sql"))
        dba.execute(sqlfiles.read("views/visma_net.sql"))
        install.apply(dba, install.plan(dba))
        assert install.check(dba) == []
    with psycopg.connect(site.dsn("app", "open"), autocommit=True) as app:
        app.execute("INSERT INTO accountview.licence_modules VALUES ('APPROVAL')")
        assert [row[0] for row in MATRIX if allowed(app, str(row[0])) and "outbox" in str(row[0])] == []


def test_roles_that_come_later(site: Site) -> None:
    """An outbox without them is handed over by the next install; without them nothing is missing."""
    with managed(DEFAULT_VERSION) as later:
        fill(later)
        with later.connected("dba") as dba:
            install.apply(dba, install.plan(dba))
            assert install.check(dba) == []
            make_roles(later)
            assert {f.what for f in install.check(dba)} == {"schema outbox and more", "the roles"}
            plan = install.plan(dba)
            assert [s.table for s in plan.steps] == [None]
            install.apply(dba, plan)
            assert install.check(dba) == []
            assert not install.plan(dba)
        with later.connected("app") as app:
            app.execute("UPDATE accountview.users SET email = 'x@example.nl' WHERE code = 'BAKKER'")


@pytest.mark.parametrize(
    ("change", "evidence"),
    [
        ("REVOKE SELECT ON outbox.message FROM outbox_relay",
         "SELECT ON outbox.message TO outbox_relay is not granted"),
        ("GRANT DELETE ON outbox.message TO outbox_relay", "DELETE ON outbox.message TO outbox_relay is granted"),
        ("GRANT SELECT (document) ON outbox.mirror TO outbox_auditor",
         "SELECT (document) ON outbox.mirror TO outbox_auditor is granted"),
        ("GRANT EXECUTE ON FUNCTION outbox.adopt TO outbox_relay",
         "EXECUTE ON FUNCTION outbox.adopt TO outbox_relay is granted"),
        ("REVOKE SELECT ON visma_net.users FROM outbox_relay",
         "SELECT ON visma_net.users is not granted to outbox_relay"),
        ("REVOKE SELECT ON accountview.users FROM outbox_owner",
         "SELECT ON accountview.users is not granted to outbox_owner"),
        ("ALTER TABLE outbox.message OWNER TO dba", "does not belong to outbox_owner"),
    ],
)  # fmt: skip
def test_a_changed_right_is_found_and_mended(site: Site, change: str, evidence: str) -> None:
    """Too little, too much, and another owner."""
    with site.connected() as admin, site.connected("dba") as dba:
        admin.execute(change.encode())
        found = {f.evidence: f.mend for f in install.check(dba)}
        assert found.get(evidence) == "outbox install", found
        install.apply(dba, install.plan(dba))
        assert install.check(dba) == []


def test_who_may_not_act_for_the_owner_is_told(site: Site) -> None:
    """One sentence, with what to grant."""
    with site.connected() as admin:
        admin.execute("CREATE ROLE other LOGIN")
        admin.execute("CREATE DATABASE others OWNER other")
    with psycopg.connect(site.dsn("other", "others"), autocommit=True) as other:
        other.execute(sqlfiles.read("reference/schema.sql"))
        other.execute(sqlfiles.read("views/visma_net.sql"))
        with pytest.raises(NotPermitted, match="other may not act for outbox_owner") as e:
            install.plan(other)
    assert e.value.hint == "GRANT outbox_owner TO other"


def test_the_matrix_is_read_whole() -> None:
    """Each statement of sql/grants.sql is understood."""
    text = sqlfiles.read("grants.sql")
    assert len(roles.listed()) == text.count("\nGRANT ")
    granted = [g for grants in roles.listed().values() for g in grants]
    assert ("outbox_auditor", "SELECT", "", "outbox.message", "error") in granted
    assert ("outbox_operator", "EXECUTE", "FUNCTION", "outbox.register", None) in granted


def test_looking_at_rights_locks_no_table(site: Site) -> None:
    """A second install takes no lock on a source table with roles either."""
    with site.connected("dba") as dba, dba.transaction():
        assert list(roles.right_differences(dba, read_catalogue(dba))) == []
        assert not install.plan(dba)
        locks = dba.execute(
            "SELECT c.relname FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation JOIN pg_namespace AS n ON"
            " n.oid = c.relnamespace WHERE l.pid = pg_backend_pid() AND n.nspname ~ '^accountview|visma_net'"
        ).fetchall()
    assert locks == []


# -- at work

# Each test has clouds of its own; no target of another test is at work in them.
AFRESH = """
    DELETE FROM outbox.message; DELETE FROM outbox.attempt; DELETE FROM outbox.mirror;
    DELETE FROM outbox.passed; DELETE FROM outbox.rate;
    UPDATE outbox.target SET active_since = NULL
"""


@pytest.mark.parametrize("target", TARGETS)
def test_the_relay_and_the_operator_need_no_more(site: Site, target: str) -> None:
    """Register, creates, updates, removals, expansion along chains: with these rights the clouds become the views."""
    with sandbox.running() as base_url, site.connected("operator") as operator, site.connected("app") as app:
        world = World(site.dsn(), base_url, target)
        world.dsn = site.dsn("relay")
        world.sql(AFRESH)
        confirm(operator, target)
        world.settled()
        app.execute("UPDATE accountview.companies SET kvk_number = '12345678' WHERE code = '001'")
        app.execute("DELETE FROM accountview.users WHERE code = %s", [{"visma_net": "MULDER"}.get(target, "BAKKER")])
        app.execute("UPDATE accountview.cost_centres SET description = description || '.'")
        app.execute("INSERT INTO accountview.group_members (group_code, user_code)"
                    " SELECT code, 'SMIT' FROM accountview.user_groups ON CONFLICT DO NOTHING")  # fmt: skip
        world.settled()
        by = world.sql("SELECT DISTINCT changed_by FROM outbox.message WHERE operation = 'DELETE'")
        world.close()
    assert by == ["app"]


@pytest.mark.parametrize("role", ["relay", "operator"])
def test_who_cannot_install_can_check(site: Site, role: str) -> None:
    """What he may not do himself (read a source table, make a trigger) is no fault of what is installed."""
    with site.connected(role) as connection:
        assert install.check(connection) == []


def test_row_security_does_not_look_like_deletion(site: Site) -> None:
    """Rows that a policy hides from the view are no rows that are gone: nothing is read, and nothing removed."""
    with sandbox.running() as base_url, site.connected("operator") as operator, site.connected("dba") as dba:
        world = World(site.dsn(), base_url, "accountview_net")
        world.dsn = site.dsn("relay")
        world.sql(AFRESH)
        confirm(operator, world.target)
        world.settled()
        dba.execute("ALTER TABLE accountview.users ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
        try:
            world.sql("SELECT outbox.register(%s, 'users')", world.target)
            world.message("users", "BAKKER")
            world.once()
            told = "the view accountview_net.users cannot be read: query would be affected by row-level security policy"
            assert {str(error)[: len(told)] for *_, error in world.pending()} == {told}
            assert world.calls("DELETE") == []
        finally:
            dba.execute("ALTER TABLE accountview.users DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY")
        world.sql("UPDATE outbox.message SET due_at = now() WHERE status = 'pending'")
        world.settled()
        world.close()


def test_row_security_on_the_way_of_a_chain_is_told(site: Site) -> None:
    """The view is read with the rights of its own owner; what is followed, with those of the outbox's."""
    with site.connected("dba") as dba:
        dba.execute("ALTER TABLE accountview.group_members ENABLE ROW LEVEL SECURITY")
        told = [(f.what, f.evidence) for f in install.check(dba)]
        dba.execute("ALTER TABLE accountview.group_members DISABLE ROW LEVEL SECURITY")
        assert install.check(dba) == []
    assert [what for what, _ in told] == [
        "function outbox.follow_code_to_app_access_group_members_user_code",
        "function outbox.follow_code_to_group_members_user_code",
        "function outbox.follow_group_code_to_group_members_user_code",
    ]
    assert all("row-level security policy for table" in evidence for _, evidence in told)


def _quiet(*_: object) -> None:
    pass


def test_a_relay_shares_lanes(site: Site) -> None:
    """Beats, takes a lane, lets it go and leaves with the relay's rights."""

    async def beat() -> dict[int, int]:
        holding = Holding()
        keeper = Keeper(site.dsn("relay"), "h/1", {"visma_net": holding}, 5.0, _quiet, _quiet, asyncio.Event())
        async with await connect(site.dsn("relay")) as connection:
            await keeper.beat(connection)
            held = dict(holding.held)
            await Store(connection, "visma_net", holding).release(set(held))
        await keeper.leave()
        return held

    assert list(asyncio.run(beat())) == [0]
    with site.connected() as admin:
        assert admin.execute("SELECT count(*) FROM outbox.relay").fetchone() == (0,)


def test_an_operator_links(site: Site) -> None:
    """By hand, both ways, with the operator's rights; in a restored outbox not."""
    held = Held("r-1", "smit@example.nl", {"email": "smit@example.nl"})
    with site.connected("operator") as operator, operator.transaction(force_rollback=True):
        assert link(operator, "visma_net", "users", ("SMIT",), held, "it is he") > 0
        assert unlink(operator, "visma_net", "users", ("SMIT",)) > 0
    with site.connected() as admin, admin.transaction(force_rollback=True):
        admin.execute("UPDATE outbox.identity SET database = 1")
        with pytest.raises(psycopg.Error, match="belongs to another database"):
            link(admin, "visma_net", "users", ("SMIT",), held)


def test_an_operator_switches_capture(site: Site) -> None:
    """With psql alone, and no right on any source table."""
    with site.connected("operator") as operator, site.connected("app") as app, site.connected() as admin:
        admin.execute("DELETE FROM outbox.message")
        operator.execute("SELECT outbox.capture_off()")
        app.execute("UPDATE accountview.users SET first_name = 'Uit' WHERE code = 'SMIT'")
        assert admin.execute("SELECT count(*) FROM outbox.message").fetchone() == (0,)
        operator.execute("SELECT outbox.capture_on()")
        app.execute("UPDATE accountview.users SET first_name = 'Aan' WHERE code = 'SMIT'")
        assert admin.execute("SELECT DISTINCT key FROM outbox.message WHERE operation = 'UPDATE'").fetchall() == [
            (["SMIT"],)
        ]
    with site.connected("dba") as dba:
        assert install.check(dba) == []
        before = dba.execute("SELECT count(*) FROM pg_roles WHERE rolname ~ '^outbox_'").fetchone()
        assert before == (4,)


# -- an application that means harm


@pytest.fixture
def app(site: Site) -> Iterator[Connection]:
    """May write the source tables, and create what it likes in a schema of its own and in pg_temp."""
    with site.connected() as admin:
        admin.execute("CREATE SCHEMA IF NOT EXISTS evil AUTHORIZATION app; DELETE FROM outbox.message")
    with site.connected("app") as connection:
        yield connection
    with site.connected() as admin:
        admin.execute("DROP SCHEMA evil CASCADE; DELETE FROM outbox.message")


# Better matches than those of pg_catalog, for whoever resolves names by the caller's search_path.
EVIL = """
CREATE FUNCTION evil.mark(what text) RETURNS void LANGUAGE plpgsql AS
    $$BEGIN RAISE EXCEPTION 'evil code ran as %: %', current_user, what USING ERRCODE = 'P0666'; END$$;
CREATE FUNCTION evil.coalesce_text(a text, b text) RETURNS boolean LANGUAGE plpgsql AS
    $$BEGIN PERFORM evil.mark('operator'); RETURN true; END$$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.coalesce_text);
CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.coalesce_text);
CREATE FUNCTION evil.jsonb_build_object(VARIADIC a text[]) RETURNS jsonb LANGUAGE plpgsql AS
    $$BEGIN PERFORM evil.mark('function'); RETURN NULL; END$$;
CREATE FUNCTION evil.current_setting(a text) RETURNS text LANGUAGE plpgsql AS
    $$BEGIN PERFORM evil.mark('function'); RETURN NULL; END$$;
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
    $$BEGIN PERFORM evil.mark('function'); RETURN NULL; END$$;
CREATE FUNCTION evil.to_regclass(a text) RETURNS regclass LANGUAGE plpgsql AS
    $$BEGIN PERFORM evil.mark('function'); RETURN NULL; END$$;
CREATE DOMAIN evil.text AS pg_catalog.text CHECK (false);
CREATE DOMAIN pg_temp.text AS pg_catalog.text CHECK (false);
CREATE DOMAIN pg_temp.jsonb AS pg_catalog.jsonb CHECK (false);
CREATE TABLE pg_temp.message (LIKE accountview.users);
CREATE TABLE pg_temp.bell (holder int);
CREATE TABLE pg_temp.old_rows (code int);
CREATE TABLE pg_temp.new_rows (code int);
CREATE TABLE pg_temp.changed_rows (code int);
CREATE TABLE pg_temp.users (code int);
CREATE TABLE pg_temp.pg_class (oid int);
"""

PATHS = ["evil, pg_catalog", "pg_temp, evil, pg_catalog", "evil, pg_temp, pg_catalog, outbox"]


@pytest.mark.parametrize("path", PATHS)
def test_capture_cannot_be_led_astray(app: Connection, site: Site, path: str) -> None:
    """Operators, functions, types and tables of the writer's own are not used: capture writes what it always does."""
    app.execute(EVIL)
    app.execute(f"SET search_path = {path}".encode())
    app.execute("UPDATE accountview.users SET email = 'x' OPERATOR(pg_catalog.||) email")
    app.execute("INSERT INTO accountview.cost_centres VALUES ('A100', '999', 'x')")
    app.execute("DELETE FROM accountview.cost_centres WHERE code OPERATOR(pg_catalog.=) '999'")
    with site.connected() as admin:
        found = admin.execute("SELECT DISTINCT resource, key, operation FROM outbox.message WHERE target = 'visma_net'"
                              " AND coalesce(key[1], 'SMIT') = 'SMIT' ORDER BY 1, 3").fetchall()  # fmt: skip
    assert found == [
        ("cost_centres", None, "DELETE"),
        ("cost_centres", None, "INSERT"),
        ("users", ["SMIT"], "UPDATE"),
    ]


@pytest.mark.parametrize("path", PATHS)
def test_functions_cannot_be_led_astray(site: Site, app: Connection, path: str) -> None:
    """Nor those that an operator calls, with whatever search_path he came to have."""
    app.execute(EVIL.split("CREATE DOMAIN")[0])
    app.execute("GRANT USAGE ON SCHEMA evil TO PUBLIC")
    with site.connected("operator") as operator:
        operator.execute(f"SET search_path = {path}".encode())
        ids = operator.execute("SELECT outbox.register('visma_net', 'users', '{SMIT}')").fetchall()
        operator.execute("SELECT outbox.capture_off(), outbox.capture_on(), outbox.adopt('x')")
    assert len(ids) == 1


def test_an_application_cannot_lie_about_itself_to_the_auditor(app: Connection, site: Site) -> None:
    """The login is recorded whatever role was set; only the setting outbox.actor, made for it, may name a person."""
    app.execute("SET application_name = 'erp'")
    app.execute("UPDATE accountview.users SET email = 'a@example.nl' WHERE code = 'SMIT'")
    app.execute("SET outbox.actor = 'Jan de Vries'")
    app.execute("UPDATE accountview.users SET email = 'b@example.nl' WHERE code = 'SMIT'")
    with site.connected() as admin:
        rows = admin.execute("SELECT DISTINCT changed_by, application FROM outbox.message ORDER BY 1").fetchall()
    assert rows == [("Jan de Vries", "erp"), ("app", "erp")]
