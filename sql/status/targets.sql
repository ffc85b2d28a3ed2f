-- May each target be sent to, how many lanes has it, and what did the last verify of its resources find? One that no
-- view serves, and that never was served, is none of this database's.
SELECT t.target, t.active_since, t.paused_at, t.why, t.verify_since,
       (SELECT count(*) FROM outbox.lease AS l WHERE l.target = t.target) AS lanes,
       v.verified_at, coalesce(v.missing, 0) AS missing, coalesce(v.different, 0) AS different,
       coalesce(v.unknown, 0) AS unknown
FROM outbox.target AS t
LEFT JOIN (
    SELECT v.target, min(v.finished_at) AS verified_at, sum(v.missing)::bigint AS missing,
           sum(v.different)::bigint AS different, count(*) FILTER (WHERE v.result = 'unknown') AS unknown
    FROM outbox.verified AS v
    GROUP BY v.target
) AS v USING (target)
WHERE t.active_since IS NOT NULL OR t.paused_at IS NOT NULL
   OR EXISTS (SELECT FROM pg_catalog.pg_views AS w WHERE w.schemaname = t.target)
ORDER BY t.target
