-- What was sent is forgotten; that it was sent, when and with which outcome stays. By the index over messages that have
-- a document, so what is forgotten is not walked past again.
WITH old AS (
    SELECT m.id
    FROM outbox.message AS m
    WHERE m.document IS NOT NULL AND m.settled_at < statement_timestamp() - make_interval(days => %(days)s)
    ORDER BY m.settled_at
    LIMIT %(batch)s
    FOR UPDATE SKIP LOCKED
)
UPDATE outbox.message AS m
SET document = NULL
FROM old
WHERE m.id = old.id
