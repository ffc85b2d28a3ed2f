-- The row is another now, or what was rejected was asked for by a person after all: next time it is asked again.
DELETE FROM outbox.rejection AS r
USING jsonb_to_recordset(%(keys)s) AS k (resource text, key text[])
WHERE r.target = %(target)s AND r.resource = k.resource AND r.key = k.key
