-- One stretch of outbox.attempt from where the last one ended: those that are old go, but for the calls of messages that
-- are not done. old = 0: from here on all are young.
WITH stretch AS MATERIALIZED (
    SELECT a.id, a.message_id, a.started_at < statement_timestamp() - make_interval(days => %(days)s) AS old
    FROM outbox.attempt AS a
    WHERE a.id > %(after)s
    ORDER BY a.id
    LIMIT %(batch)s
), gone AS (
    DELETE FROM outbox.attempt AS a
    USING stretch AS s
    WHERE a.id = s.id AND s.old
      AND NOT EXISTS (SELECT FROM outbox.message AS m WHERE m.id = s.message_id AND m.status <> 'done')
    RETURNING a.id
)
SELECT max(s.id) AS last, count(*) FILTER (WHERE s.old) AS old, (SELECT count(*) FROM gone) AS removed
FROM stretch AS s
