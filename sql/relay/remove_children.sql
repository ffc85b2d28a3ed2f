-- A removed parent takes its children with it: their mirror rows go without a call, and each leaves a settled message
-- behind for the auditor. A child in flight (in doubt) is left to its own delivery.
WITH gone AS (
    DELETE FROM outbox.mirror AS m
    USING jsonb_to_recordset(%(parents)s) AS p (resource text, place integer, value text, remote_id text, cause bigint)
    WHERE m.target = %(target)s AND m.resource = p.resource AND m.key[p.place] = p.value
      AND p.remote_id = ANY (m.parents) AND m.in_doubt IS NULL
    RETURNING m.resource, m.key, p.cause
)
INSERT INTO outbox.message (target, resource, key, operation, cause, status, outcome, settled_at)
SELECT %(target)s, g.resource, g.key, 'EXPAND', g.cause, 'done', 'removed', clock_timestamp()
FROM gone AS g
