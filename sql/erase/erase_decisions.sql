UPDATE outbox.decision AS d
SET why = CASE WHEN coalesce(d.resource, m.resource) = ANY (%(resources)s) AND (coalesce(d.key, m.key))[1] = %(code)s
               THEN '[erased]'
               ELSE regexp_replace(d.why, %(pattern)s, '[erased]', 'gi') END
FROM outbox.decision AS k
LEFT JOIN outbox.message AS m ON m.id = k.message_id
WHERE k.id = d.id AND d.id = ANY (%(ids)s)
