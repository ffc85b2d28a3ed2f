INSERT INTO outbox.decision (decision, resource, key, why)
VALUES ('erase', 'users', CASE WHEN %(code)s::text IS NOT NULL THEN ARRAY[%(code)s] END, 'begun')
RETURNING id
