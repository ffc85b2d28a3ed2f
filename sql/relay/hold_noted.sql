-- The brake has tripped: what this transaction noted as passed is held instead, whole. The pending messages of these
-- keys are held; where a call is under way for a key they belong to that call, and where nothing was written yet (it is
-- in a message that is not expanded) there are none: then a message is written that is held from the start.
WITH taken AS (
    DELETE FROM outbox.passed AS p
    WHERE p.target = %(target)s AND p.resource = %(resource)s AND p.call = %(call)s AND p.decision IS NULL
      AND p.passed_at = now()
    RETURNING p.key, p.row_hash
), stopped AS (
    UPDATE outbox.message AS m
    SET status = 'held', error = %(error)s, withheld = %(call)s, batch = %(batch)s, row_hash = t.row_hash,
        settled_at = clock_timestamp(), due_at = NULL
    FROM taken AS t
    CROSS JOIN LATERAL (  -- key by key: nobody has statistics of what was noted, and each by each is a square
        SELECT o.id
        FROM outbox.message AS o
        WHERE o.target = %(target)s AND o.resource = %(resource)s AND o.key = t.key AND o.status <> 'done'
          -- as a CASE: else all that is pending is walked through for each, where the statistics say that nothing is
          AND CASE o.status WHEN 'pending' THEN true ELSE false END
        OFFSET 0
    ) AS o
    WHERE m.id = o.id AND CASE m.status WHEN 'pending' THEN true ELSE false END
      AND NOT EXISTS (
          SELECT FROM outbox.mirror AS i
          WHERE i.target = m.target AND i.resource = m.resource AND i.key = m.key AND i.in_doubt IS NOT NULL)
    RETURNING m.key
)
INSERT INTO outbox.message (target, resource, key, operation, status, settled_at, error, withheld, batch, row_hash)
SELECT %(target)s, %(resource)s, t.key, 'EXPAND', 'held', clock_timestamp(), %(error)s, %(call)s, %(batch)s, t.row_hash
FROM taken AS t
WHERE t.key NOT IN (SELECT s.key FROM stopped AS s)
ORDER BY t.key
