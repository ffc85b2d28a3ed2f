-- One stretch of outbox.message from where the last one ended: those that are old and done go, but for the one that
-- brought what the mirror of its key says now. A user's object may have passed to another key since, with the message
-- that made it: so users are looked up by the message.
-- old = 0: from here on all are young.
WITH stretch AS MATERIALIZED (
    SELECT m.id, m.target, m.resource, m.key, m.status,
           m.changed_at < statement_timestamp() - make_interval(days => %(days)s) AS old,
           m.settled_at < statement_timestamp() - make_interval(days => %(days)s) AS settled
    FROM outbox.message AS m
    WHERE m.id > %(after)s
    ORDER BY m.id
    LIMIT %(batch)s
), users AS MATERIALIZED (
    SELECT r.message_id FROM outbox.mirror AS r WHERE r.resource = 'users' AND r.message_id IS NOT NULL
), gone AS (
    DELETE FROM outbox.message AS m
    USING stretch AS s
    WHERE m.id = s.id AND s.status = 'done' AND m.status = 'done' AND s.settled
      AND NOT EXISTS (
          SELECT FROM outbox.mirror AS r
          WHERE r.target = s.target AND r.resource = s.resource AND r.key = s.key AND r.message_id = s.id)
      AND s.id NOT IN (SELECT u.message_id FROM users AS u)
    RETURNING m.id
)
SELECT max(s.id) AS last, count(*) FILTER (WHERE s.old) AS old, (SELECT count(*) FROM gone) AS removed
FROM stretch AS s
