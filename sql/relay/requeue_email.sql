-- An e-mail was given up by one user: who has it in the view may have waited, or been held, for it.
INSERT INTO outbox.message (target, resource, key, operation, cause)
SELECT %(target)s, 'users', ARRAY[v.user_code::text], 'EXPAND', g.cause
FROM jsonb_to_recordset(%(given_up)s) AS g (key text[], email text, cause bigint)
JOIN {view} AS v ON lower(v.email) = lower(g.email) AND v.user_code::text <> g.key[1]
