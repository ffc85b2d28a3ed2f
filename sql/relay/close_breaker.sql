-- The platform answers again. probe_at and probes stay: if it fails again at once, the pauses go on growing.
UPDATE outbox.target AS t
SET down_since = NULL, down_why = NULL
WHERE t.target = %(target)s AND t.down_since IS NOT NULL
