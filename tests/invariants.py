"""What must hold after every fault, whatever it was: I1 to I13, as far as it can be read from what is left behind once
the fault is over and the queue is drained. Read from the outbox's tables, from the clouds' own list of calls (the last
1,000), from what the clouds hold, and from what the relays let out.

I10 needs no look: who writes in a test does so without a net, so an error of capture ends the test.
That each of these can be broken, and is noticed then: relay/test_invariants.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import httpx
import psycopg

from outbox import sandbox
from outbox.relay.brake import REMOVALS, Limits
from tests.witness.compare import compare
from tests.witness.desired import read_desired

ACTIVE = "(SELECT t.target FROM outbox.target AS t WHERE t.active_since IS NOT NULL AND t.paused_at IS NULL)"

# Each finds rows that must not be there.
DRAINED = {
    "I1, I13: not drained": f"""
        SELECT target, resource, key, operation, attempts, due_at - clock_timestamp(), error FROM outbox.message
        WHERE status = 'pending' AND target IN {ACTIVE}""",
    "I1: in doubt, and nobody looks": f"""
        SELECT m.target, m.resource, m.key, m.intent FROM outbox.mirror AS m
        WHERE m.in_doubt IS NOT NULL AND m.target IN {ACTIVE} AND NOT EXISTS (
            SELECT FROM outbox.message AS o
            WHERE (o.target, o.resource, o.key) = (m.target, m.resource, m.key) AND o.status <> 'done')""",
    "I5: one object of two keys": """
        SELECT target, resource, remote_id, array_agg(key::text) FROM outbox.mirror
        WHERE in_doubt IS NULL AND remote_id IS NOT NULL AND resource IN ('users', 'companies')
        GROUP BY target, resource, remote_id HAVING count(*) > 1""",
}
# And of what was written when calls were made.
RECORDED = {
    # 0.98: both ends are rounded
    "I8: two calls for one key at once": """
        SELECT a.target, a.resource, a.key, a.started_at, b.started_at
        FROM outbox.attempt AS a JOIN outbox.attempt AS b USING (target, resource, key)
        WHERE a.id < b.id AND a.message_id <> b.message_id
          AND b.started_at < a.started_at + a.took_ms * interval '0.98 ms'
          AND a.started_at < b.started_at + b.took_ms * interval '0.98 ms'""",
    "I9: done without the cloud's word": """
        SELECT m.target, m.resource, m.key, m.outcome, m.http_status FROM outbox.message AS m
        WHERE m.outcome IN ('created', 'updated') AND (
            coalesce(m.http_status, 0) NOT BETWEEN 200 AND 299 OR NOT EXISTS (
                SELECT FROM outbox.attempt AS a  -- of what was accepted (202) the outcome was another call's answer
                WHERE (a.target, a.resource, a.key) = (m.target, m.resource, m.key)
                  AND a.http_status BETWEEN 200 AND 299))""",
    "I11: a person in the record of a call": "SELECT method, path FROM outbox.attempt WHERE path LIKE '%@%'",
    "I12: a call that no message accounts for": """
        SELECT a.target, a.resource, a.key, a.method, a.path FROM outbox.attempt AS a
        WHERE NOT EXISTS (
            SELECT FROM outbox.message AS m
            WHERE (m.id, m.target, m.resource, m.key) = (a.message_id, a.target, a.resource, a.key))""",
}

REMOVED = """
    SELECT m.target, m.resource, count(DISTINCT m.key),
           (SELECT count(*) FROM outbox.mirror AS o WHERE (o.target, o.resource) = (m.target, m.resource))
    FROM outbox.message AS m
    WHERE m.outcome = 'removed' AND m.http_status IS NOT NULL AND m.settled_at > now() - interval '1 hour'
      AND m.resource = ANY (%s)
      AND NOT EXISTS (
          SELECT FROM outbox.decision AS d
          WHERE d.target = m.target AND d.resource = m.resource AND d.key = m.key[1:cardinality(d.key)])
    GROUP BY m.target, m.resource"""

LAST = """
    SELECT DISTINCT ON (resource, key) resource, key, outcome,
           EXISTS (  -- of the messages that one removal settled
               SELECT FROM outbox.message AS r WHERE r.operation = 'REGISTER' AND r.xmin = m.xmin
               AND (r.target, r.resource, r.key) = (m.target, m.resource, m.key)) AS registered
    FROM outbox.message AS m
    WHERE target = %s AND key IS NOT NULL  -- held or dead since then: it is back, and a person has to decide
      AND (status IN ('held', 'dead') OR status = 'done' AND outcome NOT IN ('superseded', 'expanded'))
    ORDER BY resource, key, settled_at DESC, id DESC"""

_USER = re.compile(r"/v1\.0/users/[^/]+$")


@dataclass
class Witness:
    """From the beginning of a test, or of a round. limits: the brakes of its relays."""

    connection: psycopg.Connection[Any]
    cloud: httpx.Client
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        self.epochs = self._epochs()

    def hold(self, said: str = "", **known: Any) -> None:
        """Fails with all that is broken."""
        found = self.broken(said, **known)
        assert not found, "\n".join(found[:10])

    def broken(
        self,
        said: str = "",
        *,
        killed: bool = False,
        concurrent: bool = False,
        zombie: int = 0,
        lost: bool = False,
    ) -> list[str]:
        """What does not hold, a sentence each. said: what the relays let out: logs, metrics, arguments.

        killed: a call may have left that nobody lived to record. concurrent: several wrote at once, so a message
        with a smaller id may be the later change. zombie: so many calls of one, which were leaving when it was stopped,
        may have arrived when it went on, after another relay's. Nothing on our side of the wire can call them back.
        lost: the database has forgotten commits, and so what was done for them.
        """
        state = self.cloud.get("/sandbox/state").json()
        mails = self.cloud.get("/sandbox/invitations").json()
        calls = self.cloud.get("/sandbox/requests", params={"last": 1000}).json()["last"]
        writes = [c for c in calls if c["request_id"] and c["method"] != "GET"]
        found = [*self._queries(DRAINED), *self._equal(state), *invited(state, calls, mails), *self._braked()]
        found += [*self._removed(), *self._older_epochs(), *self._secrets(said, state, mails)]
        if not lost:
            skip = "I8" if zombie else "-"
            found += self._queries({name: text for name, text in RECORDED.items() if not name.startswith(skip)})
            found += self._calls(writes, late=len(writes) if concurrent else zombie, recorded=not killed)
        return found

    def _queries(self, queries: dict[str, str]) -> Iterable[str]:
        return [f"{name}: {row}" for name, text in queries.items() for row in self._sql(text)[:3]]

    def _sql(self, text: str, *values: Any) -> list[Any]:
        return self.connection.execute(text.encode(), values or None).fetchall()

    def _active(self) -> list[str]:
        return [t for (t,) in self._sql(f"SELECT * FROM {ACTIVE} AS t")]

    def _equal(self, state: Any) -> Iterable[str]:
        active = self._active()
        return [f"I4: {d}" for c in compare(self.connection, state) if c.target in active for d in c.differences]

    def _braked(self) -> Iterable[str]:
        for target, resource, count, held in self._sql(REMOVED, list(REMOVALS)):
            if count > self.limits.most(resource, "remove", held + count):
                yield f"I6: {target} {resource}: {count} removed without a decision, and {held} left"

    def _removed(self) -> Iterable[str]:
        """A row that is in the view, ready or not, and the last that was done about it is a removal."""
        for target in self._active():
            rows = read_desired(self.connection, target).resources
            for resource, key, outcome, registered in self._sql(LAST, target):
                there = resource in rows and tuple(key) in {*rows[resource].ready, *rows[resource].not_ready}
                if outcome == "removed" and there and not registered:
                    yield f"I7: {target} {resource} {key} was removed, and the view has it"

    def _epochs(self) -> dict[tuple[str, int], int]:
        return {
            (target, lane): epoch for target, lane, epoch in self._sql("SELECT target, lane, epoch FROM outbox.lease")
        }

    def _older_epochs(self) -> Iterable[str]:
        now = self._epochs()
        return [f"I8: {lane}: epoch {now[lane]} after {e}" for lane, e in self.epochs.items() if now.get(lane, e) < e]

    def _secrets(self, said: str, state: Any, mails: Any) -> Iterable[str]:
        """E-mails stand for all that is known of a person; a name may be a word, too."""
        private = {s.client_secret.reveal() for s in sandbox.settings("http://x").values()} | {
            m["email"] for m in mails
        }
        private |= {u["email"] for holds in state.values() for u in holds["users"].values()}
        private |= {e for (e,) in self._sql("SELECT email FROM accountview.users WHERE email LIKE '%@%'")}
        return [f"I11: {p} was let out" for p in sorted(private) if p in said]

    def _calls(self, writes: list[Any], *, late: int, recorded: bool) -> Iterable[str]:
        """The clouds' own list: each call names the newest message it was for. late: so many may come after a newer."""
        keys = {
            i: (t, r, tuple(k or ()))
            for i, t, r, k in self._sql("SELECT id, target, resource, key FROM outbox.message")
        }
        known = {(i, m, unquote(p)) for i, m, p in self._sql("SELECT message_id, method, path FROM outbox.attempt")}
        newest: dict[Any, int] = {}
        for call in writes:
            id_, method, path = int(call["request_id"]), call["method"], call["path"]
            what, key = f"{call['target']} {method} {path} for message {id_}", keys.get(id_, ("nobody",))
            if key[0] != call["target"]:
                yield f"I2: {what}, which no transaction has committed"
            elif id_ < newest.get(key, 0) and (late := late - 1) < 0:
                yield f"I3: {what} after one for {newest[key]}"
            elif recorded and not any((i, m) == (id_, method) and path.endswith(p) for i, m, p in known):
                yield f"I12: {what} is not recorded"
            newest[key] = max(id_, newest.get(key, 0))


def invited(state: Any, calls: Any, mails: Any) -> Iterable[str]:
    """I5: every invitation belongs to a user that the cloud holds, or to one that was removed from it."""
    for target, holds in state.items():
        invited = [m["user_id"] for m in mails if m["target"] == target]
        gone = {
            c["path"].rsplit("/", 1)[1]
            for c in calls
            if c["target"] == target and c["method"] == "DELETE" and _USER.search(c["path"])
            and (c["status"] == 204 or c["fault"] in ("drop_after", "status_after", "accepted"))
        }  # fmt: skip
        yield from (
            f"I5: {target}: user {u} and the invitations do not agree"
            for u in set(holds["users"]) ^ (set(invited) - gone)
        )
        if len(set(invited)) < len(invited):
            yield f"I5: {target}: one user was invited twice"
