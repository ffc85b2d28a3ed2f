-- What persons decided about a key, or about everything that it is among; the last first. A pause is told as such.
SELECT d.decided_at, d.decided_by, d.decision, d.resource, d.key, d.why
FROM outbox.decision AS d
WHERE d.target = %(target)s
  AND (d.resource = %(resource)s OR d.resource IS NULL)
  AND (d.key IS NULL OR d.key = (%(key)s::text[])[1 : cardinality(d.key)])
  AND d.decision NOT IN ('pause', 'resume')
ORDER BY d.id DESC
LIMIT 3
