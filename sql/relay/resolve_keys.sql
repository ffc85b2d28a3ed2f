-- A chain that led to one full key, the usual case: the message names it from here on. No message of its own, no look
-- at the view, and the history of the key shows the statement itself.
UPDATE outbox.message AS m
SET key = r.key
FROM jsonb_to_recordset(%(keys)s) AS r (id bigint, key text[])
WHERE m.id = r.id AND m.status = 'pending'
