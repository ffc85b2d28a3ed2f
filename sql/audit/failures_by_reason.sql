-- Which calls failed, by reason, how often and since when?
SELECT a.target,
       a.resource,
       a.http_status,
       -- names, ids and numbers out, so that one cause is one row
       left(
           regexp_replace(
               coalesce(a.error, 'no answer'), $$'[^']*'|"[^"]*"|[0-9a-f]{8}(-[0-9a-f]{4,12}){4}|\d+$$, '…', 'g'), 200
       ) AS reason,
       -- a call that carries many values has an attempt for each
       count(DISTINCT (a.started_at, a.method, a.path, a.key[1])) AS calls,
       count(DISTINCT a.key) AS keys,
       min(a.started_at) AS first,
       max(a.started_at) AS last
FROM outbox.attempt AS a
WHERE a.error IS NOT NULL
   OR a.http_status IS NULL
   OR a.http_status >= 400
GROUP BY a.target, a.resource, a.http_status, reason
ORDER BY calls DESC, last DESC;
