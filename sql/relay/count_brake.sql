-- Of one kind of call: how many within the hour, those included that a brake holds since then and no person has decided
-- about (the wave is not over because a part of it was stopped), and how many rows the cloud held before them.
WITH passed AS (
    SELECT p.key
    FROM outbox.passed AS p
    WHERE p.target = %(target)s AND p.resource = %(resource)s AND p.call = %(call)s AND p.decision IS NULL
      AND p.passed_at > now() - interval '1 hour'
), held AS (
    SELECT DISTINCT m.key
    FROM outbox.message AS m
    WHERE m.target = %(target)s AND m.resource = %(resource)s AND m.status = 'held'
      AND m.settled_at > now() - interval '1 hour' AND m.withheld = %(call)s AND m.batch IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM outbox.passed AS p
          WHERE p.target = m.target AND p.resource = m.resource AND p.call = %(call)s AND p.key = m.key)
), in_cloud AS (
    SELECT m.key FROM outbox.mirror AS m WHERE m.target = %(target)s AND m.resource = %(resource)s
)
SELECT (SELECT count(*) FROM passed) + (SELECT count(*) FROM held)
       + (SELECT coalesce(sum(greatest(a.found - a.shown, 0)), 0) FROM outbox.approval AS a
          WHERE a.target = %(target)s AND a.resource = %(resource)s AND a.call = %(call)s
            AND a.applied_at > now() - interval '1 hour') AS counted,
       CASE %(call)s
           WHEN 'remove' THEN (SELECT count(*) FROM (SELECT key FROM in_cloud UNION SELECT key FROM passed) AS before)
           ELSE (SELECT count(*) FROM (SELECT key FROM in_cloud EXCEPT SELECT key FROM passed) AS before)
       END AS rows
