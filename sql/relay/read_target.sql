-- May anything be sent, and if not, why?
SELECT t.active_since IS NOT NULL AS active, t.paused_at IS NOT NULL AS paused, t.why
FROM outbox.target AS t
WHERE t.target = %(target)s
