-- Many links at once, see sql/link/link.sql: not where a key or an object has got another link meanwhile, nor where a call
-- is under way.
WITH given AS (
    SELECT g.*
    FROM jsonb_to_recordset(%(links)s) AS g (resource text, key text[], remote_id text, name text, why text)
    WHERE NOT EXISTS (
        SELECT FROM outbox.mirror AS x
        WHERE x.target = %(target)s AND x.resource = g.resource AND x.remote_id = g.remote_id)
), linked AS (
    INSERT INTO outbox.mirror AS m (target, resource, key, remote_id, sending)
    SELECT %(target)s, g.resource, g.key, g.remote_id, array_remove(ARRAY[g.name], NULL)
    FROM given AS g
    ON CONFLICT (target, resource, key) DO UPDATE
    SET remote_id = excluded.remote_id, sending = excluded.sending, unlinked = false, document = NULL
    WHERE m.remote_id IS NULL AND m.in_doubt IS NULL
    RETURNING m.resource, m.key
), decided AS (
    INSERT INTO outbox.decision (decision, target, resource, key, why)
    SELECT 'link', %(target)s, g.resource, g.key, g.why
    FROM linked AS l JOIN given AS g USING (resource, key)
)
INSERT INTO outbox.message (target, resource, key, operation, source)
SELECT %(target)s, l.resource, l.key, 'EXPAND', 'outbox.decision'
FROM linked AS l
