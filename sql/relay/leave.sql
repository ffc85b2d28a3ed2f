-- A clean stop: this relay has no share any more.
DELETE FROM outbox.relay AS r
USING unnest(%(targets)s::text[]) AS t (target)
WHERE r.target = t.target AND r.holder = %(holder)s::text || '/' || t.target
