-- The user codes that a subject stands for: the code itself where the outbox has it, or each code whose documents have,
-- or had, this e-mail.
SELECT m.key[1]
FROM outbox.message AS m
WHERE m.resource = ANY (%(resources)s) AND m.key[1] = %(subject)s
   OR m.resource = 'users' AND lower(m.document ->> 'email') = lower(%(subject)s)
UNION
SELECT m.key[1]
FROM outbox.mirror AS m
WHERE m.resource = ANY (%(resources)s) AND m.key[1] = %(subject)s
   OR m.resource = 'users' AND lower(m.document ->> 'email') = lower(%(subject)s)
   OR m.resource = 'users' AND lower(%(subject)s) = ANY (SELECT lower(unnest(m.sending)))
ORDER BY 1
