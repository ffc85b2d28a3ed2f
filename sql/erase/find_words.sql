-- What names a person in a text: the e-mails and the full names in all that was kept of him.
WITH known AS (
    SELECT m.document
    FROM outbox.message AS m
    WHERE m.resource = 'users' AND m.key = ARRAY[%(code)s] AND m.document IS NOT NULL
    UNION ALL
    SELECT m.document
    FROM outbox.mirror AS m
    WHERE m.resource = 'users' AND m.key = ARRAY[%(code)s] AND m.document IS NOT NULL
)
SELECT lower(k.document ->> 'email') FROM known AS k
UNION
SELECT (k.document ->> 'first_name') || ' ' || (k.document ->> 'last_name')
FROM known AS k
WHERE btrim(k.document ->> 'first_name') <> '' AND btrim(k.document ->> 'last_name') <> ''
UNION
SELECT lower(unnest(m.sending))
FROM outbox.mirror AS m
WHERE m.resource = 'users' AND m.key = ARRAY[%(code)s]
