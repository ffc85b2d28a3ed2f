-- An approval is applied once: found says how many it let pass; null makes it void, and what it let pass is forgotten.
WITH closed AS (
    UPDATE outbox.approval AS a
    SET applied_at = now(), found = %(found)s
    WHERE a.decision = %(decision)s AND a.resource = %(resource)s AND a.call = %(call)s
)
DELETE FROM outbox.passed AS p
WHERE p.target = %(target)s AND p.resource = %(resource)s AND p.call = %(call)s AND p.decision = %(decision)s
  AND %(found)s::integer IS NULL
