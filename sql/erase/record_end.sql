UPDATE outbox.decision AS d
SET why = %(why)s
WHERE d.id = %(id)s
