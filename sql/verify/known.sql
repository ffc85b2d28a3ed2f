-- Of some remote ids those that we are linked to, and what the target acknowledged of each. moving: there is a message
-- about it that is not done, or it was confirmed after the look at the target began, so what was seen may be older.
SELECT m.remote_id, m.key, m.document,
       coalesce(m.confirmed_at > %(started_at)s, false) OR EXISTS (
           SELECT FROM outbox.message AS o
           WHERE o.target = m.target AND o.resource = m.resource AND o.key = m.key AND o.status <> 'done'
       ) AS moving
FROM outbox.mirror AS m
WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.remote_id = ANY (%(remote_ids)s::text[])
