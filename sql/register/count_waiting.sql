-- What a target that becomes active sends besides: the changes that wait for it.
SELECT t.active_since IS NOT NULL AS active,
       (SELECT count(*) FROM outbox.message AS m WHERE m.target = t.target AND m.status = 'pending') AS waiting
FROM outbox.target AS t
WHERE t.target = %(target)s
