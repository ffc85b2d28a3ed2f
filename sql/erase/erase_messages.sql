UPDATE outbox.message AS m
SET error = CASE WHEN m.resource = ANY (%(resources)s) AND m.key[1] = %(code)s AND m.error IS NOT NULL THEN '[erased]'
                 ELSE regexp_replace(m.error, %(pattern)s, '[erased]', 'gi') END,
    via = CASE WHEN m.status = 'done' AND m.via::text ~* %(pattern)s
               THEN regexp_replace(m.via::text, %(pattern)s, '[erased]', 'gi')::jsonb ELSE m.via END
WHERE m.id = ANY (%(ids)s)
