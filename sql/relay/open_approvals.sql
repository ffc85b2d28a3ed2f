-- What confirmed registers of the last day showed and is not applied yet, as far as it is about these keys.
SELECT a.decision, a.key, a.shown
FROM outbox.approval AS a
JOIN outbox.decision AS d ON d.id = a.decision
WHERE a.target = %(target)s AND a.resource = %(resource)s AND a.call = %(call)s AND a.applied_at IS NULL
  AND d.decided_at > now() - interval '1 day'
  AND EXISTS (
      SELECT FROM jsonb_to_recordset(%(keys)s) AS k (key text[]) WHERE k.key[:cardinality(a.key)] = a.key)
ORDER BY a.decision
