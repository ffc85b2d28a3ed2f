UPDATE outbox.attempt AS a
SET error = CASE WHEN a.resource = ANY (%(resources)s) AND a.key[1] = %(code)s THEN '[erased]'
                 ELSE regexp_replace(a.error, %(pattern)s, '[erased]', 'gi') END
WHERE a.id = ANY (%(ids)s)
