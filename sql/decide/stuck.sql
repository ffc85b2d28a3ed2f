-- What is held, dead or waiting of the keys that are meant, a row for each key: the newest message says why.
SELECT s.target, s.resource, s.key, (array_agg(s.status ORDER BY s.settled_at DESC NULLS LAST, s.id DESC))[1] AS status,
       (array_agg(s.withheld ORDER BY s.settled_at DESC NULLS LAST, s.id DESC) FILTER (WHERE s.status = 'held'))[1] AS withheld,
       max(s.batch) AS batch,
       (array_agg(s.error ORDER BY s.settled_at DESC NULLS LAST, s.id DESC))[1] AS error,
       array_agg(s.id ORDER BY s.id) AS messages,
       array_agg(DISTINCT s.status::text) AS statuses
FROM outbox.stuck(%(target)s, %(resource)s, %(key)s::text[], %(batch)s, %(messages)s::bigint[]) AS s
GROUP BY s.target, s.resource, s.key, CASE WHEN s.key IS NULL THEN s.via END
ORDER BY s.target, s.resource, s.key
